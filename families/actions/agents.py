"""What an agent writes for a family of their communes."""

from datetime import date

from accounts.models import User
from common.writing.transactions import outermost
from families.actions.invitations import link
from families.actions.members import change_member, lock_family, place_member
from families.models import Family, Kinship, Member, Membership, Quotient
from families.rules import MAX_QUOTIENT, NotInFamily, NotYours, WrongQuotient


@outermost
def record_quotient(*, agent: User, family: Family, value: int, effective_from: date) -> Quotient:
    """Note a family's quotient from a date on; the same date again corrects it. Bookings made keep their price."""
    check_agent(agent, family)
    return write_quotient(agent, family, value, effective_from)


def write_quotient(agent: User, family: Family, value: int, effective_from: date) -> Quotient:
    """The same inside another action's transaction, which has checked the agent. Raise WrongQuotient."""
    if not 0 <= value <= MAX_QUOTIENT:
        raise WrongQuotient
    lock_family(family.pk)
    return Quotient.objects.update_or_create(
        family=family, effective_from=effective_from, defaults={"value": value, "recorded_by": agent}
    )[0]


@outermost
def enter_member(
    *, agent: User, family: Family, first_name: str, last_name: str, birth_date: date, kinship: str
) -> Membership:
    """Add a beneficiary for a family seen at the counter."""
    check_agent(agent, family)
    return place_member(family, first_name, last_name, birth_date, kinship)


@outermost
def correct_member(
    *, agent: User, family: Family, member: Member, first_name: str, last_name: str, birth_date: date, kinship: str
) -> Membership:
    """Correct a beneficiary's details for a family; the parents of a shared child are told."""
    check_agent(agent, family)
    return change_member(family, member, first_name, last_name, birth_date, kinship, by=agent)


@outermost
def link_child(*, agent: User, member: Member, family: Family) -> None:
    """Put a child of another family into this one too (separated parents); both must be of the agent's communes."""
    check_agent(agent, family)
    if not Family.objects.of_agent(agent).filter(pk__in=member.current_families()).exists():
        raise NotInFamily("Cet enfant ne figure dans aucune famille de vos communes.")
    lock_family(family.pk)
    link([member], family, Kinship.OTHER)


def check_agent(agent: User, family: Family) -> None:
    """Raise NotYours unless the family is of the agent's communes."""
    if not Family.objects.of_agent(agent).filter(pk=family.pk).exists():
        raise NotYours
