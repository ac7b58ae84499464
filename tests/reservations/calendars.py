"""Real calendars for the tests of rules: zone A, from the summer of 2025 to that of 2028."""

from dataclasses import replace
from datetime import date

from common.values.calendars import public_holidays_between, school_holidays_between
from reservations.rules import Calendar, OpeningRule, Period, session_dates

FIRST, LAST = date(2025, 7, 1), date(2028, 8, 31)
SCHOOL_WEEK = frozenset({0, 1, 3, 4})


def zone_a(subdivision: str | None = None) -> Calendar:
    return Calendar(
        first=FIRST,
        last=LAST,
        public_holidays=frozenset(public_holidays_between(FIRST, LAST, subdivision, True)),
        school_holidays=frozenset(school_holidays_between(FIRST, LAST, "A")),
    )


def opened(calendar: Calendar, weekdays: set[int] | frozenset[int], period: Period, since: date = FIRST) -> Calendar:
    rule = OpeningRule(weekdays=frozenset(weekdays), period=period)
    return replace(calendar, opening_days=frozenset(session_dates([rule], calendar, since, LAST)))


ZONE_A = zone_a()
CANTEEN = opened(ZONE_A, SCHOOL_WEEK, Period.TERM)
HOLIDAY_CENTRE = opened(ZONE_A, {0, 1, 2, 3, 4}, Period.HOLIDAYS)
