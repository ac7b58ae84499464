"""Waiting lists: until when they serve, who is only offered a place, and for how long it is kept."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from reservations.rules.deadlines import in_time


@dataclass(frozen=True, kw_only=True)
class Terms:
    """What a day and its activity say of the list; every instant is aware, None as in ``DayFacts``."""

    day: date
    bookable_until: datetime | None
    cancellable_until: datetime | None
    closes_at: datetime | None
    offer_hours: int
    offer_only_days: int | None


def list_ends_at(terms: Terms) -> datetime | None:
    """The instant at which entries not served lapse: nobody books the day any more; None: it is never booked online."""
    if terms.bookable_until is None or terms.closes_at is None:
        return terms.bookable_until
    return min(terms.bookable_until, terms.closes_at)


def is_only_offered(terms: Terms, now: datetime, today: date) -> bool:
    """Whether nobody is debited unasked any more: past the cancelling deadline, or N days before the day."""
    near = terms.offer_only_days is not None and (terms.day - today).days <= terms.offer_only_days
    return near or not in_time(terms.cancellable_until, now)


def offered_until(terms: Terms, now: datetime) -> datetime:
    """Until when an offer made ``now`` stands: some hours, to the next whole minute, and never longer than the list."""
    whole = now + timedelta(hours=terms.offer_hours, seconds=59, microseconds=999_999)
    return min(whole.replace(second=0, microsecond=0), list_ends_at(terms))


def spoken_rank(rank: int) -> str:
    """« 1er sur la liste », « 3e sur la liste »."""
    return f"{rank}{'er' if rank == 1 else 'e'} sur la liste"
