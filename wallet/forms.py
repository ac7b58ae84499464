"""What agents type at the counter."""

from django import forms
from django.utils import timezone

from portal.lib.money import parse_euros
from wallet.models import CounterPayment, Purse


class EurosField(forms.Field):
    """An amount in euros as people write it; its value is in cents."""

    widget = forms.TextInput(attrs={"inputmode": "decimal"})

    def to_python(self, value):
        if value in self.empty_values:
            return None
        try:
            return parse_euros(value)
        except ValueError as error:
            raise forms.ValidationError(str(error)) from None


class CreditForm(forms.Form):
    """A payment received at the counter; the rules are the action's."""

    purse = forms.ModelChoiceField(label="Porte-monnaie", queryset=Purse.objects.all(), empty_label=None)
    means = forms.ChoiceField(label="Mode de règlement", choices=CounterPayment.Means.choices)
    cents = EurosField(label="Montant", help_text="En euros, comme 50 ou 15,20.")
    received_on = forms.DateField(
        label="Date reçue",
        initial=timezone.localdate,
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
    )
    number = forms.CharField(
        label="N° de pièce", max_length=40, required=False, help_text="Obligatoire pour un chèque."
    )
    payer = forms.CharField(label="Nom du payeur", max_length=120, required=False)
    bank = forms.CharField(label="Nom de la banque", max_length=80, required=False)


class CancelForm(forms.Form):
    """Why a credit is taken back."""

    bounced = forms.TypedChoiceField(
        label="Pourquoi annuler ce règlement ?",
        choices=[("0", "Erreur de saisie"), ("1", "Chèque impayé")],
        coerce=lambda value: value == "1",
        widget=forms.RadioSelect,
        initial="0",
    )
    reason = forms.CharField(label="Motif lu par la famille", max_length=200)
