"""A commune’s school year at a glance: what the page of the agents draws, and tells beside the drawing."""

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby

from accounts.models import Commune
from common.values.calendars import (
    PRE_RETURN,
    PUBLISHED,
    days_between,
    is_published,
    school_holidays_between,
    school_year_bounds,
)
from common.values.dates import MONTHS, month_after
from reservations.models import CalendarDay, SchoolCalendar
from reservations.reads.commune_calendar import CommuneDays, days_of

# The drawing, in units of its view box: a line a month, a column a day, three thin bands for the zones.
LEFT, CELL, LINE, HEIGHT, BAND = 112, 23, 44, 22, 4
WIDTH = LEFT + 31 * CELL


@dataclass(frozen=True)
class Cell:
    """A day as it is drawn; ``css`` says what it is, ``mark`` is written inside."""

    x: int
    css: str
    mark: str


@dataclass(frozen=True)
class Band:
    """Days of holidays of a zone that follow one another, in a month."""

    x: int
    y: int
    width: int
    zone: str


@dataclass(frozen=True)
class Month:
    y: int
    title: str
    cells: list[Cell]
    bands: list[Band]

    @property
    def text_y(self) -> int:
        return self.y + 15


@dataclass(frozen=True)
class Stretch:
    """Days with one name that follow one another."""

    name: str
    first: date
    last: date


@dataclass
class Year:
    """All that the page says of a school year."""

    number: int
    months: list[Month]
    holidays: list[Stretch]
    unknown: list[Stretch]
    public: dict[date, str]
    corrections: list[CalendarDay]
    entered: list[SchoolCalendar]
    pre_return: list[date]
    width: int = WIDTH
    height: int = 12 * LINE

    @property
    def title(self) -> str:
        return f"{self.number}-{self.number + 1}"


def read_year(commune: Commune, number: int) -> Year:
    """The school year that begins in ``number``, as « school_year_bounds » cuts it for everybody.

    Raise CalendarUnknown where the public holidays are not known.
    """
    first, last = school_year_bounds(number)
    days = days_of(commune, first, last)
    corrected = commune.own_days.filter(date__range=(first, last)).select_related("by")
    zones = {zone: set(school_holidays_between(first, last, zone)) for zone in PUBLISHED}
    corrections = list(corrected)
    changed = {each.date for each in corrections}
    months = [_month(rank, month_after(first, rank), days, changed, zones) for rank in range(12)]
    named = dict.fromkeys(sorted(days.unknown), "")
    entered = SchoolCalendar.objects.filter(zone=commune.zone, first__lte=last, last__gte=first).select_related("by")
    return Year(
        number,
        months,
        list(stretches(days.school)),
        list(stretches(named)),
        days.public,
        corrections,
        list(entered),
        [day for day in PRE_RETURN if commune.zone in PUBLISHED and is_published(day, "A") and _near(day, first)],
    )


def _near(day: date, first: date) -> bool:
    return abs(day - first) < timedelta(15)


def stretches(named: dict[date, str]) -> list[Stretch]:
    """The days with the same name that follow one another, in order."""
    found: list[Stretch] = []
    for day, name in sorted(named.items()):
        if found and found[-1].name == name and found[-1].last == day - timedelta(1):
            found[-1] = Stretch(name, found[-1].first, day)
        else:
            found.append(Stretch(name, day, day))
    return found


def _month(rank: int, first: date, days: CommuneDays, changed: set[date], zones: dict[str, set[date]]) -> Month:
    every, y = days_between(first, month_after(first) - timedelta(1)), rank * LINE
    cells = [Cell(_x(day), _css(day, days, changed), "?" if day in days.unknown else str(day.day)) for day in every]
    bands = [
        band
        for place, (zone, off) in enumerate(zones.items())
        for band in _bands(every, off, y + HEIGHT + 2 + place * (BAND + 1), zone)
    ]
    return Month(y, f"{MONTHS[first.month - 1].capitalize()} {first.year}", cells, bands)


def _bands(every: list[date], off: set[date], y: int, zone: str) -> list[Band]:
    runs = [list(run) for is_off, run in groupby(every, off.__contains__) if is_off]
    return [Band(_x(run[0]), y, len(run) * CELL, zone) for run in runs]


def _x(day: date) -> int:
    return LEFT + (day.day - 1) * CELL


def _css(day: date, days: CommuneDays, changed: set[date]) -> str:
    kinds = {"public": days.public, "unknown": days.unknown, "break": days.school}
    kind = next((name for name, those in kinds.items() if day in those), "weekend" if day.weekday() > 4 else "term")
    return f"is-{kind} is-corrected" if day in changed else f"is-{kind}"
