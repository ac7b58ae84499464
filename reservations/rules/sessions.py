"""Which days an activity opens, and which of them a family means by a typical week."""

from collections.abc import Collection, Hashable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import TypeVar

from reservations.rules.calendar import DAY, Calendar

Child = TypeVar("Child", bound=Hashable)


class Period(StrEnum):
    """The part of the year in which an opening rule holds."""

    TERM = "term"  # outside the school holidays
    HOLIDAYS = "holidays"  # during the school holidays
    ALL = "all"


@dataclass(frozen=True, kw_only=True)
class OpeningRule:
    """« Lundi, mardi, jeudi et vendredi en période scolaire »; weekdays count from Monday, 0.

    ``ranges`` are the dates in which the rule holds, both ends included; none means always. ``closures`` likewise.
    """

    weekdays: frozenset[int]
    period: Period = Period.TERM
    ranges: tuple[tuple[date, date], ...] = ()
    closures: tuple[tuple[date, date], ...] = ()
    on_public_holidays: bool = False
    on_bridges: bool = True


def session_dates(rules: Collection[OpeningRule], calendar: Calendar, first: date, last: date) -> list[date]:
    """The days, in order, on which at least one rule opens; days that the calendar closes never do.

    Raises CalendarUnknown when the calendar does not reach from ``first`` to ``last``.
    """
    return [day for day in _days(first, last) if not calendar.is_closed(day) and _opens(rules, calendar, day)]


def typical_week(
    weekdays: Mapping[Child, Collection[int]], first: date, last: date, dates: Iterable[date]
) -> list[tuple[Child, date]]:
    """The (child, day) pairs of a typical week repeated from ``first`` to ``last`` over the days that exist."""
    days = sorted({day for day in dates if first <= day <= last})
    return [(child, day) for day in days for child, chosen in weekdays.items() if day.weekday() in chosen]


def quantity(beneficiaries: int, dates: int) -> int:
    """What a line of the cart counts: every beneficiary on every date."""
    return beneficiaries * dates


def _days(first: date, last: date) -> Iterable[date]:
    return (first + DAY * number for number in range((last - first).days + 1))


def _opens(rules: Iterable[OpeningRule], calendar: Calendar, day: date) -> bool:
    return any(_holds(rule, calendar, day) for rule in rules)


def _holds(rule: OpeningRule, calendar: Calendar, day: date) -> bool:
    return (
        day.weekday() in rule.weekdays
        and (not rule.ranges or _within(rule.ranges, day))
        and _in_period(rule.period, calendar, day)
        and not _within(rule.closures, day)
        and (rule.on_public_holidays or not calendar.is_public_holiday(day))
        and (rule.on_bridges or not calendar.is_bridge(day))
    )


def _in_period(period: Period, calendar: Calendar, day: date) -> bool:
    return period == Period.ALL or calendar.is_school_holiday(day) == (period == Period.HOLIDAYS)


def _within(ranges: Iterable[tuple[date, date]], day: date) -> bool:
    return any(first <= day <= last for first, last in ranges)
