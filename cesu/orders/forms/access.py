"""What is entered to get into the employers' space."""

from django import forms
from django.contrib.auth import password_validation

from accounts.forms import NewPassword
from accounts.models import User
from common.values.phones import PhoneField


def plain(typed: str) -> str:
    """What was typed, with single spaces."""
    return " ".join(typed.split())


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


class PasswordForm(forms.Form):
    """The password of one's own, twice; the first time the terms are accepted."""

    password = NewPassword()
    again = forms.CharField(
        label="Mot de passe, une seconde fois",
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    terms = forms.BooleanField(
        label="J’accepte les conditions générales et la politique de confidentialité.",
        error_messages={"required": "Acceptez les conditions pour continuer."},
    )

    def __init__(self, *args, user: User, is_first: bool, **kwargs):
        super().__init__(*args, **kwargs)
        self.user = user
        if not is_first:
            del self.fields["terms"]

    def clean_password(self):
        password = self.cleaned_data["password"]
        password_validation.validate_password(password, self.user)
        return password

    def clean_again(self):
        again, password = self.cleaned_data["again"], self.cleaned_data.get("password")
        if password and again != password:
            raise forms.ValidationError("Les deux mots de passe ne sont pas les mêmes.")
        return again


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
