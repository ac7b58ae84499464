"""« Compte rendu de vos réservations »: what the night made definitive, in one message a guardian."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from families.models import Guardian
from portal.lib.dates import date_long
from portal.lib.mailing import queue_all
from portal.lib.models import OutgoingEmail


@dataclass(frozen=True)
class Told:
    """A request of a family and its final state; ``asked_at``: what makes it recent enough to be told."""

    family: int
    asked_at: datetime
    day: date
    first_name: str
    activity: str
    state: str
    reason: str = ""


def reports(told: Iterable[Told]) -> int:
    """Owe each guardian a message with all that is told of their family; return how many families. Two queries."""
    by_family = defaultdict(list)
    for each in sorted(told, key=lambda each: (each.day, each.first_name, each.activity)):
        by_family[each.family].append(each)
    guardians = Guardian.objects.filter(family__in=by_family).select_related("user").order_by("pk")
    rows = {family: [_row(each) for each in lines] for family, lines in by_family.items()}
    queue_all([_message(guardian.user, rows[guardian.family_id]) for guardian in guardians])
    return len(by_family)


def _message(user, rows: list[dict]) -> OutgoingEmail:
    return OutgoingEmail(template="reservations/report", to=user.email or "", owner=user.owner, context={"rows": rows})


def _row(told: Told) -> dict:
    return {
        "day": date_long(told.day, told.day),
        "member": told.first_name,
        "activity": told.activity,
        "state": told.state,
        "reason": told.reason,
    }
