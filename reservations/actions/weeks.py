"""Booking a week at once, as a page showed it: the days of the cart stay in the cart, unless they are these very days.

The same decision as a cart's, under the same locks (``checkout``): only the lines come from the page's signed key.
"""

from collections.abc import Iterable

from django.db.models import Q

from accounts.models import User
from common.writing.once import claim_key
from common.writing.transactions import outermost
from reservations.actions.carts import lock_cart
from reservations.actions.checkout import NothingToConfirm, carry_out, check, open_order
from reservations.actions.places.baskets import Basket, CartChanged, lock_sessions, read_basket
from reservations.emails import bookings as emails
from reservations.models import Cart, CartLine
from reservations.reads.family import FamilyFacts
from reservations.reads.reasons import NO_PLACE, who_when


def week_purpose(billing: str) -> str:
    """What the key of a week's page confirms."""
    return f"week:{billing}"


def read_week(
    cart: Cart, pairs: Iterable[tuple[int, int]], lock: bool = False, facts: FamilyFacts | None = None
) -> Basket:
    """These (session, member) pairs as a basket; a full day is refused, never waited for: nobody asked for the list."""
    basket = read_basket(cart, lock, list(_lines(cart, pairs)), facts)
    for line in basket.lines:
        if line.waits:
            line.waits, line.full = False, True
            line.reasons = [f"{who_when(line.member, line.session)} : {NO_PLACE}"]
    return basket


def _lines(cart: Cart, pairs: Iterable[tuple[int, int]]) -> Iterable[CartLine]:
    return (CartLine(cart=cart, session_id=day, member_id=who, act=CartLine.Act.BOOK) for day, who in pairs)


def shown(lines: Iterable[CartLine]) -> str:
    """What the page's key keeps of its lines: day, member and price of each."""
    return ",".join(f"{line.session_id}.{line.member_id}.{line.cents}" for line in lines)


@outermost
def book_week(*, user: User, billing: str, key: str) -> dict:
    """Book the days that the page showed; return {"order": pk}. A second click gets the first answer.

    A day full since is told and the rest is done. Raise PaymentGoing, NothingToConfirm, CartChanged, NotCertified,
    DaysRefused, NotEnough and StalePage as confirming a cart does: nothing is changed then.
    """
    once = claim_key(key, user.owner, week_purpose(billing))
    if once.answer:
        return once.answer
    agreed = _agreed(once.detail)
    basket = read_week(lock_cart(user.guardian.family_id, billing), agreed, lock=True)
    check(basket, basket.purpose)
    if any(line.cents > agreed[line.session_id, line.member_id] for line in basket.booked):
        raise CartChanged
    order = open_order(basket, user)
    carry_out(basket, order)
    _leave_cart(basket)
    emails.order_confirmed(order, basket.lines, 0)
    return once.remember({"order": order.pk})


@outermost
def put_in_cart(*, user: User, billing: str, key: str) -> dict:
    """Put the days that the page showed into the family's cart, beside what it holds, to be paid by card there.

    The key is the one of ``book_week``: whichever button comes second gets the answer of the first ({"cart": pk} here).
    Nothing is promised: the cart's own page says of each day whether it can be booked. Raise PaymentGoing,
    NothingToConfirm, CartChanged when a day is gone, and StalePage.
    """
    once = claim_key(key, user.owner, week_purpose(billing))
    if once.answer:
        return once.answer
    cart = lock_cart(user.guardian.family_id, billing)
    lines = list(_lines(cart, _agreed(once.detail)))
    if not lines:
        raise NothingToConfirm
    lock_sessions({line.session_id for line in lines})  # none is taken away meanwhile
    CartLine.objects.bulk_create(lines, ignore_conflicts=True)
    return once.remember({"cart": cart.pk})


def _agreed(detail: str) -> dict[tuple[int, int], int]:
    rows = [tuple(map(int, each.split("."))) for each in detail.split(",") if each]
    return {(day, who): cents for day, who, cents in rows}


def _leave_cart(basket: Basket) -> None:
    """What is booked now is asked for no more."""
    pairs = [Q(session=line.session_id, member=line.member_id) for line in basket.booked]
    CartLine.objects.filter(Q.create(pairs, connector=Q.OR), cart=basket.cart).delete()
