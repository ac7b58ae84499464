"""The red cross: one booking cancelled within its delay, recredited to the purse that paid (S2-60…S2-65).

The place goes to the first who waits for it, in the same transaction.
"""

from collections import Counter
from datetime import datetime

from django.utils import timezone

from accounts.models import User
from common.refusals import Refusal
from common.writing.once import claim_key
from common.writing.states import move
from common.writing.transactions import outermost
from reservations.actions.places.baskets import change_counters, lock_sessions
from reservations.actions.places.changes import record_changes
from reservations.actions.places.ledger import MAX_LABEL, post_orders, recredit_bookings
from reservations.actions.places.promotion import promote
from reservations.emails import bookings as emails
from reservations.models import Booking, Order, Session
from reservations.rules import in_time, spoken_deadline
from wallet.actions import Draft
from wallet.models import Operation


class TooLate(Refusal):
    """The cancelling deadline has passed; nothing is recredited."""

    sentence = "Le délai d’annulation est passé : cette réservation ne peut plus être annulée ni recréditée."


class AlreadyCancelled(Refusal):
    """The booking was cancelled or closed before."""

    sentence = "Cette réservation est déjà annulée."


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
    order = Order.objects.create(
        family_id=booking.family_id, by=user, billing=booking.billing, cancelled_cents=booking.cents, at=now
    )
    move(booking, Booking.Status.CANCELLED, cancelled_at=now, cancelled_by=user, cancelled_in=order)
    record_changes(cancelled=[booking])
    change_counters(Counter(), Counter([session.pk]))
    label = f"Annulation – {session}"[:MAX_LABEL]
    moves = recredit_bookings([booking])
    own = [(Draft(Operation.Kind.CANCELLATION, moves, user, label, now), order)] if moves else []
    post_orders(promote([session.pk], own))
    emails.booking_cancelled(order, booking)
    return once.remember({"order": order.pk})


def against_cancelling(booking: Booking, session: Session, now: datetime) -> Refusal | None:
    """Why this booking can no longer be cancelled by its family, as the page says beforehand; None when it can."""
    if booking.status != Booking.Status.BOOKED:
        return AlreadyCancelled()
    return None if in_time(session.cancellable_until, now) else TooLate(_too_late(session))


def _too_late(session: Session) -> str:
    if session.cancellable_until is None:
        return "Cette activité ne s’annule pas en ligne : contactez le service."
    return f"{TooLate.sentence} Le délai était : {spoken_deadline(session.cancellable_until)}."
