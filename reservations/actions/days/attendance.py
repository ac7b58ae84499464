"""The day itself: who came, as it is marked on a sheet, and who came without a booking and is billed for it.

Locks in the one order: key → members by pk → sessions (``lock_sessions``) → bookings by pk → accounts.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import F
from django.db.models.functions import Greatest
from django.utils import timezone

from accounts.models import User
from common.refusals import Refusal
from common.writing.once import claim_key
from common.writing.transactions import outermost
from families.models import Family, Member
from reservations.actions.places.baskets import CartChanged, change_counters, lock_sessions
from reservations.actions.places.changes import record_changes
from reservations.actions.places.ledger import MAX_LABEL, pay_bookings
from reservations.emails import desk as emails_desk
from reservations.models import Attendance, Billing, Booking, Order, Session
from reservations.reads.days.attendance import may_be_added, memberships_of, price_without_booking, sessions_of
from reservations.reads.family import lock_members
from reservations.rules import NoTariff
from wallet.actions import post
from wallet.models import Operation


class NotYet(Refusal):
    """Nobody is marked before the day."""

    sentence = "Cette journée n’a pas encore commencé : le pointage s’ouvre le jour même."


class NotAdded(Refusal):
    """The day is closed, to come, or too long ago."""

    sentence = "On ajoute un enfant le jour même, ou dans le mois qui suit, à une journée qui a eu lieu."


class AlreadyThere(Refusal):
    """The child is booked that day, by this family or the other one."""

    sentence = "Cet enfant est déjà sur la feuille : pointez-le."


class NotKnown(Refusal):
    """The child is no longer in this family, or the family is not one that the agent's services know."""

    sentence = "Cet enfant ne figure plus dans cette famille. Cherchez-le à nouveau."
    status = 404


@dataclass(frozen=True)
class Mark:
    """A tap on a sheet: which booking, how, and when it was tapped."""

    booking: int
    status: str
    at: datetime


@outermost
def mark(*, agent: User, session: Session, marks: Iterable[Mark]) -> dict[int, str]:
    """Write who came; of two marks of a child the later tap counts, whichever arrives first, and twice is once.

    Return how each child named stands now, by booking; a booking that no longer stands is left out. Raise NotYet.
    """
    session = sessions_of(agent).get(pk=session.pk)
    if session.date > timezone.localdate():
        raise NotYet
    last = {each.booking: each for each in sorted(marks, key=lambda each: each.at)}
    rows = Booking.objects.active().filter(session=session, pk__in=last).order_by("pk")
    bookings = list(rows.select_for_update(of=("self",), no_key=True))
    known = {row.member_id: row for row in session.attendances.filter(member__in=[row.member_id for row in bookings])}
    for booking in bookings:
        known[booking.member_id] = _write(known.get(booking.member_id), booking, last[booking.pk], agent)
    return {booking.pk: known[booking.member_id].status for booking in bookings}


def _write(known: Attendance | None, booking: Booking, tap: Mark, agent: User) -> Attendance:
    """The mark of a child as it stands after this tap."""
    row = known or Attendance(session_id=booking.session_id, member_id=booking.member_id)
    changed = (row.booking_id, row.status) != (booking.pk, tap.status)
    if known is None or (changed and (tap.at >= row.at or row.booking_id != booking.pk)):
        row.booking, row.status, row.by, row.at = booking, tap.status, agent, tap.at
        row.save()
    return row


# --- A child who came without a booking ------------------------------------------------------------------------------
def adding_purpose(session: Session, family: Family, member: Member) -> str:
    """What the key of « Présent » beside a child is made for; its detail is the price shown, in cents."""
    return f"came:{session.pk}:{family.pk}:{member.pk}"


@outermost
def add_present(*, agent: User, session: Session, family: Family, member: Member, key: str) -> dict:
    """Put a child who came without a booking on the sheet, present, billed to this family; return {"booking", "cents"}.

    The price is that of « Présence sans réservation »; it is owed whatever the wallet holds, and the family is told.
    A full day takes the child all the same: they are there. Raise NotAdded, AlreadyThere, NotKnown, NoTariff,
    CartChanged when the price is not the one shown.
    """
    once = claim_key(key, agent.owner, adding_purpose(session, family, member))
    if once.answer:
        return once.answer
    lock_members([member.pk])
    session = _lock_day(agent, session)
    _check(agent, session, family, member)
    cents = price_without_booking(session, family, member)
    if cents is None:
        raise NoTariff
    if str(cents) != once.detail:
        raise CartChanged
    booking = _book(agent, session, family, member, cents)
    Attendance.objects.update_or_create(
        session=session,
        member=member,
        defaults={"booking": booking, "status": Attendance.Status.PRESENT, "by": agent, "at": timezone.now()},
    )
    emails_desk.came_without_booking(booking)
    return once.remember({"booking": booking.pk, "cents": cents})


def _lock_day(agent: User, session: Session) -> Session:
    """The day, locked, as one of the agent's services."""
    found = sessions_of(agent).get(pk=session.pk)
    locked = lock_sessions([session.pk])[session.pk]
    locked.activity = found.activity
    return locked


def _check(agent: User, session: Session, family: Family, member: Member) -> None:
    if not may_be_added(session, timezone.localdate()):
        raise NotAdded
    if not memberships_of(agent).filter(family=family, member=member).exists():
        raise NotKnown
    if Booking.objects.active().filter(session=session, member=member).exists():
        raise AlreadyThere


def _book(agent: User, session: Session, family: Family, member: Member, cents: int) -> Booking:
    """Book and debit at once: a meal eaten is owed, so nothing of the floor holds it back."""
    now = timezone.now()
    order = Order.objects.create(family=family, by=agent, billing=Billing.DEFERRED, booked_cents=cents, at=now)
    booking = Booking.objects.create(
        session=session,
        member=member,
        family=family,
        order=order,
        billing=Billing.DEFERRED,
        cents=cents,
        quantity=session.activity.quantity,
        origin=Booking.Origin.UNBOOKED,
        debited_at=now,
    )
    _make_room(session)
    change_counters(Counter([session.pk]), Counter())
    record_changes(booked=[booking])
    if moves := pay_bookings([booking]):
        label = f"Présence sans réservation – {session}"[:MAX_LABEL]
        order.operation = post(Operation.Kind.DEFERRED_DEBIT, moves, actor=agent, label=label, at=now)
        order.save(update_fields=["operation"])
    return booking


def _make_room(session: Session) -> None:
    """One place more on a day that is full: nobody who waits loses one, and the counters stay true."""
    taken = F("booked") + F("held") + 1
    Session.objects.filter(pk=session.pk, capacity__isnull=False).update(capacity=Greatest("capacity", taken))
