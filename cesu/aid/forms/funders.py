"""What the staff of funders and of the issuer type: a funder, its rules, what is decided of an aid account."""

from datetime import timedelta

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from schwifty import BIC

from cesu.fields import DATE, CentsField
from cesu.models import AidAccess, AidAccount, AidInvitation, AidRule, AidSuspension, Funder
from cesu.rules.aid import minutes_of
from common.values.sepa import compact

OPEN_FOR = timedelta(60)  # proposed after the end of an aid, to pay the last hours


class HoursField(forms.Field):
    """Hours as people write them; the value is in minutes."""

    widget = forms.TextInput(attrs={"inputmode": "text"})

    def prepare_value(self, value):
        return f"{value // 60}:{value % 60:02d}" if isinstance(value, int) else value

    def to_python(self, value):
        if value in self.empty_values:
            return None
        minutes = minutes_of(value)
        if minutes is None:
            raise ValidationError("Écrivez des heures, comme 42:00, 42 h 30 ou 42,5 ; 744 au plus.")
        return minutes


def _day(label: str, **more) -> forms.DateField:
    return forms.DateField(label=label, widget=forms.DateInput(**DATE), **more)


# --- A funder -------------------------------------------------------------------------------------------------------------
def clean_bic(typed: str) -> str:
    """A BIC without its spaces, or nothing."""
    bic = compact(typed)
    if bic and not BIC(bic, allow_invalid=True).is_valid:
        raise ValidationError("Ce BIC n’est pas valable : recopiez-le, ou laissez-le vide.")
    return bic


class FunderForm(forms.ModelForm):
    """Texts, colours, rules and bank account of a funder."""

    class Meta:
        widgets = {name: forms.TextInput(attrs={"type": "color"}) for name in ("colour_primary", "colour_accent")}

    def clean_iban(self):
        return compact(self.cleaned_data["iban"])

    def clean_bic(self):
        return clean_bic(self.cleaned_data["bic"])


class NewFunderForm(forms.ModelForm):
    """What a funder is created with; everything else is on its page."""

    class Meta:
        model = Funder
        fields = [
            "name",
            "slug",
            "account_name",
            "paper_name",
            "operator",
            "controller",
            "phone",
            "phone_price",
            "email",
        ]

    def validate_unique(self):
        """The action says what is taken: a second click finds its own."""


class RuleForm(forms.ModelForm):
    """A rule from a month on: never from one of which rights were given."""

    class Meta:
        model = AidRule
        fields = ["funder", "kind", "label", "since", "hourly_rate", "validity_months"]
        localized_fields = ["hourly_rate"]

    def clean_since(self):
        return self.cleaned_data["since"].replace(day=1)

    def clean(self):
        super().clean()
        said = self.cleaned_data
        if said.keys() >= {"funder", "kind", "since"} and has_served(said["funder"], said["kind"], said["since"]):
            self.add_error("since", "Des droits ont déjà été donnés depuis ce mois : choisissez un mois à venir.")


def has_served(funder: Funder, kind: str, since) -> bool:
    """Whether rights were given from a month on."""
    given = {"rights__month__gte": since, "rights__revision__gt": 0}
    return AidAccount.objects.filter(funder=funder, kind=kind, **given).exists()


# --- An account -----------------------------------------------------------------------------------------------------------
class PlanForm(forms.Form):
    since = _day("À partir du", initial=timezone.localdate)
    minutes = HoursField(label="Heures par mois", help_text="Comme 42:00 ou 42,5. 0 : l’aide s’arrête.")
    hourly_rate = forms.DecimalField(
        label="Montant horaire propre à cette personne, en euros",
        max_digits=8,
        decimal_places=4,
        min_value=1,
        required=False,
        localize=True,
        help_text="Vide : celui de la règle du financeur.",
    )


class SuspendForm(forms.Form):
    since = _day("Du", initial=timezone.localdate)
    until = _day("Au (dernier jour)", required=False, help_text="Vide : jusqu’à nouvel ordre.")
    reason = forms.ChoiceField(label="Motif", choices=AidSuspension.Reason.choices)


class ResumeForm(forms.Form):
    since = _day("L’aide reprend le", initial=timezone.localdate)


class EndForm(forms.Form):
    ended_on = _day("Dernier jour des droits", initial=timezone.localdate)
    reason = forms.ChoiceField(label="Motif", choices=AidAccount.End.choices)
    closes_on = _day(
        "Paiements possibles jusqu’au",
        initial=lambda: timezone.localdate() + OPEN_FOR,
        help_text="Pour payer les heures faites avant la fin. Ensuite, ce qui reste revient au financeur.",
    )


class CorrectForm(forms.Form):
    minutes = HoursField(label="Heures du mois, en tout")
    cents = CentsField(
        label="Montant du mois, en tout, en euros", required=False, help_text="Vide : au montant horaire du compte."
    )
    reason = forms.CharField(label="Motif", max_length=100, help_text="La personne le lit dans son historique.")


# --- Who opens it ---------------------------------------------------------------------------------------------------------
class AuthoriseForm(forms.ModelForm):
    """Whom a funder's agent invites."""

    role = forms.ChoiceField(label="Qualité", choices=AidAccess.Role.choices[1:])

    class Meta:
        model = AidInvitation
        fields = ["first_name", "last_name", "email", "role", "may_pay"]


# --- Files ----------------------------------------------------------------------------------------------------------------
class RightsFileForm(forms.Form):
    """A funder's file of monthly rights."""

    funder = forms.ModelChoiceField(label="Financeur", queryset=Funder.objects.none(), empty_label=None)
    file = forms.FileField(label="Fichier CSV, XLSX ou ODS", error_messages={"required": "Choisissez un fichier."})

    def __init__(self, *args, funders, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["funder"].queryset = funders
