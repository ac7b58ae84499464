"""How agents find days and bookings in the lists of admin."""

from datetime import timedelta

from django.contrib import admin
from django.utils import timezone

from reservations.models import Activity, Session


class WhenFilter(admin.SimpleListFilter):
    """Days to come unless something else is asked."""

    title = "période"
    parameter_name = "quand"

    def lookups(self, request, model_admin):
        return [("jour", "Aujourd’hui"), ("semaine", "Cette semaine"), ("passe", "Passées"), ("tout", "Toutes")]

    def choices(self, changelist):
        first, *others = super().choices(changelist)
        return [first | {"display": "À venir"}, *others]

    def queryset(self, request, queryset):
        column = "date" if queryset.model is Session else "session__date"
        return queryset.filter(**{f"{column}__{look}": day for look, day in self._span().items()})

    def _span(self) -> dict:
        today = timezone.localdate()
        monday = today - timedelta(today.weekday())
        spans = {
            "jour": {"exact": today},
            "semaine": {"gte": monday, "lte": monday + timedelta(6)},
            "passe": {"lt": today},
            "tout": {},
        }
        return spans.get(self.value(), {"gte": today})


class BillingFilter(admin.ChoicesFieldListFilter):
    """Paid at once or on the day."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.title = "paiement"


class ActivityFilter(admin.SimpleListFilter):
    """The agent's activities, by name."""

    title = "activité"
    parameter_name = "activite"

    def lookups(self, request, model_admin):
        rows = Activity.objects.of_agent(request.user).select_related("service__commune")
        return [(str(activity.pk), str(activity)) for activity in rows]

    def queryset(self, request, queryset):
        known = {value for value, _ in self.lookup_choices}
        if self.value() not in known:
            return queryset
        column = "activity" if queryset.model is Session else "session__activity"
        return queryset.filter(**{column: self.value()})
