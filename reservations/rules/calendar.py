"""What the other rules know of the days: plain sets, so that agents may correct any date."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from functools import cached_property

from common.values.calendars import CalendarUnknown, unknown_school_year
from common.values.dates import date_numeric

DAY = timedelta(1)
WEDNESDAY, SATURDAY = 2, 5


class Counting(StrEnum):
    """Which days count when a delay is counted backwards."""

    ALL = "all"
    CLEAR = "clear"  # jours francs: neither the day itself nor the day of the request counts
    WEEKDAYS = "weekdays"  # Monday to Friday
    WORKING = "working"  # weekdays that are not public holidays
    OPENING = "opening"  # days on which the activity opens
    SCHOOL = "school"  # school weekdays outside public and school holidays


@dataclass(frozen=True, kw_only=True)
class Calendar:
    """The days from ``first`` to ``last``; asked beyond them it raises CalendarUnknown rather than guess.

    ``closed_days`` are closures that agents added; ``opening_days`` the days on which the activity opens;
    ``school_weekdays`` Monday is 0, without Wednesday where schools keep the week of four days. Of the days in
    ``school_unknown`` nobody published whether there is school in ``zone``: who asks gets CalendarUnknown too.
    """

    first: date
    last: date
    public_holidays: frozenset[date] = frozenset()
    school_holidays: frozenset[date] = frozenset()
    closed_days: frozenset[date] = frozenset()
    opening_days: frozenset[date] = frozenset()
    school_weekdays: frozenset[int] = frozenset({0, 1, 3, 4})
    school_unknown: frozenset[date] = frozenset()
    zone: str = ""

    def is_public_holiday(self, day: date) -> bool:
        return self._known(day) in self.public_holidays

    def is_school_holiday(self, day: date) -> bool:
        if self._known(day) in self.school_unknown:
            raise unknown_school_year(day, self.zone)
        return day in self.school_holidays

    def is_closed(self, day: date) -> bool:
        return self._known(day) in self.closed_days

    def is_working_day(self, day: date) -> bool:
        return is_weekday(day) and not self.is_public_holiday(day)

    def is_school_day(self, day: date) -> bool:
        on_weekday = self._known(day).weekday() in self.school_weekdays and not self.is_public_holiday(day)
        return on_weekday and not self.is_school_holiday(day)

    def is_opening_day(self, day: date) -> bool:
        """Before its first known opening an activity counts working days, so that its first days have a delay too."""
        return self._known(day) in self.opening_days or (day < self._first_opening and self.is_working_day(day))

    def is_bridge(self, day: date) -> bool:
        """A working day between two days off, so next to a public holiday: the Friday after Ascension Day."""
        return self.is_working_day(day) and not any(self.is_working_day(other) for other in (day - DAY, day + DAY))

    def back(self, day: date, number: int, counting: Counting) -> date:
        """The day that lies ``number`` counted days before ``day``; ``day`` itself for 0."""
        if counting in (Counting.ALL, Counting.CLEAR):
            return day - DAY * (number + (counting == Counting.CLEAR))
        counts = self._predicate(counting)
        while number:
            day -= DAY
            number -= counts(day)
        return day

    def at_or_before(self, day: date, counting: Counting) -> date:
        """``day`` if it counts, else the last day before it that does."""
        return day if self._predicate(counting)(day) else self.back(day, 1, counting)

    def holiday_start(self, day: date) -> date:
        """The first opening day (else working day) of the school holidays around ``day``; ``day`` itself in term."""
        block = sorted(self._holiday_until(day))
        opening = [other for other in block if other in self.opening_days]
        return next(iter(opening or filter(self.is_working_day, block)), day)

    def _holiday_until(self, day: date) -> Iterator[date]:
        while self.is_school_holiday(day):
            yield day
            day -= DAY

    def _predicate(self, counting: Counting) -> Callable[[date], bool]:
        return {
            Counting.WEEKDAYS: is_weekday,
            Counting.WORKING: self.is_working_day,
            Counting.OPENING: self.is_opening_day,
            Counting.SCHOOL: self.is_school_day,
        }[counting]

    @cached_property
    def _first_opening(self) -> date:
        return min(self.opening_days, default=date.max)

    def _known(self, day: date) -> date:
        if not self.first <= day <= self.last:
            raise CalendarUnknown(f"Le calendrier du {date_numeric(day)} n’est pas connu.")
        return day


def is_weekday(day: date) -> bool:
    return day.weekday() < SATURDAY
