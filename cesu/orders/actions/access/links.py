"""The single-use link with which a manager chooses their password: worth nothing once it has served."""

from django.core import signing
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import salted_hmac

from accounts import actions as accounts
from accounts.models import Consent, SecurityQuestion, User
from accounts.signing_in.questions import link_parts
from cesu.models import Manager
from cesu.orders.emails import people as emails
from cesu.rules.people import LINK_DAYS, DeadLink
from common.writing.transactions import outermost

SALT = "cesu.link"


def link_path(user: User) -> str:
    """The address of the page where a manager chooses their password, as the portal's path."""
    return reverse("cesu:activate", args=[signing.dumps([user.pk, _state(user)], salt=SALT)])


def user_of_link(token: str) -> User:
    """Return the manager of a link that is still valid, with ``manager``. Raise DeadLink."""
    return _read(token, User.objects.select_related("manager__employer"))


@outermost
def choose_password(*, token: str, password: str) -> User:
    """Set the password of the link's manager, who accepted the terms the first time. Raise DeadLink."""
    user = _read(token, User.objects.select_for_update(of=("self",), no_key=True).select_related("manager__employer"))
    manager = user.manager
    user.set_password(password)
    user.save(update_fields=["password"])
    if manager.activated_at is None:
        manager.activated_at = timezone.now()
        manager.save(update_fields=["activated_at"])
        accounts.record_consents(user, {Consent.Kind.TERMS: True})
    emails.password_chosen(manager)
    return user


@outermost
def forgot(*, identifier: str, email: str) -> None:
    """Send the link to the manager who has this identifier and this address, if there is one."""
    known = Manager.objects.current().filter(user__identifier__iexact=identifier, email__iexact=email)
    manager = known.filter(user__is_active=True).select_related("user", "employer").first()
    if manager is not None:
        send_password_link(manager)


def send_password_link(manager: Manager) -> None:
    """Send the link of a new password; who set a security question is led to it first. The caller's transaction."""
    if SecurityQuestion.objects.filter(user=manager.user).exists():
        emails.password_link(manager, reverse("answer_question", args=link_parts(manager.user)), "2 heures")
    else:
        emails.password_link(manager, link_path(manager.user), f"{LINK_DAYS} jours")


def _read(token: str, people) -> User:
    try:
        pk, state = signing.loads(token, salt=SALT, max_age=LINK_DAYS * 24 * 3600)
    except (signing.BadSignature, ValueError):
        raise DeadLink from None
    user = people.filter(pk=pk, is_active=True, is_staff=False, manager__removed_at=None).first()
    if user is None or not hasattr(user, "manager") or _state(user) != state:
        raise DeadLink
    return user


def _state(user: User) -> str:
    """What a link is bound to: the password, the last signing in, the address that it was sent to."""
    words = f"{user.pk} {user.password} {user.last_login} {user.manager.email}"
    return salted_hmac(SALT, words, algorithm="sha256").hexdigest()[:32]
