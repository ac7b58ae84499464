"""Agents book or cancel for a family that agrees, paid from its wallet (S2-74, S2-75): same rules, late prices.

Locks in the one order: key → members by pk → sessions (``lock_sessions``) → bookings by pk → waitlist entries → accounts.
"""

from collections import Counter
from collections.abc import Collection
from datetime import date

from django.utils import timezone

from accounts.models import User
from common.refusals import Refusal
from common.values.calendars import school_year_of
from common.writing.once import claim_key
from common.writing.states import move
from common.writing.transactions import outermost
from families.models import Family
from reservations.actions.cancelling import AlreadyCancelled
from reservations.actions.checkout import DaysRefused
from reservations.actions.places.baskets import CartChanged, change_counters, lock_sessions
from reservations.actions.places.changes import record_changes
from reservations.actions.places.ledger import (
    MAX_LABEL,
    Posting,
    pay_bookings,
    post_orders,
    recredit_bookings,
    require_floor,
)
from reservations.actions.places.promotion import promote
from reservations.emails import desk as emails_desk
from reservations.models import Activity, Billing, Booking, Forgiveness, Order, Session
from reservations.reads.days.desk import DeskBasket, read_desk
from reservations.reads.family import lock_members
from reservations.rules import in_time
from wallet.actions import Draft, post
from wallet.models import Operation


class ConsentMissing(Refusal):
    """Nobody books or cancels for a family that did not agree (S2-75)."""

    sentence = "Notez l’accord de la famille : qui l’a donné, quand et comment."


class ReasonMissing(Refusal):
    """The family reads why its booking was cancelled."""

    sentence = "Indiquez le motif : la famille le lit."


def booking_purpose(family: Family, activity: Activity) -> str:
    """What the key of the recap page is made for; its detail is ``DeskBasket.content``."""
    return f"desk:{family.pk}:{activity.pk}"


@outermost
def book_for_family(
    *,
    agent: User,
    family: Family,
    activity: Activity,
    members: Collection[int],
    days: Collection[date],
    consent: str,
    key: str,
) -> dict:
    """Book these days for these children of the family, all or nothing; return {"order": pk}.

    ``consent``: who of the family agreed, when and how. Family and activity are of the agent's communes. A second
    click gets the first answer. Raise ConsentMissing, DaysRefused, CartChanged, NotEnough, StalePage.
    """
    once = claim_key(key, agent.owner, booking_purpose(family, activity))
    if once.answer:
        return once.answer
    if not consent.strip():
        raise ConsentMissing
    _require_own(agent, family, activity)
    basket = _lock_basket(family, activity, members, days)
    if basket.reasons:
        raise DaysRefused(*basket.reasons)
    if basket.content != once.detail:
        raise CartChanged
    order = _carry_out(basket, agent, consent)
    emails_desk.booked_by_agent(order, basket.lines)
    return once.remember({"order": order.pk})


def _require_own(agent: User, family: Family, activity: Activity) -> None:
    Family.objects.of_agent(agent).get(pk=family.pk)
    Activity.objects.of_agent(agent).get(pk=activity.pk)


def _lock_basket(family: Family, activity: Activity, members: Collection[int], days: Collection[date]) -> DeskBasket:
    lock_members(members)
    pks = Session.objects.filter(activity=activity, date__in=set(days)).values_list("pk", flat=True)
    return read_desk(family, activity, members, lock_sessions(list(pks)), lock=True)


