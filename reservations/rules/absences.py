"""Until when an absence is told, and what is forgiven, as pure functions."""

from datetime import UTC, date, datetime, timedelta

from reservations.rules.calendar import DAY
from reservations.rules.deadlines import MIDNIGHT, PARIS, instant


def told_until(day: date, hours: int) -> datetime:
    """The instant until which an absence of ``day`` is told and proven: so many hours after the day is over."""
    # Hours that pass, not hours on the clock, as for deadlines.
    return (instant(day + DAY, MIDNIGHT).astimezone(UTC) + timedelta(hours=hours)).astimezone(PARIS)
