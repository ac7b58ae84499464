"""What ticking days means: a free day is asked for, a booked one is given up only by the box of that very day.

Filling a week, a month or a typical week only adds; so does a page that was drawn before the day was booked.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from families.models import Member
from reservations.models import CartLine, Session
from reservations.reads.offers import Offer
from reservations.rules import DayState

Act = CartLine.Act
ASKABLE = {DayState.OPEN, DayState.WAITABLE}
TAKEN = {DayState.BOOKED, DayState.LOCKED, DayState.WAITING, DayState.OFFERED}


@dataclass(frozen=True)
class Ticks:
    """The days that a person asks for, and the booked ones that they give up; a day in both is asked for."""

    asked: frozenset[date] = frozenset()
    given_up: frozenset[date] = frozenset()

    @property
    def days(self) -> frozenset[date]:
        return self.asked | self.given_up

    def gives_up(self, day: date) -> bool:
        return day in self.given_up and day not in self.asked

    def outside(self, month: date) -> "Ticks":
        """The same without the days of a month."""
        kept = (frozenset(day for day in days if not _is_in(day, month)) for days in (self.asked, self.given_up))
        return Ticks(*kept)

    def also(self, days: Iterable[date]) -> "Ticks":
        """The same, some days more asked for."""
        return Ticks(self.asked | set(days), self.given_up)


def _is_in(day: date, month: date) -> bool:
    return (day.year, day.month) == (month.year, month.month)


@dataclass
class Plan:
    """What ticked days come to: the acts wanted, the days that stand as they were, why others were left out.

    ``full``: of the others, those asked for by somebody who may come, left out for want of places only.
    """

    wanted: list[tuple[Session, Member, str]] = field(default_factory=list)
    standing: list[tuple[Session, Member]] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    full: list[tuple[Session, Member]] = field(default_factory=list)


def can_be_asked(states: Iterable[DayState]) -> bool:
    """Whether the day can be booked, or waited for, for at least one of those who have these states."""
    return not ASKABLE.isdisjoint(states)


def can_only_be_given_up(states: Iterable[DayState]) -> bool:
    """Whether the box of the day cancels: nobody can ask for it, and a booking may still change."""
    states = set(states)
    return DayState.BOOKED in states and not can_be_asked(states)


def plan(offer: Offer, sessions: Iterable[Session], ticks: Ticks) -> Plan:
    """What these ticks mean for each of the offer's members; other days are left alone."""
    found = Plan()
    for session in sessions:
        if ticks.gives_up(session.date):
            _give_up(found, offer, session)
        elif session.date in ticks.asked:
            _ask(found, offer, session)
    found.reasons = list(dict.fromkeys(found.reasons))
    return found


def _give_up(found: Plan, offer: Offer, session: Session) -> None:
    """Cancel for all who are booked; a day that nobody has is told."""
    booked = [member for member in offer.members.values() if offer.booking(session, member)]
    for member in booked or offer.members.values():
        against = offer.against_cancelling(session, member)
        found.reasons += against
        if not against:
            found.wanted.append((session, member, Act.CANCEL))


def _ask(found: Plan, offer: Offer, session: Session) -> None:
    """Book, or wait for, the day for all who can; who has it already stays as they are."""
    states = {pk: offer.state(session, member) for pk, member in offer.members.items()}
    for pk, member in offer.members.items():
        against = offer.against_booking(session, member)
        booking = offer.booking(session, member)
        if not against:
            act = Act.WAIT if states[pk] == DayState.WAITABLE else Act.BOOK
            found.wanted.append((session, member, act))
        elif booking and offer.is_ours(booking):
            found.standing.append((session, member))
        elif states[pk] not in TAKEN or not can_be_asked(states.values()):
            found.reasons += against
            found.full += [] if offer.against_asking(session, member) else [(session, member)]
