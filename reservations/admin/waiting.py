"""Waiting lists for agents: who waits for which day with which rank, and the points that put some before others."""

from django.contrib import admin
from django.utils import timezone

from common.admin import CommunesAdmin, OwnChoices, ReadOnly
from common.values.dates import date_long
from families.admin.asked import AskedByFamily, file_link
from reservations.admin.filters import ActivityFilter, WhenFilter
from reservations.models import Priority, WaitlistEntry
from reservations.rules import spoken_deadline


class PriorityRows(OwnChoices, admin.TabularInline):
    """Points count for those who join from then on; ranks that stand are not changed."""

    model, extra = Priority, 0

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("activity__service__commune")


@admin.register(WaitlistEntry)
class WaitlistAdmin(AskedByFamily, ReadOnly, CommunesAdmin):
    """The waiting lists of the agent's activities, in the order in which they are served."""

    list_display = ["day", "activity", "rank", "state", "member", "shown_family", "priority", "arrived_at"]
    list_filter = [WhenFilter, "status", ActivityFilter]
    list_select_related = ["member", "family", "session__activity__service__commune"]
    list_per_page = 50
    member_path = "member"
    ordering = ["session__date", "session", "-priority", "arrived_at", "pk"]
    fields = ["day", "activity", "member", "shown_family", "priority", "arrived_at", "state", "ended_at"]

    def get_queryset(self, request):
        return super().get_queryset(request).with_rank()

    @admin.display(description="jour", ordering="session__date")
    def day(self, entry):
        return date_long(entry.session.date, timezone.localdate())

    @admin.display(description="activité", ordering="session__activity__name")
    def activity(self, entry):
        return entry.session.activity

    @admin.display(description="rang")
    def rank(self, entry):
        return entry.rank if entry.status == WaitlistEntry.Status.WAITING else "—"

    @admin.display(description="famille", ordering="family__name")
    def shown_family(self, entry):
        return file_link(entry.family)

    @admin.display(description="état", ordering="status")
    def state(self, entry):
        if not entry.is_offered:
            return entry.get_status_display()
        return f"{entry.get_status_display()} jusqu’au {spoken_deadline(entry.offered_until)}"
