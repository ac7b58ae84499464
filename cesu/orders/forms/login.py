"""Forms of the employers' space."""

from django import forms

from accounts.signing_in.forms import LoginForm
from common.values.phones import PhoneField


class ManagerLoginForm(LoginForm):
    """S0-18: « référence client » and « mot de passe », not an email address."""

    WORDS = {
        "login": ("Référence client", "Gestionnaire secondaire : votre identifiant."),
        "password": ("Mot de passe", ""),
    }


class HelpForm(forms.Form):
    """« Besoin d’aide » (S0-78)."""

    subject = forms.CharField(label="Objet", max_length=120, help_text="Par exemple, le numéro de votre commande.")
    message = forms.CharField(label="Votre message", max_length=4000, widget=forms.Textarea(attrs={"rows": 8}))
    phone = PhoneField(help_text="Si vous préférez que nous vous rappelions.")
