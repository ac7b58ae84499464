"""A new name or birth date of someone whom a service let in: asked for by the family, decided by an agent of the service.

Locks: key → family → beneficiary → request.
"""

from datetime import date

from django.utils import timezone

from accounts.models import User
from common.writing.once import claim_key
from common.writing.states import move
from common.writing.transactions import outermost
from families import emails, hooks
from families.actions.members import check_no_twin, lock_membership, open_family, rename, take_details
from families.models import IdentityChange, Member, Membership
from families.rules import ChangedMeanwhile, NotYourIdentityChange, ReasonNeeded, identity, is_typing_mistake

Status = IdentityChange.Status


@outermost
def update_member(
    *, user: User, member: Member, first_name: str, last_name: str, birth_date: date, kinship: str
) -> Membership:
    """Correct a beneficiary's details; every parent of a shared child is told what changed.

    A new name or birth date of someone whom a service let in is only asked for: its agents decide.
    """
    membership, details = take_details(open_family(user), member, first_name, last_name, birth_date, kinship)
    if must_be_asked(membership.member, *details):
        ask_change(membership, *details, by=user)
    else:
        rename(membership.member, *details, user)
    return membership


def must_be_asked(member: Member, first_name: str, last_name: str, birth_date: date) -> bool:
    """Whether this change waits for an agent: someone else's details, of a person let in, past the first days."""
    if identity(first_name, last_name, birth_date) == identity(member.first_name, member.last_name, member.birth_date):
        return False
    first = member.families.order_by("created_at").values_list("created_at", flat=True).first()
    return any(hooks.is_let_in(member=member)) and not is_typing_mistake(first, timezone.now())


def ask_change(membership: Membership, first_name: str, last_name: str, birth_date: date, by: User) -> IdentityChange:
    """Write what is asked, once; asked anew before it is decided, the last wish counts. The filiation is locked."""
    member, wish = membership.member, {"first_name": first_name, "last_name": last_name, "birth_date": birth_date}
    known = IdentityChange.objects.to_decide().filter(member=member).first()
    if known and all(getattr(known, name) == value for name, value in wish.items()):
        return known
    found = known or IdentityChange(member=member)
    old = {f"old_{name}": getattr(member, name) for name in wish}
    for name, value in (wish | old | {"family": membership.family, "by": by, "asked_at": timezone.now()}).items():
        setattr(found, name, value)
    found.save()
    emails.identity_asked(found)
    return found


def decision_purpose(change: IdentityChange) -> str:
    """What the key of the decision's page is for."""
    return f"identity-change:{change.pk}"


@outermost
def decide_identity(*, agent: User, change: IdentityChange, accept: bool, reason: str = "", key: str) -> IdentityChange:
    """Accept what was asked, or refuse it with a reason; the family is told. Twice is once.

    Raise ReasonNeeded, NotYourIdentityChange, WrongState once decided, ChangedMeanwhile, AlreadyInFamily, NotInFamily.
    """
    if not accept and not reason.strip():
        raise ReasonNeeded
    once = claim_key(key, agent.owner, decision_purpose(change))
    if once.answer:
        return change
    membership = lock_membership(change.family, change.member) if accept else None
    change = _lock(agent, change)
    decided = {"decided_at": timezone.now(), "decided_by": agent}
    if accept:
        move(change, Status.ACCEPTED, **decided)
        _apply(change, membership, agent)
    else:
        move(change, Status.REFUSED, reason=reason.strip(), **decided)
    emails.identity_decided(change)
    once.remember({"change": change.pk})
    return change


def _lock(agent: User, change: IdentityChange) -> IdentityChange:
    rows = IdentityChange.objects.of_agent(agent).select_for_update(of=("self",), no_key=True)
    found = rows.select_related("family", "member").filter(pk=change.pk).first()
    if found is None:
        raise NotYourIdentityChange
    return found


def _apply(change: IdentityChange, membership: Membership, agent: User) -> None:
    member = membership.member
    if (member.first_name, member.last_name, member.birth_date) != (
        change.old_first_name,
        change.old_last_name,
        change.old_birth_date,
    ):
        raise ChangedMeanwhile("Cette fiche a été corrigée depuis la demande : refusez-la, la famille la refera.")
    check_no_twin(membership, change.first_name, change.last_name, change.birth_date)
    rename(member, change.first_name, change.last_name, change.birth_date, agent)
