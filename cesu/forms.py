"""Forms of the employers' space."""

from django import forms

from accounts.allauth_forms import LoginForm


class ManagerLoginForm(LoginForm):
    """S0-18: « référence client » and « mot de passe », not an email address."""

    WORDS = {
        "login": ("Référence client", "Gestionnaire secondaire : votre identifiant."),
        "password": ("Mot de passe", ""),
    }


class PhoneField(forms.RegexField):
    """« Téléphone », when somebody has one."""

    default_error_messages = {"invalid": "Un téléphone s’écrit en chiffres, comme 01 23 45 67 89."}

    def __init__(self, **kwargs):
        box = forms.TextInput(attrs={"type": "tel", "autocomplete": "tel"})
        given = {"label": "Téléphone", "max_length": 30, "required": False, "widget": box}
        super().__init__(r"^\+?[0-9 .()-]{6,}$", **given | kwargs)


class HelpForm(forms.Form):
    """« Besoin d’aide » (S0-78)."""

    subject = forms.CharField(label="Objet", max_length=120, help_text="Par exemple, le numéro de votre commande.")
    message = forms.CharField(label="Votre message", max_length=4000, widget=forms.Textarea(attrs={"rows": 8}))
    phone = PhoneField(help_text="Si vous préférez que nous vous rappelions.")
