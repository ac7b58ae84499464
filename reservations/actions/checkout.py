"""Confirming a cart: every day is checked again under lock, then it is booked, cancelled and paid at once, or nothing is.

A day that filled up since is the one exception: it is waited for where its list is open, else refused and told, and
the rest is done. Locks in the one order: key → cart → members by pk → sessions (``lock_sessions``) → waitlist entries →
bookings → accounts.
"""

from collections import Counter
from collections.abc import Sequence

from accounts.models import User
from common.refusals import Refusal
from common.writing.once import claim_key
from common.writing.rows import Rows, insert
from common.writing.transactions import outermost
from reservations.actions.carts import clear, lock_cart
from reservations.actions.places.baskets import Basket, CartChanged, change_counters, lock_sessions, read_basket
from reservations.actions.places.changes import record_changes
from reservations.actions.places.ledger import pay_bookings, post_orders, recredit_bookings, require_floor
from reservations.actions.places.promotion import join_lists, promote
from reservations.emails import bookings as emails
from reservations.models import Billing, Booking, Order, RefusedDay
from wallet.actions import Draft
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

    Prepaid days are paid from their purse's wallet. Raise NothingToConfirm, CartChanged, NotCertified, DaysRefused
    (nothing is left to do, or a day is refused for another reason than places), NotEnough, and StalePage for a forged
    key: nothing is changed then.
    """
    family_id = user.guardian.family_id
    once = claim_key(key, user.owner, f"confirm:{billing}")
    if once.answer:
        return once.answer
    basket = read_basket(lock_cart(family_id, billing), lock=True)
    check(basket, once.detail)
    order = open_order(basket, user)
    carry_out(basket, order)
    clear(basket.cart)
    emails.order_confirmed(order, basket.lines, basket.recredited)
    return once.remember({"order": order.pk})


def check(basket: Basket, shown: str) -> None:
    """Refuse a cart that cannot be confirmed whole, or that is no longer what the page showed."""
    if not basket.lines:
        raise NothingToConfirm
    if not basket.offer.facts.certified:
        raise NotCertified
    blocking = [line for line in basket.lines if line.reasons and not line.full]
    if blocking or all(line.full for line in basket.lines):
        raise DaysRefused(*basket.reasons)
    if not basket.is_what_was_shown(shown):
        raise CartChanged


def open_order(basket: Basket, by: User, **fields) -> Order:
    """The order that confirming the basket writes."""
    order = Order(
        family_id=basket.cart.family_id,
        by=by,
        billing=basket.cart.billing,
        booked_cents=basket.booked_cents,
        cancelled_cents=basket.cancelled_cents,
        **{"at": basket.offer.now, **fields},
    )
    insert(order)
    return order


def carry_out(basket: Basket, order: Order, first: Sequence[Draft] = (), released: Counter | None = None) -> None:
    """Book, cancel, wait for and pay every line, and serve who waits for what is freed.

    ``first``: operations of the same post, ``released``: places held no more.
    """
    cancelled = basket.cancelled
    mark_cancelled(cancelled, order)
    booked = _book(basket, order)
    record_changes(booked=booked, cancelled=cancelled)
    _refuse(basket, order)
    joined = join_lists(basket.waiting, order, basket.offer)
    taken, freed = (Counter(booking.session_id for booking in rows) for rows in (booked, cancelled))
    change_counters(taken, freed, released, joined)
    postings, moves = [(draft, None) for draft in first], recredit_bookings(cancelled) + pay_bookings(booked)
    if moves:
        kind = Operation.Kind.BOOKING if booked else Operation.Kind.CANCELLATION
        postings.append((Draft(kind, moves, order.by, kind.label, order.at), order))
    deferred = [booking for booking in booked if booking.billing == Billing.DEFERRED]
    post_orders(promote({*freed, *joined, *(released or ())}, postings, also=deferred))
    require_floor(deferred)


def _refuse(basket: Basket, order: Order) -> None:
    """Keep which days were full, for « Remarques concernant vos réservations »."""
    RefusedDay.objects.bulk_create(
        RefusedDay(order=order, session=line.session, member=line.member, reason=line.reasons[0][:300])
        for line in basket.lines
        if line.full
    )


def mark_cancelled(bookings: list[Booking], order: Order) -> None:
    """Write that the order ended these bookings, which its caller has locked and found standing."""
    for booking in bookings:
        booking.status, booking.cancelled_in = Booking.Status.CANCELLED, order
        booking.cancelled_at, booking.cancelled_by = order.at, order.by
    if bookings:
        Booking.objects.bulk_update(bookings, ["status", "cancelled_in", "cancelled_at", "cancelled_by"])


def _book(basket: Basket, order: Order) -> list[Booking]:
    bookings = [
        Booking(
            session=line.session,
            member=line.member,
            family=basket.offer.facts.family,
            order=order,
            billing=order.billing,
            cents=line.cents,
            quantity=line.session.activity.quantity,
        )
        for line in basket.booked
    ]
    rows = [(each.session_id, each.member_id, each.cents, each.quantity) for each in bookings]
    keys = _BOOK(order.family_id, order.pk, order.billing, *map(list, zip(*rows, strict=True))) if rows else []
    for booking, (booking.pk,) in zip(bookings, keys, strict=True):
        booking._state.adding = False
    return bookings


# Two statements of the ORM's, which ask more of Python than all of this decision (docs/performance.md).
_BOOK = Rows(
    """
    INSERT INTO reservations_booking (family_id, order_id, billing, origin, status, session_id, member_id, cents, quantity)
    SELECT %s, %s, %s, 'family', 'booked', line.*
    FROM unnest(%s::bigint[], %s::bigint[], %s::int[], %s::int[]) AS line
    RETURNING id
    """
)