def _carry_out(basket: DeskBasket, agent: User, consent: str) -> Order:
    now, activity = timezone.now(), basket.activity
    order = Order.objects.create(
        family=basket.family, by=agent, billing=activity.billing, booked_cents=basket.cents, consent=consent, at=now
    )
    booked = Booking.objects.bulk_create(
        Booking(
            session=line.session,
            member=line.member,
            family=basket.family,
            order=order,
            billing=activity.billing,
            cents=line.cents,
            quantity=activity.quantity,
            origin=line.origin,
        )
        for line in basket.lines
    )
    Forgiveness.objects.bulk_create(
        Forgiveness(
            activity=activity, member=line.member, school_year=school_year_of(line.session.date), booking=booking
        )
        for line, booking in zip(basket.lines, booked, strict=True)
        if line.forgiven
    )
    change_counters(Counter(booking.session_id for booking in booked), Counter())
    record_changes(booked=booked)
    moves = pay_bookings(booked)
    if moves:
        label = f"Réservations par le service, avec votre accord – {activity}"[:MAX_LABEL]
        order.operation = post(Operation.Kind.BOOKING, moves, actor=agent, label=label, at=now)
        order.save(update_fields=["operation"])
    require_floor([booking for booking in booked if booking.billing == Billing.DEFERRED])
    return order


@outermost
def cancel_for_family(*, agent: User, booking: Booking, consent: str, reason: str, recredit: bool, key: str) -> dict:
    """Cancel a family's booking, past the deadline too; return {"order": pk, "recredited": cents}.

    In time it is recredited as the rules say; late, the agent decides (``recredit``), and what is not yet debited is
    then debited. ``booking`` is of the agent's communes. Raise ConsentMissing, ReasonMissing, AlreadyCancelled.
    """
    once = claim_key(key, agent.owner, f"desk-cancel:{booking.pk}")
    if once.answer:
        return once.answer
    if not consent.strip():
        raise ConsentMissing
    if not reason.strip():
        raise ReasonMissing
    session = lock_sessions([booking.session_id])[booking.session_id]
    booking = lock_booking(Booking.objects.of_agent(agent), booking.pk)
    recredit = recredit or in_time(session.cancellable_until, timezone.now())
    order = end_booking(booking, by=agent, label=f"Annulation – {session}", recredit=recredit, consent=consent)
    recredited = booking.cents if order.operation_id else 0
    emails_desk.cancelled_by_agent(booking, reason, recredited, kept=not recredit)
    return once.remember({"order": order.pk, "recredited": recredited})


def lock_booking(bookings, pk: int) -> Booking:
    """A booking that still stands, locked; its day is locked before. Raise AlreadyCancelled."""
    booking = bookings.select_for_update(of=("self",), no_key=True).get(pk=pk)
    if booking.status != Booking.Status.BOOKED:
        raise AlreadyCancelled
    return booking


def end_booking(booking: Booking, *, by: User, label: str, recredit: bool = True, consent: str = "") -> Order:
    """End a locked booking of a locked day: its place goes to who waits; recredited, or else paid for all the same.

    The order has an operation exactly when money came back; one without, where there was a price, carries its consent.
    """
    now = timezone.now()
    order = Order.objects.create(
        family_id=booking.family_id,
        by=by,
        billing=booking.billing,
        cancelled_cents=booking.cents,
        consent=consent,
        at=now,
    )
    move(booking, Booking.Status.CANCELLED, cancelled_at=now, cancelled_by=by, cancelled_in=order)
    change_counters(Counter(), Counter([booking.session_id]))
    record_changes(cancelled=[booking])
    post_orders(promote([booking.session_id], _settle(booking, order, label, recredit)))
    return order


def _settle(booking: Booking, order: Order, label: str, recredit: bool) -> list[Posting]:
    """What comes back, as the order's operation; or else what would have been debited on the day, due all the same."""
    if recredit:
        moves = recredit_bookings([booking])
        return [(Draft(Operation.Kind.CANCELLATION, moves, order.by, label[:MAX_LABEL], order.at), order)] * bool(moves)
    if booking.is_paid:
        return []
    booking.debited_at = order.at
    booking.save(update_fields=["debited_at"])
    moves, label = pay_bookings([booking]), f"{label}, sans recrédit"[:MAX_LABEL]
    return [(Draft(Operation.Kind.DEFERRED_DEBIT, moves, order.by, label, order.at), None)] * bool(moves)
