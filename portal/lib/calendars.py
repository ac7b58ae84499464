"""The French calendars: public holidays, school holidays by zone, school years.

The one module that reads the packages ``holidays`` (public holidays, all departments) and
``vacances-scolaires-france`` (the ministry's dates, zones A, B and C of the mainland only).
"""

from datetime import date, timedelta
from functools import cache

import holidays
from vacances_scolaires_france import SchoolHolidayDates

from portal.lib.dates import date_numeric
from portal.lib.refusals import Refusal

ZONES = ("A", "B", "C")
# Alsace and Moselle keep two more days; the overseas departments and territories theirs.
SUBDIVISIONS = holidays.France.subdivisions

_SCHOOL_HOLIDAYS = SchoolHolidayDates().data
KNOWN_FROM = min(_SCHOOL_HOLIDAYS)
KNOWN_UNTIL = max(_SCHOOL_HOLIDAYS)


class CalendarUnknown(Refusal):
    """A date, a zone or a department of which the calendars say nothing."""

    sentence = "Le calendrier de cette date n’est pas connu."


def public_holidays(year: int, subdivision: str | None = None) -> dict[date, str]:
    """The public holidays of a year, in order, with their French names.

    ``subdivision`` is the code of a department with days of its own ("57", "6AE" for Alsace, "971" …).
    """
    return dict(_public_holidays(year, subdivision))


@cache
def _public_holidays(year: int, subdivision: str | None) -> tuple[tuple[date, str], ...]:
    if subdivision is not None and subdivision not in SUBDIVISIONS:
        raise CalendarUnknown(f"Aucun calendrier de jours fériés n’est connu pour « {subdivision} ».")
    if not holidays.France.start_year <= year <= holidays.France.end_year:
        raise CalendarUnknown(f"Les jours fériés de l’année {year} ne sont pas connus.")
    found = holidays.France(subdiv=subdivision, years=year, language="fr")
    return tuple((day, _typographic(name)) for day, name in sorted(found.items()))


def _typographic(name: str) -> str:
    return name.replace("'", "’").replace("; ", " et ")


def is_public_holiday(day: date, subdivision: str | None = None) -> bool:
    return day in public_holidays(day.year, subdivision)


def school_holiday_name(day: date, zone: str) -> str | None:
    """« Vacances de Noël », or None on a day of the school term, week-ends included."""
    if zone not in ZONES:
        raise CalendarUnknown(f"La zone de vacances scolaires « {zone} » n’existe pas : choisissez A, B ou C.")
    if not KNOWN_FROM <= day <= KNOWN_UNTIL:
        raise CalendarUnknown(
            f"Les vacances scolaires ne sont connues que du {date_numeric(KNOWN_FROM)} au {date_numeric(KNOWN_UNTIL)}."
        )
    row = _SCHOOL_HOLIDAYS.get(day)
    if row is None or not row[f"vacances_zone_{zone.lower()}"]:
        return None
    return _typographic(row["nom_vacances"])


def is_school_term(day: date, zone: str) -> bool:
    """Outside the school holidays, whatever the weekday and even on a public holiday."""
    return school_holiday_name(day, zone) is None


def is_school_day(day: date, zone: str, subdivision: str | None = None) -> bool:
    """Monday to Friday, in term, not a public holiday. Whether there is school on Wednesdays is the school's choice."""
    return day.weekday() < 5 and is_school_term(day, zone) and not is_public_holiday(day, subdivision)


def school_year_of(day: date) -> int:
    """2026 for the school year 2026-2027, which runs from 1 September 2026 to 31 August 2027."""
    return day.year if day.month >= 9 else day.year - 1


def school_year_bounds(year: int) -> tuple[date, date]:
    """First and last day of a school year: the summer belongs to the year that ends."""
    return date(year, 9, 1), date(year + 1, 8, 31)


def public_holidays_between(first: date, last: date, subdivision: str | None = None) -> frozenset[date]:
    """The public holidays from first to last, both included."""
    years = range(first.year, last.year + 1)
    return frozenset(day for year in years for day in public_holidays(year, subdivision) if first <= day <= last)


def school_holidays_between(first: date, last: date, zone: str) -> frozenset[date]:
    """The days of school holidays from first to last, both included."""
    days = (first + timedelta(n) for n in range((last - first).days + 1))
    return frozenset(day for day in days if not is_school_term(day, zone))


def is_target_day(day: date) -> bool:
    """Whether banks settle SEPA payments: not at weekends, nor on the six holidays of TARGET (European Central Bank)."""
    return day.weekday() < 5 and day not in _target_holidays(day.year)


@cache
def _target_holidays(year: int) -> frozenset[date]:
    return frozenset(holidays.financial_holidays("XECB", years=year))


def target_day(day: date) -> date:
    """The day itself, or the next one on which banks settle SEPA payments."""
    while not is_target_day(day):
        day += timedelta(1)
    return day
