"""What is entered to get into the employers' space."""

from django import forms

from cesu.fields import plain
from common.values.phones import PhoneField


class ReferenceForm(forms.Form):
    """Step 1 of « S’inscrire en ligne »: what only a client knows (S0-10)."""

    client_reference = forms.CharField(
        label="Référence client",
        max_length=20,
        help_text="Elle figure en haut de vos factures.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}),
    )
    invoice_number = forms.CharField(
        label="N° de facture",
        max_length=40,
        help_text="Celui de l’une de vos trois dernières factures.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )


class PersonForm(forms.Form):
    """A manager: who they are and where the space writes to them."""

    first_name = forms.CharField(
        label="Prénom", max_length=80, widget=forms.TextInput(attrs={"autocomplete": "given-name"})
    )
    last_name = forms.CharField(
        label="Nom", max_length=80, widget=forms.TextInput(attrs={"autocomplete": "family-name"})
    )
    email = forms.EmailField(label="Adresse e-mail", widget=forms.EmailInput(attrs={"autocomplete": "email"}))
    phone = PhoneField()

    def clean_first_name(self):
        return plain(self.cleaned_data["first_name"])

    def clean_last_name(self):
        return plain(self.cleaned_data["last_name"])


class ForgottenForm(forms.Form):
    """Who forgot their password names themselves."""

    identifier = forms.CharField(
        label="Référence client ou identifiant",
        max_length=40,
        widget=forms.TextInput(attrs={"autocomplete": "username"}),
    )
    email = forms.EmailField(
        label="Adresse e-mail",
        help_text="Celle de vos coordonnées dans l’espace.",
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )
