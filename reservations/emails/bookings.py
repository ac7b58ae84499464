"""What families are told of their bookings."""

from common.background.mailing import queue
from common.values.dates import date_long
from common.values.money import euros
from families.emails import tell_families
from reservations.models import Billing, Booking, CartLine, Order
from wallet.models import CardPayment, Wallet


def order_confirmed(order: Order, lines: list[CartLine], recredited: int) -> None:
    """« Votre réservation est confirmée »: every day booked, waited for, refused and cancelled, what was recredited (cents)."""
    context = {
        "reference": order.pk,
        "booked": [_row(line) for line in lines if line.act == CartLine.Act.BOOK and not (line.waits or line.full)],
        "waiting": [_row(line) for line in lines if line.waits],
        "refused": [line.reasons[0] for line in lines if line.full],
        "cancelled": [_row(line) for line in lines if line.act == CartLine.Act.CANCEL],
        "booked_total": euros(order.booked_cents),
        "cancelled_total": euros(order.cancelled_cents),
        "prepaid": order.billing == Billing.PREPAID,
        "recredited": euros(recredited) if recredited else "",
        "remarks": order.remarks,
        "card": euros(order.card_payment.cents) if order.card_payment else "",
    }
    _tell_family("reservations/order_confirmed", order, context)


def paid_too_late(payment: CardPayment) -> None:
    """« Votre paiement est arrivé après l’heure »: the places were free again, the money is in the wallet."""
    context = {"amount": euros(payment.cents)}
    queue("reservations/paid_too_late", to=payment.user.email or "", owner=payment.user.owner, context=context)


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


def bookings_cancelled(order: Order, bookings: list[Booking], recredited: int) -> None:
    """« Vos réservations sont annulées »: several days at once, with what was recredited (cents)."""
    rows = [
        {
            "member": each.member.first_name,
            "activity": str(each.session.activity),
            "day": date_long(each.session.date, each.session.date),
        }
        for each in sorted(bookings, key=lambda each: (each.session.date, each.pk))
    ]
    context = {"rows": rows, "recredited": euros(recredited) if recredited else ""}
    _tell_family("reservations/bookings_cancelled", order, context)


def low_balances(wallets: list[Wallet]) -> None:
    """« Pensez à recharger », to each guardian, in two queries; wallets as ``reservations.actions.telling.reminders.low`` has them."""
    tell_families("reservations/low_balance", [(wallet.family_id, _standing(wallet)) for wallet in wallets])


def _standing(wallet: Wallet) -> dict:
    return {
        "family": str(wallet.family),
        "purse": wallet.purse.name,
        "balance": euros(wallet.balance),
        "estimate": euros(wallet.estimate) if wallet.estimate else "",
        "pending": euros(wallet.pending) if wallet.pending else "",
        "left": euros(wallet.left),
        "owed": euros(asked) if (asked := max(0, wallet.owed - wallet.pending)) else "",
        "covered": bool(wallet.owed and not asked),
        "top_up": wallet.purse.top_up_address,
        "suspended": wallet.is_suspended,
    }


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
