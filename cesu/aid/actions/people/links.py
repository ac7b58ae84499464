"""The single-use links of the space: each is bound to what it may do, and worth nothing once it has served."""

from dataclasses import dataclass

from django.core import signing
from django.urls import reverse
from django.utils.crypto import salted_hmac

from accounts.models import SecurityQuestion, User
from accounts.signing_in.questions import link_parts
from cesu.aid.emails import people as emails
from cesu.aid.reads.names import users_named
from cesu.models import AidAccess, AidInvitation, CesuHolder, Funder
from cesu.rules.people import LINK_DAYS, DeadLink
from common.writing.transactions import outermost

SIGN_UP, PASSWORD, CONFIRM, INVITATION = "aid.sign-up", "aid.password", "aid.confirm", "aid.invitation"  # salts


def _token(salt: str, *said) -> str:
    return signing.dumps(said, salt=salt)


def _said(token: str, salt: str) -> list:
    try:
        return signing.loads(token, salt=salt, max_age=LINK_DAYS * 24 * 3600)
    except (signing.BadSignature, ValueError):
        raise DeadLink from None


def _state(*words) -> str:
    """What a link is bound to: when it changes, the link is dead."""
    return salted_hmac("aid.state", " ".join(map(str, words)), algorithm="sha256").hexdigest()[:32]


# --- Sign-up ----------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class SignUp:
    """What the link of a sign-up says."""

    holder: CesuHolder
    funder: Funder
    email: str


def sign_up_path(holder: CesuHolder, funder: Funder, email: str) -> str:
    """The address of the page where a beneficiary chooses their password, as the portal's path."""
    token = _token(SIGN_UP, holder.pk, funder.pk, email, _of_holder(holder))
    return reverse("aid:activate", args=[token])


def sign_up_of(token: str, holders=CesuHolder.objects) -> SignUp:
    """What a link that still serves says: the holder has no access of their own. Raise DeadLink."""
    pk, funder_pk, email, state = _said(token, SIGN_UP)
    holder, funder = holders.filter(pk=pk).first(), Funder.objects.filter(pk=funder_pk, is_active=True).first()
    if holder is None or funder is None or _of_holder(holder) != state or _own(holder).standing().exists():
        raise DeadLink
    return SignUp(holder, funder, email)


def _own(holder: CesuHolder):
    return AidAccess.objects.filter(holder=holder, role=AidAccess.Role.BENEFICIARY)


def _of_holder(holder: CesuHolder) -> str:
    """An access that is taken away later does not bring old links back to life."""
    return _state(SIGN_UP, holder.code, holder.birth_date, _own(holder).count())


# --- The password -----------------------------------------------------------------------------------------------------
def password_path(user: User) -> str:
    return reverse("aid:new_password", args=[_token(PASSWORD, user.pk, _of_password(user))])


def user_of(token: str, people=User.objects) -> User:
    """Whose password a link that still serves may change. Raise DeadLink."""
    pk, state = _said(token, PASSWORD)
    user = people.filter(pk=pk, is_active=True, is_staff=False).exclude(aid_login=None).first()
    if user is None or _of_password(user) != state:
        raise DeadLink
    return user


def _of_password(user: User) -> str:
    return _state(PASSWORD, user.pk, user.password, user.last_login, user.aid_login.email)


@outermost
def choose_password(*, token: str, password: str) -> User:
    """Set the password of the link's person. Raise DeadLink."""
    user = user_of(token, User.objects.select_for_update(of=("self",), no_key=True))
    user.set_password(password)
    user.save(update_fields=["password"])
    emails.password_chosen(user)
    return user


@outermost
def forgot(*, typed: str) -> None:
    """Send the link of a new password to whom a code or an address names: each of a couple who share one."""
    for user in users_named(typed):
        if SecurityQuestion.objects.filter(user=user).exists():
            emails.password_link(user, reverse("answer_question", args=link_parts(user)), "2 heures")
        else:
            emails.password_link(user, password_path(user), f"{LINK_DAYS} jours")


# --- Out of band ------------------------------------------------------------------------------------------------------
def confirm_path(access: AidAccess) -> str:
    """The address of the page that says « it was me »."""
    return reverse("aid:confirm_access", args=[_token(CONFIRM, access.pk, _of_access(access))])


def access_of(token: str, accesses=AidAccess.objects) -> AidAccess:
    """The access that a link confirms; one that is confirmed already too. Raise DeadLink."""
    pk, state = _said(token, CONFIRM)
    access = accesses.filter(pk=pk, revoked_at=None).select_related("holder", "user__aid_login").first()
    if access is None or _of_access(access) != state:
        raise DeadLink
    return access


def _of_access(access: AidAccess) -> str:
    return _state(CONFIRM, access.pk, access.holder.contact_email)


# --- Invitations ------------------------------------------------------------------------------------------------------
def invitation_path(invitation: AidInvitation) -> str:
    """The address of the page where somebody accepts to help."""
    return reverse("aid:invitation", args=[_token(INVITATION, invitation.pk)])


def invitation_of(token: str, invitations=AidInvitation.objects) -> AidInvitation:
    """The invitation of a link, neither taken nor withdrawn. Raise DeadLink."""
    [pk] = _said(token, INVITATION)
    invitation = invitations.filter(pk=pk, ended_at=None).select_related("holder", "by").first()
    if invitation is None:
        raise DeadLink
    return invitation
