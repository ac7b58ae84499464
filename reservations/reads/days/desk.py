"""What an agent may book for a family, and at which price: one reading for the recap page and for the decision."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from hashlib import sha256

from django.utils import timezone

from common.values.dates import date_long
from families.models import Family, Member
from reservations.models import Activity, Booking, Session, Tariff
from reservations.reads.days.absences import is_forgiven
from reservations.reads.family import FamilyFacts, family_facts, members_with_schooling
from reservations.reads.offers import Offer, read_bookings
from reservations.reads.prices import PriceBook
from reservations.reads.reasons import against_member, who_when
from reservations.rules import NoTariff, in_time

NOT_CERTIFIED = "La famille n’a pas encore certifié ses informations cette année : certifiez-les avec elle d’abord."
NOBODY = "Choisissez au moins un enfant de la famille et une journée de l’activité."


class DeskOffer(Offer):
    """A family's days as an agent books them: deadlines become late prices; places, ages and debts stay what they are."""

    def __init__(self, activity: Activity, facts: FamilyFacts, members: dict[int, Member]):
        super().__init__(facts, members, PriceBook([activity], facts), timezone.now())
        self.late_prices = PriceBook([activity], facts, Tariff.Kind.LATE)
        self.forgiven: set[tuple[int, int]] = set()

    def is_late(self, session: Session) -> bool:
        """Whether families can no longer book that day themselves."""
        closes = session.activity.booking_closes_at
        return not in_time(session.bookable_until, self.now) or bool(closes and closes <= self.now)

    def cents(self, session: Session, member: Member) -> int | None:
        """The price: « réservation tardive » past the deadline where the activity has such a tariff; None without any."""
        if self.is_late(session) and (session.pk, member.pk) not in self.forgiven:
            try:
                return self.late_prices.cents(session.activity_id, session.date, self.members.get(member.pk))
            except NoTariff:
                pass
        return super().cents(session, member)

    def forgive(self, days: list[Session]) -> None:
        """Give each child its right to one error a school year, on its first late day that would cost more."""
        for member in self.members.values():
            for day in days:
                if self.is_late(day) and not self.booking(day, member) and is_forgiven(day, member.pk):
                    late, normal = self.cents(day, member), super().cents(day, member)
                    if normal is not None and late != normal:
                        self.forgiven.add((day.pk, member.pk))
                        break

    def line(self, session: Session, member: Member) -> "DeskLine":
        """All that the agent must know of that day for that child."""
        return DeskLine(
            session,
            member,
            self.cents(session, member),
            self.is_late(session),
            self.against(session, member),
            (session.pk, member.pk) in self.forgiven,
        )

    def against(self, session: Session, member: Member) -> list[str]:
        """Every reason why the agent cannot book that day for that child; empty when they can."""
        booking = self.booking(session, member)
        if booking:
            reasons = ["déjà réservé." if self.is_ours(booking) else "déjà réservé par l’autre parent."]
        elif self.entry(session, member):  # to whom a place is offered gets that one, not another
            reasons = ["sur la liste d’attente."]
        else:
            lacking = [each.reason for each in against_member(session, member)]
            reasons = [*self._against_the_day(session), *lacking]
            if self.cents(session, member) is None:
                reasons.append(NoTariff.sentence)
        return [f"{who_when(member, session)} : {reason}" for reason in reasons]

    def _against_the_day(self, session: Session) -> list[str]:
        activity = session.activity
        if not (activity.is_open and activity.service.is_open):
            return ["cette activité n’est plus proposée."]
        if session.closed_at:
            return [f"fermé ({session.closed_reason})."]
        if session.date < timezone.localdate(self.now):
            return ["ce jour est passé : ajoutez l’enfant sur la feuille de présence."]
        if activity.booking_opens_at > self.now:
            return ["les réservations n’ont pas encore ouvert."]
        if session.waiting:
            return ["des enfants attendent une place : personne ne passe devant eux."]
        return ["il n’y a plus de place."] if places_left(session) == 0 else []


@dataclass(frozen=True)
class DeskLine:
    """A day for a child: its price in cents, whether it is late, why not, and whether its lateness is forgiven."""

    session: Session
    member: Member
    cents: int | None
    late: bool
    reasons: list[str]
    forgiven: bool = False

    @property
    def origin(self) -> str:
        return Booking.Origin.LATE if self.late else Booking.Origin.AGENT


@dataclass(frozen=True)
class DeskBasket:
    """What an agent is about to book for a family."""

    family: Family
    activity: Activity
    lines: list[DeskLine]
    reasons: list[str]

    @property
    def cents(self) -> int:
        return sum(line.cents or 0 for line in self.lines)

    @property
    def content(self) -> str:
        """Names these days and prices: a page made for others confirms nothing."""
        said = sorted((line.session.pk, line.member.pk, line.cents, line.late) for line in self.lines)
        return sha256(repr(said).encode()).hexdigest()[:16]


def read_desk(
    family: Family,
    activity: Activity,
    members: Collection[int],
    sessions: dict[int, Session],
    lock: bool = False,
) -> DeskBasket:
    """The days for each child with prices and reasons; ``lock``: the caller holds the locks of children and days."""
    activity = Activity.objects.with_schools().get(pk=activity.pk)
    facts = family_facts(family.pk, timezone.localdate())
    found = {member.pk: member for member in members_with_schooling(family.pk, members)}
    days = sorted(sessions.values(), key=lambda session: session.date)
    for session in days:
        session.activity = activity
    offer = DeskOffer(activity, facts, found)
    read_bookings(offer, days, lock)
    offer.forgive(days)
    lines = [offer.line(day, member) for day in days for member in found.values()]
    return DeskBasket(family, activity, lines, _against(offer, activity, lines))


def _against(offer: DeskOffer, activity: Activity, lines: list[DeskLine]) -> list[str]:
    if not lines:
        return [NOBODY]
    reasons = [] if offer.facts.certified else [NOT_CERTIFIED]
    reasons += offer.against_activity(activity)
    reasons += [reason for line in lines for reason in line.reasons]
    reasons += _too_many(lines)
    return list(dict.fromkeys(reasons))


def _too_many(lines: list[DeskLine]) -> list[str]:
    """Each child alone would fit, together they do not."""
    wanted = Counter(line.session for line in lines)
    return [
        f"{date_long(day.date, day.date)} : il ne reste que {left} place{'s' * (left > 1)}."
        for day, number in wanted.items()
        if (left := places_left(day)) and number > left
    ]


def places_left(session: Session) -> int | None:
    """The places that are free; None without a limit."""
    return None if session.capacity is None else max(0, session.capacity - session.booked - session.held)
