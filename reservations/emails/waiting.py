"""What families are told of the places they wait for (S4-100), to the parent who asked.

Without an address the message stands in the portal (S4-101).
"""

from collections import defaultdict
from collections.abc import Iterable

from django.urls import reverse

from common.background.mailing import by_day, queue_all
from common.models import OutgoingEmail
from common.values.dates import date_long
from common.values.money import euros
from reservations.models import Billing, WaitlistEntry
from reservations.rules import spoken_deadline


def places_served(entries: Iterable[WaitlistEntry]) -> None:
    """« La place est réservée », and how it is paid."""
    queue_all(
        [
            _message("place_served", entry, {"prepaid": entry.billing == Billing.PREPAID, "price": euros(entry.cents)})
            for entry in entries
        ]
    )


def places_offered(entries: Iterable[WaitlistEntry]) -> None:
    """« Une place vous est proposée », until when, and where to confirm it."""
    queue_all([_message("place_offered", entry, _offer(entry)) for entry in entries])


def offers_lapsed(entries: Iterable[WaitlistEntry]) -> None:
    """« La place proposée n’a pas été confirmée à temps »."""
    with by_day():
        queue_all(
            [_message("offer_lapsed", entry, {"until": spoken_deadline(entry.offered_until)}) for entry in entries]
        )


def lists_lapsed(entries: Iterable[WaitlistEntry], reason: str = "") -> None:
    """« La liste d’attente est close »: no place came free in time, or the day is closed (``reason``)."""
    by_parent = defaultdict(list)
    for entry in entries:
        by_parent[entry.by_id].append(entry)
    with by_day():
        queue_all(
            [
                _message("list_lapsed", rows[0], {"days": [_named(row) for row in rows], "reason": reason})
                for rows in by_parent.values()
            ]
        )


def _offer(entry: WaitlistEntry) -> dict:
    return {
        "price": euros(entry.cents),
        "until": spoken_deadline(entry.offered_until),
        "path": reverse("reservations:waiting_place", args=[entry.pk]),
    }


def _message(template: str, entry: WaitlistEntry, context: dict) -> OutgoingEmail:
    to, owner = entry.by.email or "", entry.by.owner
    return OutgoingEmail(template=f"reservations/{template}", to=to, owner=owner, context=_named(entry) | context)


def _named(entry: WaitlistEntry) -> dict:
    day = entry.session.date
    return {
        "member": entry.member.first_name,
        "activity": str(entry.session.activity),
        "day": date_long(day, day),
    }
