"""What parents say of a child's health, contacts and consents; what agents read of it is written down first."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from common.refusals import StalePage
from common.values.words import same_name
from common.writing.history import unguarded
from common.writing.once import claim_key
from common.writing.transactions import outermost
from families import emails
from families.actions.members import lock_membership, open_family
from families.models import Contact, HealthContent, HealthReading, HealthSheet, Member, MemberConsent
from families.rules import (
    MAX_CONTACTS,
    ChangedMeanwhile,
    ContactNamedTwice,
    TooManyContacts,
    check_contact,
    check_health,
    clean_name,
)

SHEET, CONTACTS, CONSENTS = "la fiche santé", "les contacts", "les autorisations"


def version_of(sheet: HealthSheet | None) -> str:
    """What a page showed: the sheet as of this instant."""
    return sheet.updated_at.isoformat() if sheet else ""


@outermost
def write_health(*, user: User, member: Member, content: HealthContent, key: str) -> None:
    """Write a child's health sheet; every parent is told that it changed, never what. Twice is once.

    Raise WrongHealth, NotInFamily, ChangedMeanwhile when the sheet is no longer the one that the page showed.
    """
    check_health(content.allergies, content.treatments, content.doctor)
    once = claim_key(key, user.owner, f"health:{member.pk}")
    if once.answer:
        return
    member = lock_membership(open_family(user), member).member
    if version_of(HealthSheet.objects.filter(member=member).first()) != once.detail:
        raise ChangedMeanwhile
    written = {"sealed": HealthSheet.seal(member.pk, content), "updated_at": timezone.now(), "updated_by": user}
    HealthSheet.objects.update_or_create(member=member, defaults=written)
    emails.health_changed(member, SHEET, user)
    once.remember({"written": True})


@outermost
def save_contact(
    *, user: User, member: Member, contact: Contact | None, key: str, name: str, phone: str, kinship: str, **uses
) -> None:
    """Add a contact of a child, or correct it; ``uses``: is_emergency, may_collect, rank. Twice is once.

    Raise WrongContact, TooManyContacts, ContactNamedTwice, NotInFamily.
    """
    name, kinship = clean_name(name), clean_name(kinship)
    phone = check_contact(name, phone, kinship, uses["is_emergency"] or uses["may_collect"])
    once = claim_key(key, user.owner, contact_purpose(member.pk, contact and contact.pk))
    if once.answer:
        return
    member = lock_membership(open_family(user), member).member
    others = member.contacts.exclude(pk=contact and contact.pk)
    if any(same_name(other.name, name) for other in others):
        raise ContactNamedTwice
    if contact is None and len(others) >= MAX_CONTACTS:
        raise TooManyContacts
    details = {"name": name, "phone": phone, "kinship": kinship, "added_by": user, **uses}
    member.contacts.update_or_create(pk=contact and contact.pk, defaults=details)
    emails.health_changed(member, CONTACTS, user)
    once.remember({"saved": True})


@outermost
def remove_contact(*, user: User, member: Member, contact: Contact, key: str) -> None:
    """Take a contact away; every parent is told. Twice is once."""
    once = claim_key(key, user.owner, removal_of_contact(contact.pk))
    if once.answer:
        return
    member = lock_membership(open_family(user), member).member
    member.contacts.filter(pk=contact.pk).delete()
    emails.health_changed(member, CONTACTS, user)
    once.remember({"removed": True})


@transaction.atomic
def contact_was_removed(*, user: User, pk: int, key: str) -> bool:
    """Whether this very removal was obeyed already: a second click finds no contact left."""
    try:
        return claim_key(key, user.owner, removal_of_contact(pk)).answer is not None
    except StalePage:
        return False


def contact_purpose(member: int, contact: int | None) -> str:
    """The purpose of the key on the page of a contact, new or known."""
    return f"contact:{member}:{contact or 'new'}"


def removal_of_contact(pk: int) -> str:
    return f"remove-contact:{pk}"


@outermost
def answer_consents(*, user: User, member: Member, answers: dict[str, bool]) -> None:
    """Write a dated row for each answer that differs from the one that counts; parents are told when one does."""
    member = lock_membership(open_family(user), member).member
    standing = {row.kind: row.given for row in MemberConsent.objects.filter(member=member).standing()}
    changed = {kind: given for kind, given in answers.items() if standing.get(kind) != given}
    if changed:
        MemberConsent.objects.bulk_create(
            MemberConsent(member=member, kind=kind, given=given, by=user) for kind, given in changed.items()
        )
        emails.health_changed(member, CONSENTS, user)


def log_reading(agent: User, members: Iterable[int], purpose: str) -> None:
    """Write down that an agent reads what is known of these children, before it is shown; one row a child."""
    HealthReading.objects.bulk_create(
        HealthReading(member_id=member, by=agent, purpose=purpose[:60]) for member in members
    )


def forget_health(members: list[int]) -> None:
    """Delete what is known of these children's health, contacts and consents; who read it is kept for its own time."""
    with transaction.atomic(), unguarded(MemberConsent):
        for table in (HealthSheet, Contact, MemberConsent):
            table.objects.filter(member__in=members).delete()


def forget_readings(before: datetime) -> int:
    """Delete who read health sheets before an instant; return how many rows."""
    with transaction.atomic(), unguarded(HealthReading):
        return HealthReading.objects.filter(at__lt=before).delete()[0]
