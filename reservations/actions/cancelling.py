"""The red cross: bookings cancelled within their delay, recredited to the purse that paid (S2-60…S2-65).

The place goes to the first who waits for it, in the same transaction.
"""

from collections import Counter
from collections.abc import Collection
from datetime import datetime

from django.utils import timezone

from accounts.models import User
from common.refusals import Refusal, StalePage
from common.writing.once import claim_key
from common.writing.transactions import outermost
from reservations.actions.checkout import mark_cancelled
from reservations.actions.places.baskets import change_counters, lock_sessions
from reservations.actions.places.changes import record_changes
from reservations.actions.places.ledger import MAX_LABEL, post_orders, recredit_bookings
from reservations.actions.places.promotion import promote
from reservations.emails import bookings as emails
from reservations.models import Booking, Order, Session
from reservations.reads.reasons import who_when
from reservations.rules import in_time, spoken_deadline
from wallet.actions import Draft
from wallet.models import Operation


class TooLate(Refusal):
    """The cancelling deadline has passed; nothing is recredited."""

    sentence = "Le délai d’annulation est passé : cette réservation ne peut plus être annulée ni recréditée."


class AlreadyCancelled(Refusal):
    """The booking was cancelled or closed before."""

    sentence = "Cette réservation est déjà annulée."


class NothingChosen(Refusal):
    """No day of the family's was ticked."""

    sentence = "Cochez au moins un jour à annuler."


class NothingCancelled(Refusal):
    """None of the days that were ticked can be cancelled any more: a sentence for each, nothing was changed."""


SEVERAL = "cancel-days"  # the purpose of the key of a page where days are ticked


@outermost
def cancel_booking(*, user: User, booking: Booking, key: str) -> dict:
    """Cancel one booking of the user's own family; return {"order": pk}. A second click gets the first answer.

    ``booking`` comes from ``Booking.objects.of(user)``: only the payer cancels. Raise TooLate, AlreadyCancelled.
    """
    once = claim_key(key, user.owner, f"cancel:{booking.pk}")
    if once.answer:
        return once.answer
    session = lock_sessions([booking.session_id])[booking.session_id]
    booking = Booking.objects.of(user).select_for_update(of=("self",), no_key=True).get(pk=booking.pk)
    now = timezone.now()
    if against := against_cancelling(booking, session, now):
        raise against
    [order] = _end([booking], user, now)
    emails.booking_cancelled(order, booking)
    return once.remember({"order": order.pk})


@outermost
def cancel_bookings(*, user: User, bookings: Collection[int], key: str) -> dict:
    """Cancel at once those of the family's bookings (by pk) that still can be, and tell of each other one why not.

    Return {"cancelled": their pks, "cents": what came back, "kept": [sentence for each that stays]}. A second click gets
    the first answer. Raise NothingChosen, NothingCancelled, and StalePage for a forged key or one that has cancelled
    other days: nothing is changed then.
    """
    once = claim_key(key, user.owner, SEVERAL)
    asked = sorted(bookings)
    if once.answer:
        if once.answer["asked"] != asked:
            raise StalePage
        return once.answer
    mine = Booking.objects.of(user).filter(pk__in=asked)
    lock_sessions(set(mine.values_list("session", flat=True)))
    found = list(mine.select_for_update(of=("self",), no_key=True).select_related(*_SHOWN).order_by("pk"))
    now = timezone.now()
    against = {each.pk: against_cancelling(each, each.session, now) for each in found}
    ended = [each for each in found if not against[each.pk]]
    in_order = sorted(found, key=lambda each: (each.session.date, each.member.birth_date, each.pk))
    kept = [f"{who_when(each.member, each.session)} : {against[each.pk]}" for each in in_order if against[each.pk]]
    if not ended:
        raise NothingCancelled(*kept) if kept else NothingChosen
    orders, back = _end(ended, user, now), sum(each.cents for each in ended if each.is_paid)
    if len(ended) == 1:
        emails.booking_cancelled(orders[0], ended[0])
    else:
        emails.bookings_cancelled(orders[0], ended, back)
    return once.remember({"asked": asked, "cancelled": [each.pk for each in ended], "cents": back, "kept": kept})


_SHOWN = ("session__activity__service__commune", "member")


def _end(bookings: list[Booking], user: User, now: datetime) -> list[Order]:
    """Cancel bookings that are locked and standing, an order for each way of paying, and serve who waits for the places."""
    orders, own = [], []
    for billing in sorted({each.billing for each in bookings}):
        mine = [each for each in bookings if each.billing == billing]
        cents = sum(each.cents for each in mine)
        order = Order.objects.create(
            family_id=mine[0].family_id, by=user, billing=billing, cancelled_cents=cents, at=now
        )
        mark_cancelled(mine, order)
        if moves := recredit_bookings(mine):
            own.append((Draft(Operation.Kind.CANCELLATION, moves, user, _label(mine), now), order))
        orders.append(order)
    record_changes(cancelled=bookings)
    freed = Counter(each.session_id for each in bookings)
    change_counters(Counter(), freed)
    post_orders(promote(list(freed), own))
    return orders


def _label(bookings: list[Booking]) -> str:
    if len(bookings) == 1:
        return f"Annulation – {bookings[0].session}"[:MAX_LABEL]
    return f"Annulation – {len(bookings)} réservations"


def against_cancelling(booking: Booking, session: Session, now: datetime) -> Refusal | None:
    """Why this booking can no longer be cancelled by its family, as the page says beforehand; None when it can."""
    if booking.status != Booking.Status.BOOKED:
        return AlreadyCancelled()
    return None if in_time(session.cancellable_until, now) else TooLate(_too_late(session))


def _too_late(session: Session) -> str:
    if session.cancellable_until is None:
        return "Cette activité ne s’annule pas en ligne : contactez le service."
    return f"{TooLate.sentence} Le délai était : {spoken_deadline(session.cancellable_until)}."
