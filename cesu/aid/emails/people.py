"""Emails of the beneficiaries’ space: templates in ``emails/aid/``. Each says whose account it is about, and whom to call."""

from django.urls import reverse

from accounts.models import User
from cesu.aid.reads.access import funder_of
from cesu.aid.reads.frame import Frame, named, of_person
from cesu.models import AidAccess, AidInvitation, CesuHolder, Funder
from common.background import mailing
from common.values.dates import moment_long


def _frame(funder: Funder | None) -> dict:
    """What each message says of the space."""
    frame = Frame(None, "", funder)
    said = {name: getattr(frame, name) for name in ("account_name", "name", "phone", "phone_price")}
    return said | {"space": reverse("aid:space")}


def _write(template: str, to: str, holder: CesuHolder | None, *, owner: str = "", secret: bool = False, **context):
    context |= _frame(funder_of(holder.pk) if holder else None) | _of(holder)
    mailing.queue(f"aid/{template}", to=to, owner="" if secret else owner, context=context, secret=secret)


def _of(holder: CesuHolder | None) -> dict:
    """« Odette LACOSTE », « d’Odette LACOSTE »."""
    name = named(holder) if holder else ""
    return {"holder": name, "of_holder": of_person(name)}


def _to_user(template: str, user: User, holder: CesuHolder | None, *, secret: bool = False, **context) -> None:
    context |= {"first_name": user.first_name, "identifier": user.identifier}
    _write(template, user.aid_login.email, holder, owner=user.owner, secret=secret, **context)


def _first_of(user: User) -> CesuHolder | None:
    """Whose funder speaks to a person about themselves."""
    access = AidAccess.objects.of(user).first()
    return access.holder if access else None


# --- Sign-up ----------------------------------------------------------------------------------------------------------
def sign_up_link(holder: CesuHolder, email: str, path: str) -> None:
    """The link with which a beneficiary chooses their password (S1-13, S1-14)."""
    _write("sign_up_link", email, holder, secret=True, first_name=holder.first_name, path=path)


def sign_up_slowed(funder: Funder, failures: int) -> None:
    """Tell those who manage the portal that sign-ups need a code for now, and why."""
    for manager in User.objects.filter(is_superuser=True, is_active=True).exclude(email=None):
        context = _frame(funder) | {"first_name": manager.first_name, "failures": failures}
        mailing.queue("aid/sign_up_slowed", to=manager.email, owner=manager.owner, context=context)


def access_opened(access: AidAccess) -> None:
    """Tell a beneficiary that their account is active, and whether they may pay already."""
    _to_user("access_opened", access.user, access.holder, pays=access.pays)


def confirm_access(access: AidAccess, path: str) -> None:
    """Ask the person at the address that the funder knows whether the sign-up is theirs."""
    holder, asked = access.holder, access.created_at
    told = {"first_name": holder.first_name, "path": path, "at": moment_long(asked, asked)}
    _write("confirm_access", holder.contact_email, holder, secret=True, email=access.user.aid_login.email, **told)


def access_confirmed(access: AidAccess) -> None:
    """Tell a person that they may pay from now on."""
    _to_user("access_confirmed", access.user, access.holder)


# --- Passwords and addresses ------------------------------------------------------------------------------------------
def password_link(user: User, path: str, validity: str) -> None:
    """Send the link that sets a new password; ``validity`` says how long it lasts (« 7 jours »)."""
    _to_user("password_link", user, _first_of(user), path=path, validity=validity, secret=True)


def password_chosen(user: User) -> None:
    """Tell a person that their password was chosen."""
    _to_user("password_chosen", user, _first_of(user))


def address_changed(user: User, new: str) -> None:
    """Tell the old address that the space now writes to another."""
    _to_user("address_changed", user, _first_of(user), new=new)


# --- Helpers ----------------------------------------------------------------------------------------------------------
def invited(invitation: AidInvitation, path: str, by: str) -> None:
    """Give a helper or a guardian the link with which they accept; ``by`` names who invites."""
    told = {"first_name": invitation.first_name, "path": path, "by": by, "may_pay": invitation.may_pay}
    _write("invited", invitation.email, invitation.holder, secret=True, **told)


def helper_accepted(access: AidAccess, to: User) -> None:
    """Tell the beneficiary who may open their account from now on."""
    helper = access.user.get_full_name()
    path = reverse("aid:helpers", args=[access.holder_id])
    _to_user("helper_accepted", to, access.holder, helper=helper, may_pay=access.may_pay, path=path)


def access_revoked(access: AidAccess) -> None:
    """Tell a person that they may no longer open an account."""
    _to_user("access_revoked", access.user, access.holder)


def helper_revoked(access: AidAccess, to: User) -> None:
    """Tell the beneficiary who may no longer open their account."""
    _to_user("helper_revoked", to, access.holder, helper=access.user.get_full_name())
