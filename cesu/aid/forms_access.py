"""What is typed to get into the space of the beneficiaries."""

from django import forms

from accounts.allauth_forms import LoginForm
from cesu.aid.names import user_named


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
