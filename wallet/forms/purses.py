"""What agents say of a purse: amounts are typed in euros and kept in cents."""

from django import forms

from common.values.money import euros
from wallet.forms.payments import EurosField
from wallet.models import Purse


class CentsField(EurosField):
    """An amount typed in euros, « 3,80 », over a column of cents."""

    def prepare_value(self, value):
        return euros(value).removesuffix("\u00a0€") if isinstance(value, int) else value

    def has_changed(self, initial, data):
        try:
            return self.to_python(data) != initial
        except forms.ValidationError:
            return True


class PurseForm(forms.ModelForm):
    """A purse with its floor, its reminder and its limit of arrears."""

    floor = CentsField(
        label="Solde minimum, en euros",
        initial=0,
        help_text="0 : pas de découvert. −50 : les familles peuvent réserver jusqu’à 50 € de découvert.",
    )
    reminder_below = CentsField(
        label="Rappel sous ce solde, en euros",
        required=False,
        help_text="Un e-mail part quand le solde, réservations à venir déduites, passe dessous. Vide : jamais.",
    )
    blocked_above = CentsField(
        label="Réservations suspendues au-delà de ce reste dû, en euros",
        required=False,
        help_text="Les réservations déjà faites restent. Une famille peut en être dispensée. Vide : jamais.",
    )

    class Meta:
        model = Purse
        fields = ["name", "code", "is_default", "floor", "reminder_below", "blocked_above"]

    def clean_blocked_above(self):
        cents = self.cleaned_data["blocked_above"]
        if cents is not None and cents < 0:
            raise forms.ValidationError("Le reste dû toléré est zéro ou plus.")
        return cents


class ExemptionForm(forms.Form):
    """Whether a family books whatever it owes."""

    never_blocked = forms.TypedChoiceField(
        label="Quand cette famille doit de l’argent",
        choices=[("0", "Ses nouvelles réservations sont suspendues"), ("1", "Elle réserve quand même")],
        coerce=lambda value: value == "1",
        widget=forms.RadioSelect,
    )
