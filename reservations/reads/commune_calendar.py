"""The calendar of a commune: what is published for its zone and department, what agents entered, what they corrected."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from accounts.models import Commune
from common.values.calendars import days_between, public_holidays_between, school_holidays_between, unpublished_between
from reservations.models import CalendarDay, SchoolCalendar, SchoolHoliday
from reservations.rules import Calendar

Nature = CalendarDay.Nature
Overrides = Mapping[date, str]  # a day → its nature, "" as published


@dataclass
class CommuneDays:
    """The days of a commune that are not ordinary, with their names; of the ``unknown`` ones nothing is published."""

    public: dict[date, str]
    school: dict[date, str]
    unknown: set[date] = field(default_factory=set)


def days_of(commune: Commune, first: date, last: date, overrides: Overrides | None = None) -> CommuneDays:
    """The days from first to last, both included; ``overrides`` are corrections that are only thought of.

    Raise CalendarUnknown where the public holidays themselves are not known.
    """
    public = public_holidays_between(first, last, commune.subdivision, commune.has_protestant_church)
    school = school_holidays_between(first, last, commune.zone)
    found = CommuneDays(public, school, set(unpublished_between(first, last, commune.zone)))
    if found.unknown:
        _add_entered(found, commune.zone, first, last)
    for day, nature in (_corrections(commune, first, last) | dict(overrides or {})).items():
        if first <= day <= last:
            _correct(found, day, nature)
    return found


def calendar_of(commune: Commune, first: date, last: date, overrides: Overrides | None = None, **more) -> Calendar:
    """The same as the rules read it; ``more`` are other fields of ``Calendar``."""
    days = days_of(commune, first, last, overrides)
    return Calendar(
        first=first,
        last=last,
        public_holidays=frozenset(days.public),
        school_holidays=frozenset(days.school),
        school_unknown=frozenset(days.unknown),
        zone=commune.zone,
        **more,
    )


def _add_entered(found: CommuneDays, zone: str, first: date, last: date) -> None:
    """What agents entered of a calendar that the packages do not know; the days that they say nothing of stay unknown."""
    for calendar in SchoolCalendar.objects.filter(zone=zone, first__lte=last, last__gte=first):
        found.unknown -= set(days_between(max(first, calendar.first), min(last, calendar.last)))
    for row in SchoolHoliday.objects.filter(calendar__zone=zone, first__lte=last, last__gte=first):
        found.school |= dict.fromkeys(days_between(max(first, row.first), min(last, row.last)), row.name)


def _corrections(commune: Commune, first: date, last: date) -> dict[date, str]:
    return dict(commune.own_days.filter(date__range=(first, last)).values_list("date", "nature"))


def _correct(found: CommuneDays, day: date, nature: str) -> None:
    if nature in (Nature.CLASS, Nature.BREAK):
        found.unknown.discard(day)
        found.school.pop(day, None)
    if nature in (Nature.CLASS, Nature.WORKED):
        found.public.pop(day, None)
    if nature == Nature.BREAK:
        found.school[day] = "Vacances (calendrier corrigé)"
    if nature == Nature.PUBLIC:
        found.public[day] = "Jour férié (calendrier corrigé)"
