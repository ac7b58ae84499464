"""The French calendars: public holidays, school holidays by zone, school years.

The one module that reads the packages ``holidays`` (public holidays, all departments) and
``vacances-scolaires-france`` (the ministry's dates, zones A, B and C of the mainland only). Where the second package
says otherwise than the orders it was made from, the orders count: see ``_published``.
"""

from datetime import date, timedelta
from functools import cache
from importlib.metadata import version

import holidays
from vacances_scolaires_france import SchoolHolidayDates

from common.refusals import Refusal
from common.values.dates import date_short

# The calendars that exist: the zones of the mainland, then those that a recteur or a government overseas decides.
ZONES = {
    "A": "Zone A",
    "B": "Zone B",
    "C": "Zone C",
    "COR": "Corse",
    "971": "Guadeloupe",
    "972": "Martinique",
    "973": "Guyane",
    "974": "La Réunion",
    "975": "Saint-Pierre-et-Miquelon",
    "976": "Mayotte",
    "986": "Wallis-et-Futuna",
    "987": "Polynésie française",
    "988": "Nouvelle-Calédonie",
}
PUBLISHED = ("A", "B", "C")  # the zones that the package knows; agents enter the dates of the others
# Departments and territories with public holidays of their own, as the package ``holidays`` names them.
ALSACE_MOSELLE = {"57": "57", "67": "6AE", "68": "6AE"}
OVERSEAS = {
    "971": "971",
    "972": "972",
    "973": "973",
    "974": "974",
    "975": "PM",
    "976": "976",
    "977": "BL",
    "978": "MF",
    "986": "WF",
    "987": "PF",
    "988": "NC",
}
SUBDIVISIONS = holidays.France.subdivisions

_SCHOOL_HOLIDAYS = SchoolHolidayDates().data
KNOWN_FROM = date(2020, 9, 1)  # the years before were not compared with their orders
KNOWN_UNTIL = max(_SCHOOL_HOLIDAYS)

# The days on which teachers come back and pupils do not yet, as the yearly orders say.
PRE_RETURN = (
    date(2021, 9, 1),
    date(2022, 8, 31),
    date(2023, 9, 1),
    date(2024, 8, 30),
    date(2025, 8, 29),
    date(2026, 8, 31),
)
# « Les classes vaqueront le vendredi … et le samedi … » after Ascension Day, which the package leaves out.
BRIDGES = (date(2023, 5, 19), date(2024, 5, 10), date(2025, 5, 30), date(2026, 5, 15))
BRIDGE, SUMMER = "Pont de l’Ascension", "Vacances d’été"
SATURDAY = 5
DAY = timedelta(1)


class CalendarUnknown(Refusal):
    """A date, a zone or a department of which the calendars say nothing."""

    sentence = "Le calendrier de cette date n’est pas connu."


def subdivision_of(insee_code: str) -> str | None:
    """The subdivision of ``holidays`` whose days a commune keeps, by its INSEE code; None where there are no others."""
    return ALSACE_MOSELLE.get(insee_code[:2]) or OVERSEAS.get(insee_code[:3])


def asks_for_church(insee_code: str) -> bool:
    """Whether Good Friday depends on the commune: in Alsace and Moselle (article L3134-13 of the code du travail)."""
    return insee_code[:2] in ALSACE_MOSELLE


def public_holidays(
    year: int, subdivision: str | None = None, protestant_church: bool | None = None
) -> dict[date, str]:
    """The public holidays of a year, in order, with their French names.

    ``subdivision`` is the code of a department with days of its own ("57", "6AE" for Alsace, "971" …). There
    ``protestant_church`` says whether the commune has a protestant church or one that both confessions share: Good
    Friday is a holiday only then. Raise CalendarUnknown while a commune of Alsace or Moselle has not said so.
    """
    found = dict(_public_holidays(year, subdivision))
    if subdivision in ALSACE_MOSELLE.values():
        if protestant_church is None:
            raise CalendarUnknown(
                f"Le Vendredi saint {year} n’est férié que dans les communes qui ont un temple protestant ou une église "
                "mixte : dites-le d’abord dans la fiche de la commune."
            )
        return {day: name for day, name in found.items() if protestant_church or name != "Vendredi saint"}
    return found


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


def is_public_holiday(day: date, subdivision: str | None = None, protestant_church: bool | None = None) -> bool:
    return day in public_holidays(day.year, subdivision, protestant_church)


def school_holiday_name(day: date, zone: str) -> str | None:
    """« Vacances de Noël », or None on a day of the school term, week-ends included; raise CalendarUnknown."""
    if not is_published(day, zone):
        raise unknown_school_year(day, zone)
    return _published(zone).get(day)


