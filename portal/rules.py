"""Rules of what the portal itself says and hears, as pure functions, and the sentences of their refusals."""

from datetime import date, timedelta


def monday_of(day: date) -> date:
    """The Monday of the week of a day."""
    return day - timedelta(day.weekday())
