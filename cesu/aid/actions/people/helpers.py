"""Helpers and guardians: who else opens a holder's account, each with their own login. Locks: the key, the holder, the rest.

The beneficiary, or their guardian, gives to helpers and takes back; the funder's staff to everybody.
"""

from django.utils import timezone

from accounts.models import User
from cesu.aid.actions.people import links
from cesu.aid.actions.people.sign_up import check_agent, create_person
from cesu.aid.emails import people as emails
from cesu.models import AidAccess, AidInvitation, AidLogin, CesuHolder
from cesu.rules.aid import TooManyTries, WrongPassword
from common.brakes.tries import PASSWORD_PERIOD, PASSWORDS, forget_tries, password_of, take_try
from common.refusals import Refusal
from common.writing.once import claim_key
from common.writing.transactions import outermost

MOST = 10  # people who may open an account, or are invited to
Role = AidAccess.Role


class NotYoursToGive(Refusal):
    sentence = "Seule la personne elle-même, ou son tuteur, autorise un proche ou lui retire son autorisation."


class OfTheFunder(Refusal):
    """A guardian was named by a judge, the beneficiary's own access by the funder."""

    sentence = "Cette autorisation ne se retire pas ici. Appelez-nous au numéro en haut de la page."


class InvitedAlready(Refusal):
    sentence = "Cette adresse e-mail a déjà reçu une invitation pour ce compte, ou y a déjà accès."


class HelpsAlready(Refusal):
    sentence = "Vous pouvez déjà ouvrir ce compte."


class TooManyHelpers(Refusal):
    sentence = f"Un compte est ouvert à {MOST} personnes au plus. Retirez d’abord une autorisation ou une invitation."


def prove(user: User, password: str) -> None:
    """Raise WrongPassword, or TooManyTries after five in 15 minutes, the wrong ones of payments included."""
    subject = password_of(user)
    if not take_try(subject, PASSWORDS, PASSWORD_PERIOD):
        raise TooManyTries(
            "Cinq mots de passe faux : rien n’est possible pendant 15 minutes. Rien n’a changé. "
            "Vous pouvez choisir un autre mot de passe, ou nous appeler."
        )
    if not user.check_password(password):
        raise WrongPassword("Le mot de passe n’est pas le bon. Rien n’a changé.")
    forget_tries(subject)


def _lock(holder_pk: int) -> CesuHolder:
    return CesuHolder.objects.select_for_update(no_key=True).get(pk=holder_pk)


def gives(access: AidAccess | None) -> bool:
    """Whether the person of an access may give and take back others."""
    return access is not None and access.pays and access.role in (Role.BENEFICIARY, Role.GUARDIAN)


def _check_giver(user: User, holder: CesuHolder) -> None:
    if not gives(AidAccess.objects.of(user).filter(holder=holder).first()):
        raise NotYoursToGive


# --- Invite -----------------------------------------------------------------------------------------------------------
def inviting(holder: CesuHolder) -> str:
    """The purpose of the key of an invitation."""
    return f"aid-invite:{holder.pk}"


def invite(*, user: User, holder: CesuHolder, person: dict, password: str, key: str) -> AidInvitation:
    """Invite a helper; ``person`` has first_name, last_name, email, may_pay. Twice is once.

    Raise WrongPassword, TooManyTries, NotYoursToGive, InvitedAlready, TooManyHelpers.
    """
    prove(user, password)
    return _invite(user, holder, person, key)


@outermost
def _invite(user: User, holder: CesuHolder, person: dict, key: str) -> AidInvitation:
    once = claim_key(key, user.owner, inviting(holder))
    if once.answer:
        return AidInvitation.objects.get(pk=once.answer["invitation"])
    holder = _lock(holder.pk)
    _check_giver(user, holder)
    invitation = _send(user, holder, person | {"role": Role.HELPER})
    once.remember({"invitation": invitation.pk})
    return invitation


@outermost
def authorise(*, agent: User, holder: CesuHolder, person: dict, key: str) -> AidInvitation:
    """Let a funder's agent invite a helper or a guardian; ``person`` has role too. Twice is once. Raise NotYourHolder."""
    once = claim_key(key, agent.owner, inviting(holder))
    if once.answer:
        return AidInvitation.objects.get(pk=once.answer["invitation"])
    check_agent(agent, holder.pk)
    invitation = _send(agent, _lock(holder.pk), person)
    once.remember({"invitation": invitation.pk})
    return invitation


def _send(by: User, holder: CesuHolder, person: dict) -> AidInvitation:
    others = AidAccess.objects.standing().filter(holder=holder).exclude(role=Role.BENEFICIARY)
    waiting = holder.invitations.filter(ended_at=None)
    email = person["email"]
    if waiting.filter(email__iexact=email).exists() or others.filter(user__aid_login__email__iexact=email).exists():
        raise InvitedAlready
    if waiting.count() + others.count() >= MOST:
        raise TooManyHelpers
    invitation = AidInvitation.objects.create(holder=holder, by=by, **person)
    emails.invited(invitation, links.invitation_path(invitation), by.get_full_name())
    return invitation


