"""Inviting the other parent: to the same household, or to share named children between two families."""

import hashlib
import secrets
from collections.abc import Iterable
from datetime import timedelta

from django.db import transaction
from django.db.models import ProtectedError
from django.utils import timezone

from accounts.models import User
from common.writing.once import claim_key
from common.writing.transactions import outermost
from families import emails, hooks
from families.actions.members import lock_family, open_family
from families.models import Family, Guardian, Invitation, Member, Membership
from families.rules import (
    INVITATION_DAYS,
    MAX_GUARDIANS,
    MAX_INVITATIONS,
    AlreadyEntered,
    FamilyIsFull,
    HasOwnFamily,
    InvitationExpired,
    InvitationRefused,
    InvitationUnknown,
    InvitationUsed,
    InvitationWithdrawn,
    NotInFamily,
    OwnInvitation,
    TooManyInvitations,
    default_kinship,
    identity,
)

Kind = Invitation.Kind


@outermost
def invite(*, user: User, email: str, kind: str, members: Iterable[Member] = (), key: str | None = None) -> Invitation:
    """Write to the other parent with a single-use link, good for 30 days. ``members``: the children to share.

    ``key`` is the form's idempotency key (purpose ``invite``).
    """
    once = None if key is None else claim_key(key, user.owner, "invite")
    if once and once.answer:
        return Invitation.objects.get(pk=once.answer["invitation"])
    family = lock_family(open_family(user).pk)
    children = _children_to_share(family, kind, members)
    _check_may_invite(user, family, email, kind)
    token, now = secrets.token_urlsafe(32), timezone.now()
    invitation = Invitation.objects.create(
        family=family,
        by=user,
        email=email.lower(),
        kind=kind,
        token_hash=hash_token(token),
        created_at=now,
        expires_at=now + timedelta(days=INVITATION_DAYS),
    )
    invitation.members.set(children)
    emails.invitation(invitation, token)
    if once:
        once.remember({"invitation": invitation.pk})
    return invitation


def _children_to_share(family: Family, kind: str, members: Iterable[Member]) -> list[Member]:
    if kind == Kind.HOUSEHOLD:
        return []
    wanted = {member.pk for member in members}
    children = list(Member.objects.of_family(family.pk).filter(pk__in=wanted))
    if not wanted:
        raise InvitationRefused("Choisissez au moins un enfant à partager.")
    if len(children) != len(wanted):
        raise NotInFamily
    return children


def _check_may_invite(user: User, family: Family, email: str, kind: str) -> None:
    if user.email and email.lower() == user.email.lower():
        raise OwnInvitation("Indiquez l’adresse e-mail de l’autre parent, et non la vôtre.")
    if kind == Kind.HOUSEHOLD and family.guardians.count() >= MAX_GUARDIANS:
        raise FamilyIsFull
    since = timezone.now() - timedelta(days=INVITATION_DAYS)
    if family.invitations.filter(created_at__gt=since).count() >= MAX_INVITATIONS:
        raise TooManyInvitations


@outermost
def withdraw_invitation(*, user: User, invitation: Invitation) -> None:
    """Take an invitation back; refused once it was accepted."""
    invitation = Invitation.objects.select_for_update(no_key=True).get(pk=invitation.pk, family=open_family(user))
    if invitation.accepted_at:
        raise InvitationUsed("Cette invitation a déjà été acceptée.")
    if invitation.withdrawn_at is None:
        invitation.withdrawn_at = timezone.now()
        invitation.save(update_fields=["withdrawn_at"])


def find_invitation(token: str, user: User | None = None) -> Invitation:
    """Return the invitation that the link of an email stands for; raise the refusal that tells why it is closed.

    The person who accepted it may look at it again.
    """
    invitation = Invitation.objects.select_related("family", "by").filter(token_hash=hash_token(token)).first()
    if invitation is None:
        raise InvitationUnknown
    if user is None or invitation.accepted_by_id != user.pk:
        _check_open(invitation)
    if user and _is_own(invitation, user):
        raise OwnInvitation
    return invitation


