"""What both spaces of CESU let people type: a day, euros, percents, a password of one's own."""

from decimal import Decimal

from django import forms
from django.contrib.auth import password_validation

from accounts.forms import NewPassword
from accounts.models import User
from common.values.money import bare_euros
from wallet.forms.payments import EurosField


def plain(typed: str) -> str:
    """What was typed, with single spaces."""
    return " ".join(typed.split())


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


class DayField(forms.DateField):
    """A day, with the browser's own picker, or 31/12/1985 typed."""

    def __init__(self, **kwargs):
        box = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
        said = {"invalid": "Écrivez la date en entier, comme 31/12/1985."}
        super().__init__(**{"widget": box, "error_messages": said} | kwargs)


DATE = {"format": "%Y-%m-%d", "attrs": {"type": "date"}}


MAX_CENTS = 10_000_000_00


class CentsField(EurosField):
    """Euros in the page, cents in the table; never below zero."""

    def prepare_value(self, value):
        return bare_euros(value) if isinstance(value, int) else value

    def validate(self, value):
        super().validate(value)
        if value is not None and not 0 <= value <= MAX_CENTS:
            raise forms.ValidationError("Écrivez un montant entre 0 et 10 000 000 €.")


class PercentField(forms.Field):
    """Percents in the page, basis points in the table: « 1,5 » is 150."""

    widget = forms.TextInput(attrs={"inputmode": "decimal"})

    def prepare_value(self, value):
        return f"{Decimal(value) / 100:.2f}".replace(".", ",") if isinstance(value, int) else value

    def to_python(self, value):
        if value in self.empty_values:
            return None
        typed = value.replace(",", ".").removesuffix("%").strip()
        whole, _, rest = typed.partition(".")
        if not (
            whole.isascii() and whole.isdecimal() and len(whole) < 4 and len(rest) < 3 and (rest or "0").isdecimal()
        ):
            raise forms.ValidationError("Écrivez un pourcentage, comme 1,5.")
        return int(whole) * 100 + int(rest.ljust(2, "0") or 0)

    def validate(self, value):
        super().validate(value)
        if value is not None and value > 10000:
            raise forms.ValidationError("Écrivez un pourcentage d’au plus 100.")
