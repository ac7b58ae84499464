"""« Compte rendu de vos réservations »: what the night made definitive, in one message a guardian."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from common.values.dates import date_long
from families.emails import tell_families
from reservations.models import Change

REFUSED = "Refusée"


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
    tell_families("reservations/report", [(family, _report(lines)) for family, lines in by_family.items()])
    return len(by_family)


def cancellation_settled(line: Change) -> None:
    """« Votre annulation est réglée »: what an agent did about a cancellation that the back office had refused."""
    day = date.fromisoformat(line.payload["date"])
    context = {
        "day": date_long(day, day),
        "member": line.payload["first_name"],
        "activity": line.payload["activity_name"],
        "note": line.note,
    }
    tell_families("reservations/cancellation_settled", [(line.family_id, context)])


def _report(lines: list[Told]) -> dict:
    return {"rows": [_row(each) for each in lines], "refused": any(each.state == REFUSED for each in lines)}


def _row(told: Told) -> dict:
    return {
        "day": date_long(told.day, told.day),
        "member": told.first_name,
        "activity": told.activity,
        "state": told.state,
        "reason": told.reason,
    }
