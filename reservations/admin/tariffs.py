"""The prices of an activity as agents type them: a table for each kind of price, each checked by itself."""

from collections.abc import Iterable

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.forms.models import BaseInlineFormSet
from django.utils import timezone

from common.admin import OwnChoices, RowForm
from common.values.money import euros
from reservations.models import Activity, Tariff
from reservations.reads.prices import tariff_line
from reservations.rules import validate_brackets
from services.models import Audience, Service
from wallet.forms.payments import EurosField

Kind = Tariff.Kind
DEAREST = 100_000  # cents: no day costs more than 1 000 €


class PriceField(EurosField):
    """A price typed in euros, « 3,80 », kept in cents."""

    def prepare_value(self, value):
        return euros(value).removesuffix("\u00a0€") if isinstance(value, int) else value

    def has_changed(self, initial, data):
        try:
            return self.to_python(data) != initial
        except ValidationError:
            return True

    def validate(self, value):
        super().validate(value)
        if value is not None and not 0 <= value <= DEAREST:
            raise ValidationError(f"Un prix va de 0 à {euros(DEAREST)}.")


class TariffForm(RowForm):
    cents = PriceField(label="Prix en euros")

    class Meta:
        model = Tariff
        fields = ["audience", "quotient_from", "quotient_to", "valid_from", "valid_to", "cents"]


class TariffFormSet(BaseInlineFormSet):
    """The prices of one kind of one activity, refused together when a family would find none, or two."""

    kind = Kind.NORMAL

    @classmethod
    def get_default_prefix(cls):
        return "tariffs" if cls.kind == Kind.NORMAL else f"{cls.kind}_tariffs"

    def _construct_form(self, i, **kwargs):
        form = super()._construct_form(i, **kwargs)
        form.instance.kind = self.kind
        return form

    def add_fields(self, form, index):
        super().add_fields(form, index)
        form.fields["audience"].choices = [("", "Toutes"), *self._audiences(form.fields["audience"].queryset)]

    def clean(self):
        super().clean()
        if any(self.errors):
            return
        rows = [form.instance for form in self.forms if self._stays(form)]
        names = {None: "Toutes situations"} | {row.audience_id: row.audience.name for row in rows if row.audience}
        faults = self._strangers(rows) + validate_brackets([tariff_line(row) for row in rows], names)
        if faults:
            raise ValidationError([fault[0].upper() + fault[1:] for fault in faults])

    def _audiences(self, offered):
        """Read once for all the rows."""
        if not hasattr(self, "_choices"):
            rows = offered.select_related("service__commune")
            known = self.instance.pk is not None
            rows = rows.filter(service=self.instance.service_id) if known else rows
            self._choices = [(row.pk, row.name if known else str(row)) for row in rows]
        return self._choices

    def _stays(self, form) -> bool:
        return not (self.can_delete and self._should_delete_form(form)) and (form.instance.pk or form.has_changed())

    def _strangers(self, rows) -> list[str]:
        service = self.instance.service_id
        strangers = {row.audience for row in rows if row.audience and service and row.audience.service_id != service}
        return [f"La situation «\u00a0{audience}\u00a0» est celle d’un autre service." for audience in strangers]


class LateFormSet(TariffFormSet):
    kind = Kind.LATE


class UnbookedFormSet(TariffFormSet):
    kind = Kind.UNBOOKED


class TariffRows(OwnChoices, admin.TabularInline):
    """The prices of the kind that the formset names; ``note`` says when they are asked."""

    model, form, formset, extra = Tariff, TariffForm, TariffFormSet, 0
    template = "admin/reservations/tariffs.html"
    verbose_name_plural = "tarif normal : réservation dans les délais"
    note = "Ce que paie une famille qui réserve dans les délais. Sans lui, personne ne peut réserver."

    def get_queryset(self, request):
        rows = super().get_queryset(request).filter(kind=self.formset.kind)
        return rows.select_related("activity__service__commune", "audience")

    def formfield_for_foreignkey(self, db_field, request, **kwargs):
        if db_field.name == "audience":
            kwargs["queryset"] = own_audiences(request.user)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


class LateRows(TariffRows):
    formset = LateFormSet
    verbose_name_plural = "tarif d’une réservation tardive"
    note = (
        "Facultatif. Ce que coûte une journée qu’un agent réserve pour une famille une fois le délai passé. "
        "Une situation sans ligne ici paie son tarif normal."
    )


class UnbookedRows(TariffRows):
    formset = UnbookedFormSet
    verbose_name_plural = "tarif d’une présence sans réservation"
    note = (
        "Facultatif. Ce que coûte une journée d’un enfant venu sans être réservé, ajouté sur la feuille de présence. "
        "Une situation sans ligne ici paie son tarif normal."
    )


def own_audiences(agent):
    """The situations of the agent's services."""
    return Audience.objects.filter(service__in=Service.objects.of_agent(agent))


def without_a_price(activity: Activity) -> Iterable[str]:
    """The situations of its service that find no normal price from today on, by name: their families cannot book."""
    today = timezone.localdate()
    rows = activity.tariffs.filter(Q(valid_to=None) | Q(valid_to__gte=today), kind=Kind.NORMAL)
    priced = set(rows.values_list("audience", flat=True))
    if None in priced:
        return []
    return activity.service.audiences.exclude(pk__in=priced).values_list("name", flat=True)
