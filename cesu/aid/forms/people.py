"""What is typed about helpers and about oneself."""

from django import forms

from cesu.fields import PasswordForm, plain
from common.values.phones import PhoneField

MAY = [("pay", "Consulter et payer"), ("look", "Consulter seulement")]


class OwnPassword(forms.CharField):
    """One's password, typed again to confirm."""

    def __init__(self, **kwargs):
        said = {
            "label": "Votre mot de passe",
            "help_text": "Écrivez-le de nouveau pour confirmer que c’est bien vous.",
            "strip": False,
            "widget": forms.PasswordInput(attrs={"autocomplete": "current-password"}),
        }
        super().__init__(**said | kwargs)


class NamesForm(forms.Form):
    """Who somebody is."""

    first_name = forms.CharField(label="Prénom", max_length=80)
    last_name = forms.CharField(label="Nom", max_length=80)

    def clean_first_name(self):
        return plain(self.cleaned_data["first_name"])

    def clean_last_name(self):
        return plain(self.cleaned_data["last_name"])


class HelperForm(NamesForm):
    """A helper to invite, and what they may do."""

    email = forms.EmailField(label="Adresse e-mail", help_text="Cette personne y recevra un lien pour accepter.")
    may = forms.ChoiceField(label="Cette personne pourra", choices=MAY, widget=forms.RadioSelect)
    password = OwnPassword()

    def person(self) -> dict:
        """As the action takes it."""
        names = {name: self.cleaned_data[name] for name in ("first_name", "last_name", "email")}
        return names | {"may_pay": self.cleaned_data["may"] == "pay"}


class NewHelperForm(NamesForm, PasswordForm):
    """Somebody who accepts to help, and has no login yet."""

    field_order = ["first_name", "last_name", "password", "again", "terms"]


class ProfileForm(forms.Form):
    """How to reach a person (S1-73)."""

    email = forms.EmailField(
        label="Adresse e-mail",
        help_text="Les messages de votre compte y arrivent.",
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )
    phone = PhoneField()
    password = OwnPassword()
