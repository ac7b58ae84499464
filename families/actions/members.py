"""Writes of a household. Order of locks in this app: key, person, invitation, families by pk, beneficiary."""

from collections.abc import Iterable
from datetime import date

from django.db import connection, transaction
from django.db.models import ProtectedError
from django.utils import timezone

from accounts.models import User
from common.refusals import StalePage
from common.writing.once import claim_key
from common.writing.transactions import outermost
from families import emails, hooks
from families.models import Family, Guardian, Member, Membership
from families.rules import (
    MAX_MEMBERS,
    AlreadyInFamily,
    HasUpcomingBookings,
    NotInFamily,
    TooManyMembers,
    check_person,
    clean_name,
    identity,
)


@transaction.atomic
def open_family(user: User) -> Family:
    """Return the person's family; the first time create it, with them as guardian, in their commune."""
    User.objects.select_for_update(no_key=True).get(pk=user.pk)
    guardian = Guardian.objects.select_related("family").filter(user=user).first()
    if guardian is None:
        family = Family.objects.create(name=user.last_name, commune=user.commune)
        guardian = Guardian.objects.create(user=user, family=family)
    return guardian.family


@outermost
def add_member(
    *, user: User, first_name: str, last_name: str, birth_date: date, kinship: str, key: str | None = None
) -> Membership:
    """Add a beneficiary to the person's family; someone withdrawn earlier comes back. Refuses the same person twice.

    ``key`` is the form's idempotency key (purpose ``add-member``): a second click gets the first answer.
    """
    once = None if key is None else claim_key(key, user.owner, "add-member")
    if once and once.answer:
        return Membership.objects.select_related("member").get(pk=once.answer["membership"])
    membership = place_member(open_family(user), first_name, last_name, birth_date, kinship)
    if once:
        once.remember({"membership": membership.pk})
    return membership


def place_member(family: Family, first_name: str, last_name: str, birth_date: date, kinship: str) -> Membership:
    """Add a beneficiary to a family; called in a transaction by larger actions (imports, demo data)."""
    first_name, last_name = clean_name(first_name), clean_name(last_name)
    check_person(first_name, last_name, birth_date, timezone.localdate())
    lock_family(family.pk)
    earlier = _same_person(family, first_name, last_name, birth_date)
    if earlier:
        return _come_back(earlier, kinship)
    if family.memberships.filter(withdrawn_at=None).count() >= MAX_MEMBERS:
        raise TooManyMembers
    member = Member.objects.create(first_name=first_name, last_name=last_name, birth_date=birth_date)
    return Membership.objects.create(family=family, member=member, kinship=kinship)


def change_member(
    family: Family, member: Member, first_name: str, last_name: str, birth_date: date, kinship: str, by: User
) -> Membership:
    """Correct a beneficiary of a family; called in a transaction."""
    membership, details = take_details(family, member, first_name, last_name, birth_date, kinship)
    rename(membership.member, *details, by)
    return membership


def take_details(
    family: Family, member: Member, first_name: str, last_name: str, birth_date: date, kinship: str
) -> tuple[Membership, tuple[str, str, date]]:
    """Lock and check a beneficiary whose details change, and write the kinship; return the filiation and the details."""
    first_name, last_name = clean_name(first_name), clean_name(last_name)
    check_person(first_name, last_name, birth_date, timezone.localdate())
    membership = lock_membership(family, member)
    check_no_twin(membership, first_name, last_name, birth_date)
    membership.kinship = kinship
    membership.save(update_fields=["kinship"])
    return membership, (first_name, last_name, birth_date)


def check_no_twin(membership: Membership, first_name: str, last_name: str, birth_date: date) -> None:
    """Raise AlreadyInFamily when these details are those of somebody else of the family, which is locked."""
    twin = _same_person(membership.family, first_name, last_name, birth_date)
    if twin and twin.member_id != membership.member_id:
        raise AlreadyInFamily


