"""What a family may do on some days, for each member: one reading for pages and for decisions.

The calendar shows an Offer, the checkout builds a new one under lock: both answer with the same words. What a day costs
is in ``prices``, each reason why not in ``reasons``, who is let in where in ``access``.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from common.writing.rows import Rows
from families.models import Member
from reservations.models import Activity, Booking, CartLine, Session, WaitlistEntry
from reservations.reads.access import opens_at
from reservations.reads.family import FamilyFacts
from reservations.reads.prices import PriceBook
from reservations.reads.reasons import (
    Against,
    against_day,
    against_member,
    against_places,
    suspension,
    too_late,
    unfit,
    who_when,
)
from reservations.rules import DayFacts, DayState, NoTariff, Terms, day_state, in_time
from reservations.rules.eligibility import TO_TELL

ASKABLE = (DayState.OPEN, DayState.WAITABLE)


@dataclass
class Offer:
    """The days of some activities as one family sees them at ``now``. Sessions carry their activity."""

    facts: FamilyFacts
    members: dict[int, Member]
    prices: PriceBook
    now: datetime
    bookings: dict[tuple[int, int], Booking] = field(default_factory=dict)
    lines: dict[tuple[int, int], str] = field(default_factory=dict)
    entries: dict[tuple[int, int], WaitlistEntry] = field(default_factory=dict)

    def booking(self, session: Session, member: Member) -> Booking | None:
        """The booking that holds on that day, whichever parent made it."""
        return self.bookings.get((session.pk, member.pk))

    def entry(self, session: Session, member: Member) -> WaitlistEntry | None:
        """The member's live entry on that day's waiting list, with its rank, whichever parent asked."""
        return self.entries.get((session.pk, member.pk))

    def is_ours(self, row: Booking | WaitlistEntry) -> bool:
        return row.family_id == self.facts.family.pk

    def state(self, session: Session, member: Member) -> DayState:
        """The day's state for a member; a day that does not take the member, or not yet, is closed to them."""
        booking = self.booking(session, member)
        state = day_state(self._day_facts(session, booking, self.entry(session, member)))
        if state in ASKABLE and (self.against_activity(session.activity) or against_member(session, member)):
            return DayState.CLOSED
        return state

    def takes(self, sessions: Iterable[Session], member: Member) -> bool:
        """Whether the activity takes the member on any of these days, or may once the family tells more; others are not offered."""
        return any(all(reason.startswith(TO_TELL) for reason in unfit(each, member)) for each in sessions)

    def is_free(self, session: Session) -> bool:
        """Whether the day can be booked for at least one member."""
        return any(self.state(session, member) == DayState.OPEN for member in self.members.values())

    def cents(self, session: Session, member: Member) -> int | None:
        """What the day costs this family, or cost it when it was booked; None without a price."""
        booking = self.booking(session, member)
        if booking and self.is_ours(booking):
            return booking.cents
        try:
            return self.prices.cents(session.activity_id, session.date, self.members.get(member.pk))
        except NoTariff:
            return None

    def against_booking(self, session: Session, member: Member) -> list[str]:
        """Every reason, in French, why the day can be neither booked nor waited for; empty when it can."""
        return self.against_asking(session, member) or against_places(session, member)

    def against_asking(self, session: Session, member: Member) -> list[str]:
        """The same, whatever places are left."""
        entry = self.entry(session, member)
        if entry:
            rank = "une place est proposée" if entry.is_offered else f"déjà en liste d’attente, {entry.spoken_rank}"
            return [f"{who_when(member, session)} : {rank}."]
        return self.against_taking(session, member)

    def against_taking(self, session: Session, member: Member) -> list[str]:
        """The same for a place that is offered, which only this member may take."""
        booking = self.booking(session, member)
        if booking:
            whose = "" if self.is_ours(booking) else " par l’autre parent"
            return [f"{who_when(member, session)} : déjà réservé{whose}."]
        suspended = self.against_activity(session.activity)
        found = against_day(session, self.facts.family, self.now) + against_member(session, member)
        reasons = [each.reason for each in found]
        if self.cents(session, member) is None:
            reasons.append(NoTariff.sentence)
        return suspended + [f"{who_when(member, session)} : {reason}" for reason in reasons]

    def closed_because(self, session: Session, member: Member) -> Against:
        """Why a day in state ``closed`` is closed to the member: in a word for its cell, and as refusals say it."""
        reasons = against_day(session, self.facts.family, self.now) or against_member(session, member)
        return reasons[0] if reasons else Against("Suspendu", "les nouvelles réservations sont suspendues.")

    def against_activity(self, activity: Activity) -> list[str]:
        """Why the family books nothing new there for anybody: what it owes suspends it (a setting of the purse)."""
        owed = self.facts.suspended.get(activity.purse_id)
        return [] if owed is None else [suspension(owed, activity.purse)]

    def against_cancelling(self, session: Session, member: Member) -> list[str]:
        """Every reason, in French, why the day's booking cannot be cancelled by this family; empty when it can."""
        booking = self.booking(session, member)
        if booking is None or not self.is_ours(booking):
            return [f"{who_when(member, session)} : aucune réservation de votre famille à annuler."]
        if not in_time(session.cancellable_until, self.now):
            return [f"{who_when(member, session)} : {too_late('d’annulation', session.cancellable_until)}"]
        return []

    def _day_facts(self, session: Session, booking: Booking | None, entry: WaitlistEntry | None) -> DayFacts:
        activity = session.activity
        waits = entry is not None and not entry.is_offered
        ours = booking is not None and self.is_ours(booking)
        return DayFacts(
            now=self.now,
            session_open=not session.closed_at and activity.is_open and activity.service.is_open,
            capacity=session.capacity,
            taken=session.booked + session.held,
            waiting=session.waiting,
            waiting_capacity=session.waiting_capacity,
            waiting_rank=entry.rank if waits else None,
            offered_until=entry.offered_until if entry and not waits else None,
            booked=booking is not None,
            bookable_until=session.bookable_until,
            cancellable_until=session.cancellable_until if ours or booking is None else None,
            opens_at=opens_at(activity, self.facts.family),
            closes_at=activity.booking_closes_at,
        )


