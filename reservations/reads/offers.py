"""What a family may do on some days, for each member, and why not: one reading for pages and for decisions.

The calendar shows an Offer, the checkout builds a new one under lock: both answer with the same words.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import NamedTuple

from common.models import authority
from common.values.calendars import school_year_of
from common.values.dates import date_long, opening_long
from common.values.money import euros
from common.writing.rows import Rows
from families.models import Member
from reservations.models import Activity, Billing, Booking, CartLine, Session, Tariff, WaitlistEntry
from reservations.reads.facts import FamilyFacts
from reservations.rules import (
    Candidate,
    Conditions,
    DayFacts,
    DayState,
    NoTariff,
    TariffLine,
    Terms,
    day_state,
    in_time,
    price,
    reasons_against,
    spoken_deadline,
)
from reservations.rules.eligibility import TO_TELL
from services.models import Audience
from services.reads.access import may_ask
from services.rules import reason_without_access
from wallet.models import Purse

Residence = Audience.Residence
ASKABLE = (DayState.OPEN, DayState.WAITABLE)
NO_PLACE = "il n’y a plus de place."
NO_PLACE_NOR_LIST = "l’activité et sa liste d’attente sont complètes."


class PriceBook:
    """The prices of some activities for one family, in cents.

    What a member is for the service drives the price: the audience of their line, or by residence where none is asked.
    """

    def __init__(self, activities: Iterable[Activity], facts: FamilyFacts, kind: str = Tariff.Kind.NORMAL):
        self._facts = facts
        self._lines = defaultdict(list)
        self._audience = {}
        self._activities = {activity.pk: activity for activity in activities}
        for row, audience in _TARIFFS(list(self._activities), kind):
            self._lines[row.activity_id].append(_line(row))
            if audience and audience.residence == self._residence(self._activities[row.activity_id].service.commune_id):
                self._audience[row.activity_id] = row.audience_id
            elif audience and audience.residence == Residence.ANY:
                self._audience.setdefault(row.activity_id, row.audience_id)

    def cents(self, activity_id: int, day: date, member: Member | None) -> int:
        """The price of one day of a member in euro cents, all its units; raise NoTariff when there is none."""
        _, audience = _access(self._activities[activity_id], member)
        audience = audience or self._audience.get(activity_id)
        unit_price = price(self._lines[activity_id], audience, self._facts.quotient_on(day), day)
        return unit_price * self._activities[activity_id].quantity

    def _residence(self, commune_id: int) -> str:
        return Residence.INSIDE if self._facts.family.commune_id == commune_id else Residence.OUTSIDE


_TARIFFS = Rows(
    """
    SELECT {tariff}, {audience} FROM reservations_tariff tariff
    LEFT JOIN services_audience audience ON audience.id = tariff.audience_id
    WHERE tariff.activity_id = ANY(%s) AND tariff.kind = %s
    ORDER BY tariff.valid_from, audience.name, tariff.quotient_from
    """,
    tariff=Tariff,
    audience=Audience,
)


def asks_first(activity: Activity) -> bool:
    """Whether only those whom its service let in may book: always on demand, else for what is debited later."""
    return activity.service.asks_first(on_credit=activity.billing == Billing.DEFERRED)


def _access(activity: Activity, member: Member | None) -> tuple[str | None, int | None]:
    """Status and audience of the member's line where one is asked for; who left the family since (None) has none."""
    if member is None or not asks_first(activity):
        return None, None
    return member.access.get(activity.service_id, (None, None))


def _line(row: Tariff) -> TariffLine:
    return TariffLine(
        price_cents=row.cents,
        valid_from=row.valid_from,
        valid_to=row.valid_to,
        audience=row.audience_id,
        qf_from=row.quotient_from,
        qf_to=row.quotient_to,
    )