def rename(member: Member, first_name: str, last_name: str, birth_date: date, by: User) -> None:
    """Write a locked beneficiary's details; the parents of a shared one are told."""
    before = str(member), member.birth_date
    member.first_name, member.last_name, member.birth_date = first_name, last_name, birth_date
    member.save(update_fields=["first_name", "last_name", "birth_date"])
    if before != (str(member), birth_date) and member.is_shared():
        emails.shared_child_changed(member, before, by)


@outermost
def remove_member(*, user: User, member: Member, key: str | None = None) -> None:
    """Take a beneficiary out of the person's own family: withdrawn with a past, deleted without one."""
    once = None if key is None else claim_key(key, user.owner, removal(member.pk))
    if once and once.answer:
        return
    membership = lock_membership(open_family(user), member)
    if sum(hooks.upcoming_bookings(family=membership.family, member=membership.member)):
        raise HasUpcomingBookings
    if membership.member.is_shared() or any(hooks.has_history(member=membership.member)):
        _withdraw(membership)
    else:
        _delete(membership)
    if once:
        once.remember({"removed": True})


@transaction.atomic
def was_removed(*, user: User, pk: int, key: str) -> bool:
    """Whether this very confirmation was obeyed already: a second click finds nobody left to remove."""
    try:
        return claim_key(key, user.owner, removal(pk)).answer is not None
    except StalePage:
        return False


def removal(pk: int) -> str:
    """The purpose of the key on the page « Supprimer un bénéficiaire »."""
    return f"remove-member:{pk}"


def _delete(membership: Membership) -> None:
    """Delete a beneficiary nobody needs; a row of another app that protects them is a past too."""
    try:
        with transaction.atomic():
            membership.delete()
            membership.member.delete()
    except ProtectedError:
        _withdraw(Membership.objects.get(family=membership.family_id, member=membership.member_id))


def _withdraw(membership: Membership) -> None:
    membership.withdrawn_at = timezone.now()
    membership.save(update_fields=["withdrawn_at"])


@outermost
def restore_member(*, user: User, member: Member) -> Membership:
    """Bring a withdrawn beneficiary back into the person's family; nothing changes when they are in it."""
    family = lock_family(open_family(user).pk)
    membership = Membership.objects.filter(family=family, member=member).select_related("member").first()
    if membership is None:
        raise NotInFamily
    return membership if membership.withdrawn_at is None else _come_back(membership, membership.kinship)


def _come_back(membership: Membership, kinship: str) -> Membership:
    if membership.withdrawn_at is None:
        raise AlreadyInFamily
    membership.withdrawn_at, membership.kinship = None, kinship
    membership.save(update_fields=["withdrawn_at", "kinship"])
    return membership


def lock_family(pk: int) -> Family:
    """Lock a household until the transaction ends: its members and guardians are changed one at a time."""
    return Family.objects.select_for_update(no_key=True).get(pk=pk)


def hold_members(pks: Iterable[int]) -> None:
    """Keep these beneficiaries from being removed until the transaction ends; bookers do not wait for each other.

    To be called before reading them in a transaction that books: a foreign key alone is only checked at the commit.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM families_member WHERE id = ANY(%s) ORDER BY id FOR KEY SHARE", [list(pks)])


def lock_membership(family: Family, member: Member) -> Membership:
    """Lock the family, the beneficiary (FOR UPDATE, see hooks) and return the filiation; raise NotInFamily."""
    lock_family(family.pk)
    locked = Member.objects.select_for_update().filter(pk=member.pk).first()
    current = Membership.objects.select_related("family").filter(withdrawn_at=None)
    membership = current.filter(family=family, member=member.pk).first()
    if locked is None or membership is None:
        raise NotInFamily
    membership.member = locked
    return membership


def _same_person(family: Family, first_name: str, last_name: str, birth_date: date) -> Membership | None:
    wanted = identity(first_name, last_name, birth_date)
    for membership in family.memberships.select_related("member").filter(member__birth_date=birth_date):
        if identity(membership.member.first_name, membership.member.last_name, birth_date) == wanted:
            return membership
    return None