def _check_open(invitation: Invitation) -> None:
    if invitation.accepted_at:
        raise InvitationUsed
    if invitation.withdrawn_at:
        raise InvitationWithdrawn
    if invitation.expires_at <= timezone.now():
        raise InvitationExpired


def _is_own(invitation: Invitation, user: User) -> bool:
    if invitation.accepted_by_id == user.pk:
        return False
    return Guardian.objects.filter(user=user, family=invitation.family_id).exists()


@outermost
def accept_invitation(*, user: User, token: str) -> Family:
    """Join the inviting household, or link the named children to one's own family; return the person's family.

    Once: the same person again gets the same answer, anyone else is refused.
    """
    User.objects.select_for_update(no_key=True).get(pk=user.pk)
    Invitation.objects.select_for_update(no_key=True).filter(token_hash=hash_token(token)).first()
    invitation = find_invitation(token, user)
    if invitation.accepted_at:
        return open_family(user)
    family = _join(invitation, user) if invitation.kind == Kind.HOUSEHOLD else _share(invitation, user)
    invitation.accepted_at, invitation.accepted_by = timezone.now(), user
    invitation.save(update_fields=["accepted_at", "accepted_by"])
    emails.invitation_accepted(invitation)
    return family


def _join(invitation: Invitation, user: User) -> Family:
    """Make the person a guardian of the inviting family; an empty family of theirs is left behind."""
    own = Guardian.objects.filter(user=user).first()
    pks = {invitation.family_id} | ({own.family_id} if own else set())
    families = {pk: lock_family(pk) for pk in sorted(pks)}
    family = families[invitation.family_id]
    if family.guardians.count() >= MAX_GUARDIANS:
        raise FamilyIsFull
    if own and _is_used(families[own.family_id]):
        raise HasOwnFamily
    Guardian.objects.update_or_create(user=user, defaults={"family": family, "since": timezone.now()})
    if own:
        _drop_empty(families[own.family_id])
    return family


def _is_used(family: Family) -> bool:
    shared_with = family.memberships.exists() or family.guardians.count() > 1
    return shared_with or any(hooks.family_has_history(family=family))


def _drop_empty(family: Family) -> None:
    """Delete a family that nobody is in; whatever protects it (an empty wallet) keeps it, without harm."""
    try:
        with transaction.atomic():
            family.delete()
    except ProtectedError:
        pass


def _share(invitation: Invitation, user: User) -> Family:
    """Link the named children, still in the inviting family, to the person's own family."""
    own = open_family(user)
    for pk in sorted({invitation.family_id, own.pk}):
        lock_family(pk)
    children = list(Member.objects.of_family(invitation.family_id).filter(pk__in=invitation.members.all()))
    if not children:
        raise InvitationRefused("Les enfants de cette invitation ne figurent plus dans la famille qui vous invite.")
    link(children, own, default_kinship(user.gender))
    return own


def link(children: list[Member], family: Family, kinship: str) -> None:
    """Put children of another family into this one too, each once; the family is locked.

    Raise AlreadyEntered for those of whom the family made an entry of its own: two entries are never matched by name.
    """
    known = {membership.member_id: membership for membership in family.memberships.select_related("member")}
    entered = {_identity(each.member): pk for pk, each in known.items() if each.withdrawn_at is None}
    twins = [child for child in children if entered.get(_identity(child), child.pk) != child.pk]
    if twins:
        raise AlreadyEntered([str(child) for child in twins])
    for child in children:
        if child.pk not in known:
            Membership.objects.create(family=family, member=child, kinship=kinship)
        elif known[child.pk].withdrawn_at:
            known[child.pk].withdrawn_at = None
            known[child.pk].save(update_fields=["withdrawn_at"])


def _identity(member: Member) -> tuple:
    return identity(member.first_name, member.last_name, member.birth_date)


def hash_token(token: str) -> str:
    """Return what is kept of a token: with 256 random bits a plain SHA-256 cannot be turned back."""
    return hashlib.sha256(token.encode()).hexdigest()
