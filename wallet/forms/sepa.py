"""What agents enter of direct debits and refunds by bank transfer."""

from collections.abc import Iterable

from django import forms

from wallet.forms.payments import EurosField
from wallet.models import Wallet
from wallet.rules.sepa import REASONS, told

WIDE = forms.TextInput(attrs={"class": "vTextField"})


class RejectForm(forms.Form):
    """Why a payment was sent back."""

    code = forms.ChoiceField(label="Motif", help_text="Celui que la banque indique sur son avis de rejet.")

    def __init__(self, *args, codes: Iterable[str] = tuple(REASONS), **kwargs):
        super().__init__(*args, **kwargs)
        field, codes = self.fields["code"], tuple(codes)
        field.choices = [("", "Choisissez"), *((code, told(code)) for code in codes)]
        if len(codes) == 1:
            field.initial, field.help_text = codes[0], ""


class RefundForm(forms.Form):
    """Money paid back to a family; the rules are the action's."""

    cents = EurosField(label="Montant", help_text="En euros, comme 50 ou 15,20 ; au plus le solde.")
    holder = forms.CharField(label="Titulaire du compte", max_length=70, widget=WIDE)
    iban = forms.CharField(label="IBAN", max_length=42, widget=forms.TextInput(attrs={"size": 42}))
    bic = forms.CharField(label="BIC", max_length=11, required=False, help_text="Facultatif.")
    reason = forms.CharField(label="Motif lu par la famille et par sa banque", max_length=140, widget=WIDE)

    @classmethod
    def known(cls, wallet: Wallet) -> dict:
        """What the family's mandate says of its account."""
        mandate = wallet.family.mandates.standing().first()
        return {"holder": mandate.holder, "iban": mandate.iban, "bic": mandate.bic} if mandate else {}


class ReportForm(forms.Form):
    """The bank's report."""

    file = forms.FileField(
        label="Compte rendu de la banque (pain.002)",
        widget=forms.FileInput(attrs={"accept": ".xml,application/xml,text/xml"}),
    )

    def clean_file(self):
        file = self.cleaned_data["file"]
        if refusal := getattr(file, "refusal", None):
            raise forms.ValidationError(refusal.sentences)
        return file