class Against(NamedTuple):
    """Why a day cannot be booked: in a word or two, and as a sentence."""

    word: str
    reason: str


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
        state = day_state(self._facts_of(session, booking, self.entry(session, member)))
        if state in ASKABLE and (self.against_activity(session.activity) or self._not_for(session, member)):
            return DayState.CLOSED
        return state

    def takes(self, sessions: Iterable[Session], member: Member) -> bool:
        """Whether the activity takes the member on any of these days, or may once the family tells more; others are not offered."""
        return any(all(reason.startswith(TO_TELL) for reason in self._unfit(each, member)) for each in sessions)

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
        reasons = [each.reason for each in (*self._against_day(session), *self._not_for(session, member))]
        if self.cents(session, member) is None:
            reasons.append(NoTariff.sentence)
        return suspended + [f"{who_when(member, session)} : {reason}" for reason in reasons]

    def closed_because(self, session: Session, member: Member) -> "Against":
        """Why a day in state ``closed`` is closed to the member: in a word for its cell, and as refusals say it."""
        if reasons := self._against_day(session):
            return reasons[0]
        if reasons := self._not_for(session, member):
            return reasons[0]
        return Against("Suspendu", "les nouvelles réservations sont suspendues.")

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
            return [f"{who_when(member, session)} : {_too_late('d’annulation', session.cancellable_until)}"]
        return []

    def _against_day(self, session: Session) -> list["Against"]:
        activity = session.activity
        if not (activity.is_open and activity.service.is_open):
            return [Against("Fermé", "cette activité n’est plus proposée.")]
        if session.closed_at:
            return [Against("Fermé", f"fermé ({session.closed_reason}).")]
        if self.opens_at(activity) > self.now:
            return [Against("Pas encore", self._opening(activity))]
        if activity.booking_closes_at and activity.booking_closes_at <= self.now:
            return [Against("Terminé", "les réservations de cette période sont terminées.")]
        if not in_time(session.bookable_until, self.now):
            return [Against("Trop tard", _too_late("de réservation", session.bookable_until))]
        return []

    def opens_at(self, activity: Activity) -> datetime:
        """When this family may book: residents of the service's commune may be first."""
        first = activity.residents_open_at if self.is_resident(activity) else None
        return first or activity.booking_opens_at

    def _opening(self, activity: Activity) -> str:
        told = f"les réservations ouvrent le {_moment(self.opens_at(activity))}"
        if not activity.residents_open_at or self.is_resident(activity):
            return f"{told}."
        return f"{told} (le {_moment(activity.residents_open_at)} pour les résidents de {activity.service.commune})."

    def is_resident(self, activity: Activity) -> bool:
        """Whether the family lives in the commune of the service."""
        return self.facts.family.commune_id == activity.service.commune_id

    def _not_for(self, session: Session, member: Member) -> list["Against"]:
        lacking = [Against("Sans accès", reason) for reason in without_access(session.activity, member)]
        return lacking + [
            Against("À compléter" if reason.startswith(TO_TELL) else "Non concerné", reason)
            for reason in self._unfit(session, member)
        ]

    def _unfit(self, session: Session, member: Member) -> list[str]:
        activity = session.activity
        school, level = member.places.get(school_year_of(session.date), (None, None))
        conditions = Conditions(
            min_age=activity.age_min,
            max_age=activity.age_max,
            schools=frozenset(activity.school_ids),
            classes=frozenset(activity.levels),
        )
        candidate = Candidate(first_name="", birth=member.birth_date, school=school, school_class=level)
        return reasons_against(conditions, candidate, session.date)

    def _facts_of(self, session: Session, booking: Booking | None, entry: WaitlistEntry | None) -> DayFacts:
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
            opens_at=self.opens_at(activity),
            closes_at=activity.booking_closes_at,
        )


def suspension(owed: int, purse: Purse) -> str:
    """What a family reads whose bookings are suspended: what it owes (cents), how to pay, whom to call."""
    name = "" if purse.is_default else f" « {purse.name} »"
    known = authority()
    contact = known.phone or known.email
    whom = f"{known.name} ({contact})" if contact else known.name
    return (
        f"Il reste {euros(owed)} à régler sur votre porte-monnaie{name} : les nouvelles réservations sont suspendues. "
        f"Rechargez votre crédit pour réserver à nouveau ; en cas de difficulté, contactez {whom}. "
        "Vos réservations déjà faites restent valables et peuvent toujours être annulées dans les délais."
    )


def without_access(activity: Activity, member: Member) -> list[str]:
    """Why the service has not let the member in, and what to do (S2-47, S2-50); empty when it has, or need not."""
    if not asks_first(activity):
        return []
    status, _ = _access(activity, member)
    asked = status is not None or may_ask(activity.service, member)
    reason = reason_without_access(str(activity.service), status, may_ask=asked)
    return [reason] if reason else []


def may_book_there(activity: Activity, member: Member) -> bool:
    """Whether the service let the member in, or may be asked to; an adult is not offered what is for children."""
    known = _access(activity, member)[0] is not None
    return known or not without_access(activity, member) or may_ask(activity.service, member)


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


def against_places(session: Session, member: Member) -> list[str]:
    """Why a day has neither a place nor room on its list; empty when it has."""
    return [no_place(session, member)] if is_full(session) and session.waiting >= session.waiting_capacity else []


def is_full(session: Session) -> bool:
    """Nobody overtakes: while anyone waits, a free place belongs to the list."""
    if session.waiting:
        return True
    return session.capacity is not None and session.booked + session.held >= session.capacity


def _too_late(what: str, limit: datetime | None) -> str:
    if limit is None:
        return f"pas {what} en ligne pour cette activité, contactez le service."
    return f"le délai {what} est passé (c’était jusqu’au {spoken_deadline(limit)})."


def no_place(session: Session, member: Member) -> str:
    """Why the day cannot be booked for one more."""
    return f"{who_when(member, session)} : {NO_PLACE_NOR_LIST if session.waiting_capacity else NO_PLACE}"


def who_when(member: Member, session: Session) -> str:
    """« Louane, mardi 10 novembre », how a refusal begins."""
    return f"{member.first_name}, {date_long(session.date, session.date)}"


def _moment(instant: datetime) -> str:
    return opening_long(instant, instant)
