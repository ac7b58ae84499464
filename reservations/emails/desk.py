"""What families are told of what agents did for them, or of the day itself; every guardian of the family is told."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date

from common.values.dates import date_long
from common.values.money import euros
from families.emails import tell_families
from reservations.models import Absence, Activity, Billing, Booking, Order
from reservations.reads.days.desk import DeskLine


def days_closed(bookings: Iterable[Booking], reason: str, activity: Activity) -> None:
    """« Journée fermée »: which days, for whom, why, and what was recredited; one message a guardian."""
    ended = defaultdict(list)
    for booking in sorted(bookings, key=lambda row: (row.session.date, row.pk)):
        ended[booking.family_id].append(booking)
    closed = {"activity": str(activity), "reason": reason}
    told = {
        family: {
            "days": [_day(booking) for booking in rows],
            "recredited": _euros(sum(row.cents for row in rows if row.is_paid)),
        }
        for family, rows in ended.items()
    }
    tell_families("reservations/days_closed", [(family, closed | context) for family, context in told.items()])


def _day(booking: Booking) -> dict:
    return {"day": _long(booking.session.date), "member": booking.member.first_name}


def _long(day: date) -> str:
    return date_long(day, day)


def _euros(cents: int) -> str:
    return euros(cents) if cents else ""


def booked_by_agent(order: Order, lines: Iterable[DeskLine]) -> None:
    """« Réservé pour vous »: every day with its price, that it is late, and the consent as it was noted (S2-75)."""
    lines = list(lines)
    context = {
        "activity": str(lines[0].session.activity),
        "days": [
            {
                "day": _long(line.session.date),
                "member": line.member.first_name,
                "price": euros(line.cents),
                "late": line.late,
                "forgiven": line.forgiven,
            }
            for line in lines
        ],
        "total": euros(order.booked_cents),
        "prepaid": order.billing == Billing.PREPAID,
        "consent": order.consent,
    }
    tell_families("reservations/booked_by_agent", [(order.family_id, context)])


def cancelled_by_agent(booking: Booking, reason: str, recredited: int, kept: bool) -> None:
    """« Annulé par le service »: which day, why, and what was recredited (cents); ``kept``: nothing comes back."""
    context = {
        "day": _long(booking.session.date),
        "member": booking.member.first_name,
        "activity": str(booking.session.activity),
        "reason": reason,
        "recredited": _euros(recredited),
        "kept": _euros(booking.cents) if kept else "",
    }
    tell_families("reservations/cancelled_by_agent", [(booking.family_id, context)])


def absence_decided(absence: Absence) -> None:
    """« Absence »: recredited or not, and the service's answer."""
    booking = absence.booking
    accepted = absence.status == Absence.Status.ACCEPTED
    context = _day(booking) | {
        "activity": str(booking.session.activity),
        "accepted": accepted,
        "recredited": _euros(booking.cents if accepted and booking.is_paid else 0),
        "answer": absence.answer,
    }
    tell_families("reservations/absence_decided", [(booking.family_id, context)])


def came_without_booking(booking: Booking) -> None:
    """« Venu sans réservation »: which day, at which price, that it is taken from the wallet."""
    context = {
        "day": _long(booking.session.date),
        "member": booking.member.first_name,
        "activity": str(booking.session.activity),
        "price": euros(booking.cents),
    }
    tell_families("reservations/came_without_booking", [(booking.family_id, context)])