def is_published(day: date, zone: str) -> bool:
    """Whether the packages know if that day is a day of school; raise CalendarUnknown for a zone that does not exist."""
    if zone not in ZONES:
        raise CalendarUnknown(f"Le calendrier scolaire « {zone} » n’existe pas : choisissez-en un dans la liste.")
    return zone in PUBLISHED and KNOWN_FROM <= day <= KNOWN_UNTIL


def unknown_school_year(day: date, zone: str) -> CalendarUnknown:
    """The refusal that names the school year of a day of which nothing is known."""
    year = f"Les vacances scolaires {school_year_of(day)}-{school_year_of(day) + 1}"
    if zone not in PUBLISHED:
        return CalendarUnknown(
            f"{year} ({ZONES.get(zone, zone)}) ne sont pas connues au {date_short(day)} : "
            "un responsable du portail les saisit dans « Calendriers scolaires »."
        )
    return CalendarUnknown(f"{year} ne sont {'pas encore publiées' if day > KNOWN_UNTIL else 'plus tenues à jour'}.")


@cache
def _published(zone: str) -> dict[date, str]:
    """The days of school holidays of a zone with their names, as the orders have them.

    The package says otherwise on three points. A summer « à la fin des cours » of a weekday is given from that day on,
    on which there is class: it begins the day after (6 July 2021, 7 July 2022, 4 July 2028). The bridges of
    Ascension 2023 to 2026 are missing. On 1 September 2021 only teachers came back.
    """
    rows = ((day, row) for day, row in _SCHOOL_HOLIDAYS.items() if day >= KNOWN_FROM - DAY)
    read = {day: _typographic(row["nom_vacances"]) for day, row in rows if row[f"vacances_zone_{zone.lower()}"]}
    kept = {day: name for day, name in read.items() if not _is_last_class(day, read)}
    bridges = {day: BRIDGE for friday in BRIDGES for day in (friday, friday + DAY)}
    return kept | bridges | dict.fromkeys(PRE_RETURN, SUMMER)


def _is_last_class(day: date, read: dict[date, str]) -> bool:
    return read[day] == SUMMER and day - DAY not in read and day.weekday() < SATURDAY


def is_school_term(day: date, zone: str) -> bool:
    """Outside the school holidays, whatever the weekday and even on a public holiday."""
    return school_holiday_name(day, zone) is None


def is_school_day(day: date, zone: str, subdivision: str | None = None, protestant_church: bool | None = None) -> bool:
    """Monday to Friday, in term, not a public holiday. Whether there is school on Wednesdays is the school's choice."""
    in_term = day.weekday() < SATURDAY and is_school_term(day, zone)
    return in_term and not is_public_holiday(day, subdivision, protestant_church)


def sources() -> list[str]:
    """Where what is published was read, with the versions, for who checks it."""
    return [
        f"Vacances scolaires des zones A, B et C : arrêtés du ministère de l’Éducation nationale, du "
        f"{date_short(KNOWN_FROM)} au {date_short(KNOWN_UNTIL)} "
        f"(vacances-scolaires-france {version('vacances-scolaires-france')}).",
        "Jours fériés : articles L3133-1, L3134-13 (Alsace et Moselle) et L3422-2 (outre-mer) du code du travail, et "
        f"usages des territoires (holidays {version('holidays')}).",
    ]


def school_year_of(day: date) -> int:
    """2026 for the school year 2026-2027, which runs from 1 September 2026 to 31 August 2027."""
    return day.year if day.month >= 9 else day.year - 1


def school_year_bounds(year: int) -> tuple[date, date]:
    """First and last day of a school year: the summer belongs to the year that ends."""
    return date(year, 9, 1), date(year + 1, 8, 31)


def days_between(first: date, last: date) -> list[date]:
    """The days from first to last, both included."""
    return [first + DAY * number for number in range((last - first).days + 1)]


def public_holidays_between(
    first: date, last: date, subdivision: str | None = None, protestant_church: bool | None = None
) -> dict[date, str]:
    """The public holidays from first to last, both included, with their names."""
    years = (public_holidays(year, subdivision, protestant_church) for year in range(first.year, last.year + 1))
    return {day: name for named in years for day, name in named.items() if first <= day <= last}


def school_holidays_between(first: date, last: date, zone: str) -> dict[date, str]:
    """The days of school holidays from first to last, both included, with their names; unknown days have none."""
    names = _published(zone) if zone in PUBLISHED else {}
    return {day: names[day] for day in days_between(first, last) if day in names and is_published(day, zone)}


def unpublished_between(first: date, last: date, zone: str) -> frozenset[date]:
    """The days from first to last, both included, of which the packages do not know whether they are days of school."""
    return frozenset(day for day in days_between(first, last) if not is_published(day, zone))


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
