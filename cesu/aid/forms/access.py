"""What is typed to get into the space of the beneficiaries."""

from django import forms

from accounts.signing_in.forms import LoginForm
from cesu.aid.reads.names import user_named


class BeneficiaryLoginForm(LoginForm):
    """« Identifiant » and « Mot de passe » (S1-17, S1-18): the CESU code or the email address."""

    WORDS = {
        "login": ("Identifiant", "Votre code CESU (8 chiffres) ou votre adresse e-mail."),
        "password": ("Mot de passe", ""),
    }
    FAILED = (
        "L’identifiant ou le mot de passe n’est pas le bon. Si quelqu’un d’autre se sert de la même adresse e-mail "
        "que vous, écrivez votre code CESU."
    )

    def user_credentials(self):
        """The one person of this space whom the code or the address names; else whatever was typed."""
        credentials = super().user_credentials()
        user = user_named(self.cleaned_data["login"])
        if user:
            credentials.pop("email", None)
            credentials["username"] = user.identifier
        return credentials

    def _clean_with_password(self, credentials):
        try:
            return super()._clean_with_password(credentials)
        except forms.ValidationError as error:
            if error.code not in ("email_password_mismatch", "username_password_mismatch"):
                raise
            raise forms.ValidationError(self.FAILED) from None


class CodeField(forms.RegexField):
    """« Code CESU * »: 8 digits, however people space them (S1-25, S1-27)."""

    def __init__(self, **kwargs):
        attrs = {"inputmode": "numeric", "autocomplete": "off", "spellcheck": "false"}
        said = {
            "label": "Code CESU",
            "help_text": "Nous vous rappelons que le code CESU est constitué de 8 chiffres. "
            "Vous le trouverez sur le talon d’un CESU « papier ».",
            "error_messages": {"invalid": "Le code CESU est constitué de 8 chiffres."},
            "widget": forms.TextInput(attrs=attrs),
        }
        super().__init__(r"^[0-9]{8}\Z", **said | kwargs)

    def to_python(self, value):
        return "".join(super().to_python(value).split())


class BirthDateField(forms.DateField):
    """A birth date typed by hand, JJ/MM/AAAA (S1-26): a calendar that opens on this month is far from 1938."""

    def __init__(self, **kwargs):
        said = {
            "label": "Date de naissance",
            "help_text": "JJ/MM/AAAA, par exemple 14/05/1938.",
            "input_formats": ["%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y", "%d %m %Y", "%d%m%Y"],
            "error_messages": {"invalid": "Écrivez la date comme ceci : 14/05/1938."},
            "widget": forms.DateInput(format="%d/%m/%Y", attrs={"autocomplete": "bday", "inputmode": "text"}),
        }
        super().__init__(**said | kwargs)


class CodeForm(forms.Form):
    """« Renseignements préalables à l’inscription »."""

    code = CodeField()
    birth_date = BirthDateField()
    given = forms.CharField(
        label="Code d’inscription",
        required=False,
        max_length=40,
        help_text="Celui que nous vous avons donné par téléphone ou par courrier, par exemple K7PM-3XQR-9TWH.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}),
    )


class AddressForm(forms.Form):
    """Where the account's messages will go (S1-13, S1-79)."""

    email = forms.EmailField(
        label="Adresse e-mail",
        help_text="Les messages de votre compte y arriveront.",
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )


class IdentifierForm(forms.Form):
    """Who forgot their password names themselves."""

    identifier = forms.CharField(
        label="Identifiant",
        max_length=254,
        help_text="Votre code CESU (8 chiffres) ou votre adresse e-mail.",
        widget=forms.TextInput(attrs={"autocomplete": "username"}),
    )