def withdrawing(invitation: AidInvitation) -> str:
    """The purpose of the key that withdraws an invitation."""
    return f"aid-withdraw:{invitation.pk}"


@outermost
def withdraw(*, user: User, invitation: AidInvitation, key: str) -> None:
    """End an invitation that nobody took; its link is dead. Twice is once. Raise NotYoursToGive."""
    once = claim_key(key, user.owner, withdrawing(invitation))
    if once.answer:
        return
    holder = _lock(invitation.holder_id)
    _check_giver(user, holder)
    holder.invitations.filter(pk=invitation.pk, ended_at=None).update(ended_at=timezone.now())
    once.remember({"withdrawn": True})


# --- Accept -----------------------------------------------------------------------------------------------------------
def logins_for(invitation: AidInvitation) -> list[User]:
    """Who signs in already with the address of an invitation, and does not open the account yet."""
    there = AidAccess.objects.standing().filter(holder=invitation.holder_id).values("user")
    logins = AidLogin.objects.filter(email__iexact=invitation.email, user__is_active=True).exclude(user__in=there)
    return [login.user for login in logins.select_related("user")]


@outermost
def accept(*, token: str, user: User) -> AidAccess:
    """Take an invitation with one's own login. Raise DeadLink, HelpsAlready."""
    return _take(_locked(token), user)


@outermost
def accept_as_new(*, token: str, first_name: str, last_name: str, password: str) -> AidAccess:
    """Take an invitation as somebody new, with a password of one's own. Raise DeadLink."""
    invitation = _locked(token)
    user = create_person(email=invitation.email, password=password, first_name=first_name, last_name=last_name)
    return _take(invitation, user)


def _locked(token: str) -> AidInvitation:
    """The invitation of a link, its holder locked; who invited still may."""
    holder = _lock(links.invitation_of(token).holder_id)
    invitation = links.invitation_of(token)
    if not invitation.by.is_staff and not gives(AidAccess.objects.of(invitation.by).filter(holder=holder).first()):
        raise links.DeadLink
    return invitation


def _take(invitation: AidInvitation, user: User) -> AidAccess:
    holder, now = invitation.holder, timezone.now()
    if AidAccess.objects.standing().filter(holder=holder, user=user).exists():
        raise HelpsAlready
    given = {"role": invitation.role, "may_pay": invitation.may_pay, "given_by": invitation.by}
    access = AidAccess.objects.create(holder=holder, user=user, created_at=now, confirmed_at=now, **given)
    invitation.access, invitation.ended_at = access, now
    invitation.save(update_fields=["access", "ended_at"])
    for own in _beneficiary(holder):
        emails.helper_accepted(access, own.user)
    return access


def _beneficiary(holder: CesuHolder):
    """The beneficiary's own access, if they signed up."""
    own = AidAccess.objects.standing().filter(holder=holder, role=Role.BENEFICIARY)
    return own.select_related("user__aid_login")


# --- Take back --------------------------------------------------------------------------------------------------------
def revoking(access: AidAccess) -> str:
    """The purpose of the key that takes an access back."""
    return f"aid-revoke:{access.pk}"


@outermost
def revoke(*, by: User, access: AidAccess, key: str) -> None:
    """Take an access back at once: an open session loses it with its next page. Twice is once.

    An agent may take back each one of their funder's people; with a beneficiary's own go those that they gave.
    Raise NotYourHolder, NotYoursToGive, OfTheFunder.
    """
    once = claim_key(key, by.owner, revoking(access))
    if once.answer:
        return
    holder = _lock(access.holder_id)
    if by.is_staff:
        check_agent(by, holder.pk)
    else:
        _check_giver(by, holder)
        if access.role != Role.HELPER:
            raise OfTheFunder
    standing = AidAccess.objects.standing().filter(pk=access.pk).select_related("user__aid_login", "holder").first()
    if standing:
        _revoke(standing, by)
    once.remember({"revoked": True})


def _revoke(access: AidAccess, by: User) -> None:
    access.revoked_at, access.revoked_by = timezone.now(), by
    access.save(update_fields=["revoked_at", "revoked_by"])
    emails.access_revoked(access)
    if access.role == Role.BENEFICIARY:
        _revoke_given_by(access, by)
        return
    for own in _beneficiary(access.holder).exclude(user=by):
        emails.helper_revoked(access, own.user)


def _revoke_given_by(own: AidAccess, by: User) -> None:
    """Who was let in by somebody who should not have been goes too; the code may sign up again."""
    AidInvitation.objects.filter(holder=own.holder, by=own.user, ended_at=None).update(ended_at=own.revoked_at)
    given = AidAccess.objects.standing().filter(holder=own.holder, given_by=own.user)
    for access in given.select_related("user__aid_login", "holder"):
        _revoke(access, by)
    if own.user.identifier == own.holder.code:
        own.user.identifier = User.objects.unused_identifier()
        own.user.save(update_fields=["identifier"])
