"""The periods that figures are read for, the steps they are cut into, and what each is compared with."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from common.values.calendars import school_year_bounds
from common.values.dates import date_numeric, month_after, month_title, school_year

YEAR = timedelta(weeks=52)  # the same weekday a year before
DAY = timedelta(days=1)
FORECAST_WEEKS = 8
DAYS_BY_DAY = 62  # longer is told by week or month
LONGEST = 3 * 366


class Kind(StrEnum):
    """What a period is."""

    YEAR = "annee"
    MONTH = "mois"
    WEEK = "semaine"
    DATES = "dates"


class Step(StrEnum):
    """Into what a period is cut."""

    DAY = "jour"
    WEEK = "semaine"
    MONTH = "mois"


@dataclass(frozen=True)
class Period:
    """Days from ``first`` to ``last``, both included."""

    kind: Kind
    first: date
    last: date

    @property
    def title(self) -> str:
        """« Année scolaire 2026-2027 », « Novembre 2026 », « Semaine du 02/11/2026 », « Du 02/11/2026 au 04/11/2026 »."""
        if self.kind == Kind.YEAR:
            return f"Année scolaire {self.first.year}-{self.last.year}"
        if self.kind == Kind.MONTH:
            return month_title(self.first)
        if self.kind == Kind.WEEK:
            return f"Semaine du {date_numeric(self.first)}"
        return f"Du {date_numeric(self.first)} au {date_numeric(self.last)}"

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def usual_step(self) -> Step:
        """Few enough parts to be seen, many enough to tell something."""
        return Step.DAY if self.days <= 31 else Step.WEEK if self.days <= 183 else Step.MONTH

    def beside(self, number: int) -> "Period":
        """The period as long as this one, so many before (below zero) or after it."""
        if self.kind == Kind.YEAR:
            return period_of(Kind.YEAR, date(self.first.year + number, 9, 1))
        if self.kind == Kind.MONTH:
            return period_of(Kind.MONTH, month_after(self.first, number))
        move = timedelta(days=self.days * number)
        return Period(self.kind, self.first + move, self.last + move)


def monday_of(day: date) -> date:
    return day - timedelta(days=day.weekday())


def period_of(kind: Kind, day: date, last: date | None = None) -> Period:
    """The school year, month or week of a day, or the dates from it to ``last``."""
    if kind == Kind.YEAR:
        return Period(kind, *school_year_bounds(school_year(day)))
    if kind == Kind.MONTH:
        return Period(kind, day.replace(day=1), month_after(day) - DAY)
    if kind == Kind.WEEK:
        return Period(kind, monday_of(day), monday_of(day) + 6 * DAY)
    return Period(kind, day, last or day)


def year_before(day: date, kind: Kind) -> date:
    """The day that another is compared with: the same date for years and months, the same weekday for the others."""
    if kind in (Kind.WEEK, Kind.DATES):
        return day - YEAR
    return day.replace(year=day.year - 1, day=28) if (day.month, day.day) == (2, 29) else day.replace(year=day.year - 1)


def compared(period: Period, yesterday: date) -> tuple[Period, Period] | None:
    """What is over of a period, and the same of the year before; None for one that lies ahead."""
    if period.first > yesterday:
        return None
    last = min(period.last, yesterday)
    before = year_before(last, period.kind)
    if (last + DAY).day == 1 and period.kind in (Kind.YEAR, Kind.MONTH):
        before = month_after(before) - DAY  # whole months are compared with whole months, leap years too
    return Period(Kind.DATES, period.first, last), Period(Kind.DATES, year_before(period.first, period.kind), before)


@dataclass(frozen=True)
class Part:
    """A step of a period: how it is called in a table and under its bar, its days, those of the year before."""

    name: str
    short: str
    first: date
    last: date
    before: tuple[date, date]


def parts_of(period: Period, step: Step) -> Iterator[Part]:
    """The days, weeks or months of a period in order; the first and last week or month may be cut by its ends."""
    first = period.first
    while first <= period.last:
        last = min(_end_of(first, step), period.last)
        yield Part(*_names(first, step), first, last, _before(first, last, step))
        first = last + DAY


def _end_of(day: date, step: Step) -> date:
    if step == Step.DAY:
        return day
    return monday_of(day) + 6 * DAY if step == Step.WEEK else month_after(day) - DAY


def _names(first: date, step: Step) -> tuple[str, str]:
    if step == Step.MONTH:
        return month_title(first), f"{first:%m/%y}"
    return (date_numeric(first), f"{first:%d/%m}")


def _before(first: date, last: date, step: Step) -> tuple[date, date]:
    if step != Step.MONTH:
        return first - YEAR, last - YEAR
    before = year_before(last, Kind.MONTH)
    whole = (last + DAY).day == 1
    return year_before(first, Kind.MONTH), month_after(before) - DAY if whole else before


def expected(booked: int, early: int, final: int) -> int:
    """How many to expect: what is booked, and as many more as were added from that day on a year before."""
    return booked + max(0, final - early)


def percent(part: int, whole: int) -> float | None:
    """A rate in percent with one decimal; None of nothing."""
    return round(100 * part / whole, 1) if whole else None
