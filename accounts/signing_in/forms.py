"""allauth's forms with the portal's words."""

from allauth.account import forms as account
from allauth.mfa.base import forms as mfa
from allauth.mfa.totp import forms as totp
from allauth.mfa.webauthn import forms as webauthn

from accounts.signing_in.passwords import RULE
from common.brakes.steady import answer_steadily

CODE = {"code": ("Code à 6 chiffres", "Celui que montre votre application, ou un code de secours.")}


class Worded:
    """Gives each field its label and its help; no placeholder, since it would vanish while typing."""

    WORDS = {}

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            field.widget.attrs.pop("placeholder", None)
            if name in self.WORDS:
                field.label, field.help_text = self.WORDS[name]


class LoginForm(Worded, account.LoginForm):
    """« Déjà inscrit ? » (S3-16), by email or by the identifier of a letter (S4-2)."""

    WORDS = {"login": ("Adresse e-mail ou identifiant", ""), "password": ("Mot de passe", "")}

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["login"].widget.attrs["autocomplete"] = "username"


class NewPasswordWords(Worded):
    WORDS = {
        "oldpassword": ("Mot de passe actuel", ""),
        "password1": ("Nouveau mot de passe", RULE),
        "password2": ("Nouveau mot de passe, une seconde fois", ""),
    }


class ChangePasswordForm(NewPasswordWords, account.ChangePasswordForm):
    pass


class SetPasswordForm(NewPasswordWords, account.SetPasswordForm):
    pass


class ResetPasswordKeyForm(NewPasswordWords, account.ResetPasswordKeyForm):
    pass


class ResetPasswordForm(Worded, account.ResetPasswordForm):
    WORDS = {"email": ("Adresse e-mail", "")}

    def save(self, request, **kwargs):
        """As late for an unknown address as for a known one, whose link and question are looked up."""
        answer_steadily(request)
        return super().save(request, **kwargs)


class AddEmailForm(Worded, account.AddEmailForm):
    WORDS = {"email": ("Nouvelle adresse e-mail", "")}


class ChangeEmailForm(Worded, account.ChangeEmailForm):
    WORDS = {"email": ("Autre adresse e-mail", "")}


class CodeForm(Worded, account.ConfirmEmailVerificationCodeForm):
    WORDS = {"code": ("Code reçu par e-mail", "")}


class ReauthenticateForm(Worded, account.ReauthenticateForm):
    WORDS = {"password": ("Mot de passe", "")}


class MfaAuthenticateForm(Worded, mfa.AuthenticateForm):
    WORDS = CODE


class MfaReauthenticateForm(Worded, mfa.ReauthenticateForm):
    WORDS = CODE


class ActivateTotpForm(Worded, totp.ActivateTOTPForm):
    WORDS = {"code": ("Code à 6 chiffres", "Celui que montre l’application après la lecture du dessin.")}


class AddPasskeyForm(Worded, webauthn.AddWebAuthnForm):
    WORDS = {
        "name": ("Nom de la clé", "Par exemple « Ordinateur du bureau »."),
        "passwordless": ("Se connecter aussi sans mot de passe", "Il faut alors un code ou une empreinte sur la clé."),
    }


class EditPasskeyForm(Worded, webauthn.EditWebAuthnForm):
    WORDS = {"name": ("Nom de la clé", "")}
