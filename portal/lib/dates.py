"""Dates as people say and write them in French, and the months around a day."""

from collections.abc import Iterable
from datetime import date, datetime

WEEKDAYS = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")
MONTHS = (
    "janvier",
    "février",
    "mars",
    "avril",
    "mai",
    "juin",
    "juillet",
    "août",
    "septembre",
    "octobre",
    "novembre",
    "décembre",
)


def school_year(day: date) -> int:
    """Return the calendar year in which the school year of ``day`` began, on 1 September."""
    return day.year if day.month >= 9 else day.year - 1


def day_and_month(day: date) -> str:
    """Return « 3 novembre », « 1er mai »."""
    return f"{'1er' if day.day == 1 else day.day} {MONTHS[day.month - 1]}"


def date_long(day: date, today: date) -> str:
    """Return « mardi 3 novembre », with its year when it is not in the school year of ``today``."""
    year = "" if school_year(day) == school_year(today) else f" {day.year}"
    return f"{WEEKDAYS[day.weekday()]} {day_and_month(day)}{year}"


def moment_long(moment: datetime, today: date) -> str:
    """Return « mardi 3 novembre 10:00 »; the caller gives a local time, in Europe/Paris."""
    return f"{date_long(moment.date(), today)} {moment:%H:%M}"


def date_short(day: date) -> str:
    """Return « 03-11-2026 » (S3-120)."""
    return f"{day:%d-%m-%Y}"


def day_of_month(day: date) -> str:
    """Return « Mer 1 », inside a month that is told above (S4-16)."""
    return f"{WEEKDAYS[day.weekday()][:3].capitalize()} {day.day}"


def dates_short(days: Iterable[date]) -> str:
    """Return the days in order, each once: « 09-11-2026, 10-11-2026 » (S3-120)."""
    return ", ".join(date_short(day) for day in sorted(set(days)))


def month_after(day: date, months: int = 1) -> date:
    """The first day of a month, so many months after the one of ``day``; below zero, before."""
    number = day.year * 12 + day.month - 1 + months
    return date(number // 12, number % 12 + 1, 1)


def last_months(today: date, count: int) -> list[date]:
    """The first days of the last months, the current one first."""
    return [month_after(today, -rank) for rank in range(count)]


def month_title(day: date) -> str:
    """Return « Novembre 2026 »."""
    return f"{MONTHS[day.month - 1].capitalize()} {day.year}"


def weekday_titles(count: int = 7) -> list[tuple[str, str]]:
    """Return the first ``count`` days of the week, short and long: (« Lun », « lundi »)."""
    return [(name[:3].capitalize(), name) for name in WEEKDAYS[:count]]
