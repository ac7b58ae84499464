"""What families are told of their bookings."""

from portal.lib.dates import date_long
from portal.lib.mailing import queue
from portal.lib.money import euros
from reservations.models import Billing, Booking, CartLine, Order


def order_confirmed(order: Order, lines: list[CartLine], recredited: int) -> None:
    """« Votre réservation est confirmée »: every day booked and cancelled, its price, what was recredited (cents)."""
    context = {
        "reference": order.pk,
        "booked": [_row(line) for line in lines if line.act == CartLine.Act.BOOK],
        "cancelled": [_row(line) for line in lines if line.act == CartLine.Act.CANCEL],
        "booked_total": euros(order.booked_cents),
        "cancelled_total": euros(order.cancelled_cents),
        "prepaid": order.billing == Billing.PREPAID,
        "recredited": euros(recredited) if recredited else "",
    }
    _tell_family("reservations/order_confirmed", order, context)


def booking_cancelled(order: Order, booking: Booking) -> None:
    """« Votre réservation est annulée » (S4-108), with what was recredited."""
    session = booking.session
    context = {
        "member": str(booking.member),
        "activity": str(session.activity),
        "day": date_long(session.date, session.date),
        "recredited": euros(booking.cents) if order.operation_id else "",
    }
    _tell_family("reservations/booking_cancelled", order, context)


def _row(line: CartLine) -> dict:
    return {
        "day": date_long(line.session.date, line.session.date),
        "activity": str(line.session.activity),
        "member": line.member.first_name,
        "price": euros(line.cents or 0),
    }


def _tell_family(template: str, order: Order, context: dict) -> None:
    """To the parent who acted; without an address the message stands in the portal."""
    queue(template, to=order.by.email or "", owner=order.by.owner, context=context)
