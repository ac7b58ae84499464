"""What the issuer's staff types of employers: who they are, their contract, the money they sent."""

from django import forms
from django.core.validators import RegexValidator
from django.utils import timezone

from cesu.fields import DATE, CentsField, PercentField
from cesu.models import Contract, Employer, Invoice
from cesu.rules.people import bare
from wallet.forms.payments import EurosField

REFERENCE = RegexValidator(
    r"^[A-Z0-9-]{3,20}$", "Une référence client compte 3 à 20 lettres et chiffres, comme D100200."
)
SIRET = RegexValidator(r"^[0-9]{14}$", "Un SIRET compte 14 chiffres.")


class ContractForm(forms.Form):
    """The conditions of an employer, from a day on."""

    starts_on = forms.DateField(label="À partir du", initial=timezone.localdate, widget=forms.DateInput(**DATE))
    fee_rate = PercentField(label="Frais de service, en % de la valeur des titres", initial=0)
    min_fee_cents = CentsField(label="Frais minimum par commande, en euros", initial=0)
    credit_cents = CentsField(
        label="Encours accordé, en euros", initial=0, help_text="0 : la fabrication attend le paiement."
    )
    payment_days = forms.IntegerField(label="Délai de paiement, en jours", min_value=0, max_value=365, initial=0)

    @staticmethod
    def known(contract: Contract) -> dict:
        """What is in force, to start from."""
        names = ["fee_rate", "min_fee_cents", "credit_cents", "payment_days"]
        return {name: getattr(contract, name) for name in names}


class EmployerForm(forms.ModelForm):
    """Who an employer is; its client reference, once given, stays."""

    siret = forms.CharField(label="SIRET", max_length=20, required=False)  # people type spaces in it

    class Meta:
        model = Employer
        fields = ["client_reference", "name", "siret", "address", "postcode", "city", "email"]

    def clean_client_reference(self):
        reference = bare(self.cleaned_data["client_reference"])
        REFERENCE(reference)
        return reference

    def validate_unique(self):
        """The action says whether the reference is another's: a second click finds its own."""

    def clean_siret(self):
        siret = bare(self.cleaned_data["siret"])
        if siret:
            SIRET(siret)
        return siret


class OldInvoiceForm(forms.Form):
    """An invoice of before the portal."""

    number = forms.CharField(
        label="N° de facture", max_length=40, validators=Invoice._meta.get_field("number").validators
    )
    issued_on = forms.DateField(label="Date", widget=forms.DateInput(**DATE))
    cents = CentsField(label="Montant TTC, en euros")


class TransferForm(forms.Form):
    """A transfer that arrived; the rules are the action's."""

    cents = EurosField(label="Montant reçu, en euros", help_text="Comme 1500 ou 1 520,40.")
    received_on = forms.DateField(label="Date reçue", initial=timezone.localdate, widget=forms.DateInput(**DATE))
    reference = forms.CharField(label="Référence du virement", max_length=80, help_text="Telle que la banque la donne.")


class AcceptForm(forms.Form):
    """Whose space a sign-up opens."""

    client_reference = forms.CharField(label="Référence client de l’employeur", max_length=40)

    def clean(self):
        data = super().clean()
        reference = bare(data.pop("client_reference", ""))
        data["employer"] = Employer.objects.filter(client_reference__iexact=reference).first()
        if reference and data["employer"] is None:
            self.add_error("client_reference", "Aucun employeur n’a cette référence client.")
        return data


class ReasonForm(forms.Form):
    reason = forms.CharField(label="Motif, tel que la personne le lira", max_length=200)
