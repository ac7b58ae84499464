"""What families are told of what agents did for them, or of the day itself; every guardian of the family is told."""

from collections import defaultdict
from collections.abc import Iterable

from families.models import Guardian
from portal.lib.dates import date_long
from portal.lib.mailing import queue_all
from portal.lib.models import OutgoingEmail
from portal.lib.money import euros
from reservations.models import Activity, Booking


def days_closed(bookings: Iterable[Booking], reason: str, activity: Activity) -> None:
    """« Journée fermée »: which days, for whom, why, and what was recredited; one message a guardian."""
    ended = defaultdict(list)
    for booking in sorted(bookings, key=lambda row: (row.session.date, row.pk)):
        ended[booking.family_id].append(booking)
    tell_families(
        "reservations/days_closed",
        {
            family: {
                "activity": str(activity),
                "reason": reason,
                "days": [_day(booking) for booking in rows],
                "recredited": _euros(sum(row.cents for row in rows if row.is_paid)),
            }
            for family, rows in ended.items()
        },
    )


def tell_families(template: str, contexts: dict[int, dict]) -> None:
    """Owe one message to each guardian of each family (contexts by pk of family), in two queries."""
    guardians = Guardian.objects.filter(family__in=contexts).select_related("user").order_by("pk")
    queue_all(
        [
            OutgoingEmail(
                template=template, to=each.user.email or "", owner=each.user.owner, context=contexts[each.family_id]
            )
            for each in guardians
        ]
    )


def _day(booking: Booking) -> dict:
    day = booking.session.date
    return {"day": date_long(day, day), "member": booking.member.first_name}


def _euros(cents: int) -> str:
    return euros(cents) if cents else ""
