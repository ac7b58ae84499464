"""Confirming a cart: every day is checked again under lock, then all is booked, cancelled and paid at once, or nothing.

Locks in the one order: key → cart → members by pk → sessions (``lock_sessions``) → bookings → accounts.
"""

from collections import Counter
from collections.abc import Iterable, Sequence

from accounts.models import User
from portal.lib.once import claim_key
from portal.lib.refusals import Refusal
from portal.lib.transactions import outermost
from reservations import emails
from reservations.actions.baskets import Basket, CartChanged, change_counters, lock_sessions, read_basket
from reservations.actions.carts import lock_cart
from reservations.actions.changes import record_changes
from reservations.actions.ledger import pay_bookings, recredit_bookings, require_floor
from reservations.models import Billing, Booking, CartLine, Order
from wallet.actions import Draft, post_all
from wallet.models import Operation

__all__ = ["CartChanged", "change_counters", "confirm_cart", "lock_sessions", "read_basket"]


class NothingToConfirm(Refusal):
    """The cart is empty."""

    sentence = "Votre panier est vide : choisissez d’abord des jours dans le calendrier."


class NotCertified(Refusal):
    """The family's details were not certified this school year."""

    sentence = "Avant de réserver, certifiez que les informations de votre famille sont exactes."


class DaysRefused(Refusal):
    """Some days of the cart can no longer be booked or cancelled: all reasons at once, nothing was changed."""


@outermost
def confirm_cart(*, user: User, billing: str, key: str) -> dict:
    """Book and cancel everything in the family's cart; return {"order": pk}. A second click gets the first answer.

    Prepaid days are paid from their purse's wallet. Raise NothingToConfirm, CartChanged, NotCertified, DaysRefused,
    NotEnough, and StalePage for a forged key: nothing is changed then.
    """
    family_id = user.guardian.family_id
    once = claim_key(key, user.owner, f"confirm:{billing}")
    if once.answer:
        return once.answer
    basket = read_basket(lock_cart(family_id, billing), lock=True)
    check(basket, once.detail)
    order = open_order(basket, user)
    carry_out(basket, order)
    basket.cart.lines.all().delete()
    emails.order_confirmed(order, basket.lines, basket.recredited)
    return once.remember({"order": order.pk})


def check(basket: Basket, shown: str) -> None:
    """Refuse a cart that cannot be confirmed whole, or that is no longer what the page showed."""
    if not basket.lines:
        raise NothingToConfirm
    if not basket.offer.facts.certified:
        raise NotCertified
    if basket.reasons:
        raise DaysRefused(*basket.reasons)
    if basket.purpose != shown:
        raise CartChanged
    full = _over_capacity(basket.lines)
    if full:
        raise DaysRefused(*full)


def _over_capacity(lines: Iterable[CartLine]) -> list[str]:
    """Two children may ask for the last place together: each alone fits, both do not."""
    wanted = Counter(line.session for line in lines if line.act == CartLine.Act.BOOK)
    freed = Counter(line.session for line in lines if line.act == CartLine.Act.CANCEL)
    return [
        f"{session.activity.name}, {session.date:%d-%m-%Y} : il ne reste que {left} place{'s' * (left > 1)}."
        for session, number in wanted.items()
        if session.capacity is not None
        and number > (left := session.capacity - session.booked - session.held + freed[session])
    ]


def open_order(basket: Basket, by: User, **fields) -> Order:
    """The order that confirming the basket writes."""
    return Order.objects.create(
        family_id=basket.cart.family_id,
        by=by,
        billing=basket.cart.billing,
        booked_cents=basket.booked_cents,
        cancelled_cents=basket.cancelled_cents,
        **{"at": basket.offer.now, **fields},
    )


def carry_out(basket: Basket, order: Order, first: Sequence[Draft] = (), released: Counter | None = None) -> None:
    """Book, cancel and pay every line; ``first``: operations of the same post, ``released``: places held no more."""
    cancelled = basket.cancelled
    _cancel(cancelled, order)
    booked = _book(basket, order)
    record_changes(booked=booked, cancelled=cancelled)
    change_counters(
        Counter(booking.session_id for booking in booked),
        Counter(booking.session_id for booking in cancelled),
        released,
    )
    drafts, moves = list(first), recredit_bookings(cancelled) + pay_bookings(booked)
    if moves:
        kind = Operation.Kind.BOOKING if booked else Operation.Kind.CANCELLATION
        drafts.append(Draft(kind, moves, order.by, kind.label, order.at))
    if drafts:
        operations = post_all(drafts)
        order.operation = operations[-1] if moves else None
        order.save(update_fields=["operation"])
    require_floor([booking for booking in booked if booking.billing == Billing.DEFERRED])


def _cancel(bookings: list[Booking], order: Order) -> None:
    for booking in bookings:
        booking.status, booking.cancelled_in = Booking.Status.CANCELLED, order
        booking.cancelled_at, booking.cancelled_by = order.at, order.by
    Booking.objects.bulk_update(bookings, ["status", "cancelled_in", "cancelled_at", "cancelled_by"])


def _book(basket: Basket, order: Order) -> list[Booking]:
    return Booking.objects.bulk_create(
        [
            Booking(
                session=line.session,
                member=line.member,
                family=basket.offer.facts.family,
                order=order,
                billing=order.billing,
                cents=line.cents,
                quantity=line.session.activity.quantity,
            )
            for line in basket.lines
            if line.act == CartLine.Act.BOOK
        ]
    )
