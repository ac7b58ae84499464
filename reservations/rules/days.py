"""What one day is for one child: one of nine states, decided from facts alone."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from reservations.rules.deadlines import in_time


class DayState(StrEnum):
    """The six states of the legend, and three more; colour, icon and words show them, never colour alone."""

    CLOSED = "closed"
    OPEN = "open"
    BOOKED = "booked"
    LOCKED = "locked"
    WAITABLE = "waitable"
    FULL = "full"
    WAITING = "waiting"
    OFFERED = "offered"
    CANCELLED = "cancelled"

    @property
    def words(self) -> str:
        """A few words, for the day and for the legend."""
        return _WORDS[self][0]

    @property
    def meaning(self) -> str:
        """A whole sentence, for the help of the legend."""
        return _WORDS[self][1]


_WORDS = {
    DayState.CLOSED: ("Fermé", "Ce jour n’est pas ouvert à la réservation."),
    DayState.OPEN: ("Libre", "Ce jour est ouvert à la réservation et vous n’avez rien réservé."),
    DayState.BOOKED: ("Réservé, modifiable", "Vous avez une réservation ce jour-là et vous pouvez encore l’annuler."),
    DayState.LOCKED: (
        "Réservé, délai passé",
        "Vous avez une réservation ce jour-là et le délai d’annulation est passé.",
    ),
    DayState.WAITABLE: ("Complet, liste d’attente ouverte", "Vous pouvez demander à être mis en liste d’attente."),
    DayState.FULL: (
        "Complet",
        "L’activité et sa liste d’attente sont complètes\u00a0: aucune réservation n’est possible.",
    ),
    DayState.WAITING: ("En liste d’attente", "Votre demande attend qu’une place se libère."),
    DayState.OFFERED: (
        "Place proposée",
        "Une place s’est libérée pour vous\u00a0: confirmez-la avant l’heure indiquée.",
    ),
    DayState.CANCELLED: ("Fermé, recrédité", "Ce jour a été fermé après votre réservation, qui vous a été recréditée."),
}


@dataclass(frozen=True, kw_only=True)
class DayFacts:
    """What is known of a session for a child at ``now``; every instant is aware.

    ``capacity`` None is without limit; ``taken`` counts places booked and held; ``waiting_capacity`` 0 is without
    a list. A window without ``opens_at`` or ``closes_at`` is open on that side; ``bookable_until`` and
    ``cancellable_until`` are deadlines, where None means never.
    """

    now: datetime
    session_open: bool = False
    capacity: int | None = None
    taken: int = 0
    waiting: int = 0
    waiting_capacity: int = 0
    booked: bool = False
    closed_after_booking: bool = False
    waiting_rank: int | None = None
    offered_until: datetime | None = None
    bookable_until: datetime | None = None
    cancellable_until: datetime | None = None
    opens_at: datetime | None = None
    closes_at: datetime | None = None


def day_state(facts: DayFacts) -> DayState:
    """The state of the day; what the child already has there comes before what could still be booked."""
    if facts.booked:
        return DayState.BOOKED if in_time(facts.cancellable_until, facts.now) else DayState.LOCKED
    if not facts.session_open:
        return DayState.CANCELLED if facts.closed_after_booking else DayState.CLOSED
    if _has_offer(facts):
        return DayState.OFFERED
    if facts.waiting_rank is not None:
        return DayState.WAITING
    return _state_of_places(facts) if _is_bookable(facts) else DayState.CLOSED


def _has_offer(facts: DayFacts) -> bool:
    """Offers end at the booking deadline at the latest."""
    return in_time(facts.offered_until, facts.now) and in_time(facts.bookable_until, facts.now)


def _is_bookable(facts: DayFacts) -> bool:
    opened = facts.opens_at is None or not in_time(facts.opens_at, facts.now)
    closed = facts.closes_at is not None and not in_time(facts.closes_at, facts.now)
    return opened and not closed and in_time(facts.bookable_until, facts.now)


def _state_of_places(facts: DayFacts) -> DayState:
    """Nobody overtakes: while anyone waits, a free place belongs to the list."""
    if facts.waiting == 0 and (facts.capacity is None or facts.taken < facts.capacity):
        return DayState.OPEN
    return DayState.WAITABLE if facts.waiting < facts.waiting_capacity else DayState.FULL