def read_bookings(offer: Offer, sessions: Iterable[Session], lock: bool = False) -> None:
    """Read the bookings that hold on these days for the offer's members; with ``lock``, for update by pk."""
    read_entries(offer, sessions)
    rows = (_LOCKED if lock else _STANDING)([session.pk for session in sessions], list(offer.members))
    offer.bookings = {(row.session_id, row.member_id): row for (row,) in rows}


_BOOKINGS = """
    SELECT {booking} FROM reservations_booking booking
    WHERE status = 'booked' AND session_id = ANY(%s) AND member_id = ANY(%s)
"""
_STANDING = Rows(_BOOKINGS, booking=Booking)
_LOCKED = Rows(f"{_BOOKINGS} ORDER BY id FOR NO KEY UPDATE", booking=Booking)


def read_entries(offer: Offer, sessions: Iterable[Session]) -> None:
    """Read the live entries of the offer's members where anybody waits; whoever changes one holds the day's lock."""
    days = [session.pk for session in sessions if session.waiting or session.held]
    if days:
        rows = WaitlistEntry.objects.live().filter(session__in=days, member__in=offer.members).with_rank()
        offer.entries = {(row.session_id, row.member_id): row for row in rows}


def read_bookings_and_lines(offer: Offer, sessions: list[Session]) -> None:
    """The same for a page, with the cart's lines, in one query."""
    read_entries(offer, sessions)
    wanted = {"session__in": [s.pk for s in sessions], "member__in": offer.members}
    columns = ("session_id", "member_id", "pk", "family_id", "cents", "billing")
    booked = Booking.objects.active().filter(**wanted).order_by().values_list("status", *columns)
    in_cart = (
        CartLine.objects.filter(cart__family=offer.facts.family, **wanted)
        .order_by()
        .values_list("act", "session_id", "member_id", "pk", "cart__family_id", "cart_id", "cart__billing")
    )
    for kind, session, member, pk, family, cents, billing in booked.union(in_cart, all=True):
        if kind == Booking.Status.BOOKED:
            offer.bookings[session, member] = Booking(
                pk=pk, session_id=session, member_id=member, family_id=family, cents=cents, billing=billing
            )
        else:
            offer.lines[session, member] = kind


def terms_of(session: Session) -> Terms:
    """What the day says of its waiting list."""
    activity = session.activity
    return Terms(
        day=session.date,
        bookable_until=session.bookable_until,
        cancellable_until=session.cancellable_until,
        closes_at=activity.booking_closes_at,
        offer_hours=activity.offer_hours,
        offer_only_days=activity.offer_only_days,
    )
