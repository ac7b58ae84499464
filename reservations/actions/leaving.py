"""A family leaves: its days to come are cancelled, recredited where the delays allow; its waiting lists and carts end.

Called in the transaction that closes its account. Locks in the one order: cart → members → sessions → entries → bookings.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from accounts.models import User
from common.writing.states import move
from families.models import Family
from reservations.actions.places.baskets import change_counters, lock_sessions
from reservations.actions.places.changes import record_changes
from reservations.actions.places.ledger import Posting, pay_bookings, post_orders, recredit_bookings
from reservations.actions.places.promotion import promote
from reservations.actions.waiting import end_entries, lock_entries
from reservations.models import Billing, Booking, Cart, CartLine, Order, WaitlistEntry
from reservations.reads.family import lock_members
from reservations.rules import in_time
from wallet.actions import Draft
from wallet.models import Operation

LABEL = "Fermeture du compte"


@dataclass(frozen=True)
class Left:
    """What ended: how many days and places, and the cents that came back."""

    days: int
    places: int
    recredited: int


def to_come(family: Family):
    """The family's bookings after today: those of today are served."""
    return Booking.objects.active().filter(family=family, session__date__gt=timezone.localdate())


def to_debit_still(family: Family):
    """Its deferred days, today included, that a night has not debited yet."""
    rows = Booking.objects.active().filter(family=family, billing=Billing.DEFERRED, debited_at=None)
    return rows.filter(session__date__lte=timezone.localdate())


def places_held(family: Family):
    """Its places on waiting lists, offered ones too."""
    return WaitlistEntry.objects.live().filter(family=family)


def cart_lines(family: Family):
    """What stands in its cart and its requests."""
    return CartLine.objects.filter(cart__family=family)


def lock_carts(family: Family) -> list[Cart]:
    """The family's carts, locked before their lines are read: whoever confirms one comes before or after, never between."""
    return list(Cart.objects.filter(family=family).order_by("pk").select_for_update())


def leave_everything(family: Family, by: User) -> Left:
    """End all of it, once for all; a late day is cancelled too, without its money, so that no kitchen counts on it."""
    now = timezone.now()
    lock_carts(family)
    cart_lines(family).filter(cart__payment=None).delete()
    lock_members(family.memberships.order_by("member").values_list("member", flat=True))
    days = {*to_come(family).values_list("session", flat=True), *places_held(family).values_list("session", flat=True)}
    sessions = lock_sessions(sorted(days))
    entries = lock_entries(places_held(family).filter(session__in=sessions))
    rows = to_come(family).filter(session__in=sessions).select_related("session__activity__service", "member")
    bookings = list(rows.order_by("pk").select_for_update(of=("self",), no_key=True))
    for status in (WaitlistEntry.Status.LEFT, WaitlistEntry.Status.DECLINED):
        declined = status == WaitlistEntry.Status.DECLINED
        end_entries([each for each in entries if each.is_offered == declined], status, now)
    in_delay = [each for each in bookings if in_time(each.session.cancellable_until, now)]
    late = [each for each in bookings if each not in in_delay]
    postings = [*_end(in_delay, by, now, recredit=True), *_end(late, by, now, recredit=False)]
    change_counters(Counter(), Counter(each.session_id for each in bookings))
    record_changes(cancelled=bookings)
    post_orders(promote(list(sessions), postings))
    return Left(len(bookings), len(entries), sum(each.cents for each in in_delay if each.is_paid))


def _end(bookings: Iterable[Booking], by: User, now: datetime, recredit: bool) -> list[Posting]:
    """End locked bookings, an order a way of paying; what comes back, or is due all the same."""
    postings = []
    for billing in Billing.values:
        rows = [each for each in bookings if each.billing == billing]
        if rows:
            order = _order(rows, by, billing, now, recredit)
            postings += _money(rows, order, recredit)
    return postings


def _order(rows: list[Booking], by: User, billing: str, now: datetime, recredit: bool) -> Order:
    order = Order.objects.create(
        family_id=rows[0].family_id,
        by=by,
        billing=billing,
        cancelled_cents=sum(each.cents for each in rows),
        consent="" if recredit else LABEL,
        at=now,
    )
    for booking in rows:
        move(booking, Booking.Status.CANCELLED, cancelled_at=now, cancelled_by=by, cancelled_in=order)
    return order


def _money(rows: list[Booking], order: Order, recredit: bool) -> list[Posting]:
    if recredit:
        moves = recredit_bookings(rows)
        return [(Draft(Operation.Kind.CANCELLATION, moves, order.by, LABEL, order.at), order)] if moves else []
    due = [each for each in rows if not each.is_paid]
    for booking in due:
        booking.debited_at = order.at
        booking.save(update_fields=["debited_at"])
    moves = pay_bookings(due)
    return [(Draft(Operation.Kind.DEFERRED_DEBIT, moves, order.by, LABEL, order.at), None)] if moves else []
