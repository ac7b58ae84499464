"""allauth's choices that are ours: emails through the outbox, where people land, accounts without an email."""

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.stages import EmailVerificationStage
from django.conf import settings
from django.contrib import messages
from django.db import IntegrityError, transaction
from django.shortcuts import resolve_url
from django.urls import reverse
from django.utils import timezone

from accounts.hooks import space_of
from accounts.models import SecurityQuestion, User
from accounts.signing_in import browsers
from accounts.signing_in.questions import link_parts
from common.background import mailing
from common.brakes.tries import return_try, take_try
from common.values.dates import moment_long

SECRETS = {"code", "password_reset_url"}  # what opens an account: erased once sent
UNUSED = {"ip", "user_agent", "key", "uid"}
ERRORS = {
    "account_inactive": "Ce compte est fermé.",
    "email_password_mismatch": "L’adresse e-mail ou le mot de passe n’est pas le bon.",
    "username_password_mismatch": "L’identifiant ou le mot de passe n’est pas le bon.",
    "enter_current_password": "Ce n’est pas votre mot de passe actuel.",
    "incorrect_password": "Le mot de passe n’est pas le bon.",
    "incorrect_code": "Ce code n’est pas le bon.",
    "invalid_password_reset": "Ce lien n’est plus valable. Demandez-en un nouveau.",
    "too_many_login_attempts": "Trop d’essais de connexion. Attendez quelques minutes, puis recommencez.",
    "rate_limited": "Trop de demandes en peu de temps. Attendez un peu, puis recommencez.",
    "duplicate_email": "C’est déjà votre adresse e-mail.",
    "email_taken": "Un compte existe déjà avec cette adresse e-mail.",
    "same_as_current": "La nouvelle adresse est la même que l’ancienne.",
}


class AccountAdapter(DefaultAccountAdapter):
    error_messages = DefaultAccountAdapter.error_messages | ERRORS

    def send_mail(self, template_prefix, email, context):
        """Owe allauth's email in the outbox, with only the plain values of its context."""
        user = context.get("user") or User.objects.filter(email__iexact=email).first()
        plain = {name: value for name, value in context.items() if isinstance(value, str) and name not in UNUSED}
        secret = bool(SECRETS & plain.keys())
        mailing.queue(
            f"accounts/{template_prefix.rsplit('/', 1)[-1]}",
            to=email,
            owner=user.owner if user and not secret else "",
            context=plain | {"first_name": user.first_name if user else "", "at": self._now()},
            secret=secret,
        )

    def send_password_reset_mail(self, user, email, context):
        """Who set a security question is led to it; the link of the new password comes after the right answer."""
        if not SecurityQuestion.objects.of(user).exists():
            return super().send_password_reset_mail(user, email, context)
        url = settings.PUBLIC_URL + reverse("answer_question", args=link_parts(user))
        return self.send_mail("account/email/password_question", email, context | {"password_reset_url": url})

    def pre_authenticate(self, request, **credentials):
        """Count a try: of a browser that signed in before by itself, of others by name and by network address."""
        login = credentials.get("email", credentials.get("username", ""))
        self.browser = browsers.subject_of(request, login)
        if self.browser is None:
            super().pre_authenticate(request, **credentials)
        elif not take_try(self.browser, browsers.TRIES, browsers.PERIOD):
            raise self.validation_error("too_many_login_attempts")

    def authenticate(self, request, **credentials):
        """A right password was no try."""
        user = super().authenticate(request, **credentials)
        if user and self.browser:
            return_try(self.browser)
        return user

    def _now(self):
        now = timezone.now()
        return moment_long(now, now)

    def get_reset_password_from_key_url(self, key):
        """The link of the email, always on the portal's public address, whatever host the request named."""
        path = reverse("account_reset_password_from_key", kwargs={"uidb36": "UID", "key": "KEY"})
        return settings.PUBLIC_URL + path.replace("UID-KEY", key)

    def populate_username(self, request, user):
        user.identifier = user.identifier or User.objects.unused_identifier()

    def get_login_redirect_url(self, request):
        return landing_url(request.user)

    def get_signup_redirect_url(self, request):
        return landing_url(request.user)

    def get_password_change_redirect_url(self, request):
        return next(filter(None, space_of(user=request.user)), None) or reverse("profile")

    def get_login_stages(self):
        """allauth's own, except that a person without an email is not asked to verify one."""
        ours = f"{__name__}.{VerificationWhenEmail.__name__}"
        theirs = f"{EmailVerificationStage.__module__}.{EmailVerificationStage.__name__}"
        return [ours if stage == theirs else stage for stage in super().get_login_stages()]

    def confirm_email(self, request, email_address):
        """Refuse an address that another account took in the meantime, without a fault."""
        try:
            with transaction.atomic():
                return super().confirm_email(request, email_address)
        except IntegrityError:
            self.add_message(request, messages.ERROR, "account/messages/email_confirmation_failed.txt")
            return False

    def can_delete_email(self, email_address):
        """An address is replaced, never taken away."""
        return False


class VerificationWhenEmail(EmailVerificationStage):
    """Accounts opened by an agent may have no email: they sign in with their identifier."""

    def handle(self):
        user = self.login.user
        if user and not user.email:
            return None, True
        return super().handle()


def landing_url(user) -> str:
    """Where a person goes after signing in: to work, to the missing step, to the waiting page, or home."""
    if user.is_staff:
        return reverse("admin:index")
    if user.may_enter:
        return next(filter(None, space_of(user=user)), None) or resolve_url(settings.LOGIN_REDIRECT_URL)
    return reverse("waiting" if user.signed_up_at else "signup_members")
