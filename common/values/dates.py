"""Dates as people say and write them in French, and the months around a day.

What is given an instant says its day in Paris; an instant without a time zone is refused, since its day is not known.
"""

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

PARIS = ZoneInfo("Europe/Paris")

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


def in_paris(moment: datetime) -> datetime:
    """The instant as clocks in Paris show it; raise ValueError for one without a time zone."""
    if moment.utcoffset() is None:
        raise ValueError(f"{moment!r} has no time zone: its day in Paris is not known.")
    return moment.astimezone(PARIS)


def local_day(day: date | datetime) -> date:
    """The day itself, or the day in Paris of an instant; raise ValueError for an instant without a time zone."""
    return in_paris(day).date() if isinstance(day, datetime) else day


def school_year(day: date | datetime) -> int:
    """Return the calendar year in which the school year of ``day`` began, on 1 September."""
    day = local_day(day)
    return day.year if day.month >= 9 else day.year - 1


def day_and_month(day: date | datetime) -> str:
    """Return « 3 novembre », « 1er mai »."""
    day = local_day(day)
    return f"{'1er' if day.day == 1 else day.day} {MONTHS[day.month - 1]}"


def date_long(day: date | datetime, today: date | datetime) -> str:
    """Return « mardi 3 novembre », with its year when it is not in the school year of ``today``."""
    day = local_day(day)
    year = "" if school_year(day) == school_year(today) else f" {day.year}"
    return f"{WEEKDAYS[day.weekday()]} {day_and_month(day)}{year}"


def moment_long(moment: datetime, today: date | datetime) -> str:
    """Return « mardi 3 novembre 10:00 », in Paris."""
    return f"{date_long(moment, today)} {in_paris(moment):%H:%M}"


def spoken_time(at: time) -> str:
    """Return « 12 h », « 23 h 59 », with non-breaking spaces."""
    minutes = f"\u00a0{at:%M}" if at.minute else ""
    return f"{at.hour}\u00a0h{minutes}"


def last_minute(limit: datetime) -> datetime:
    """Return, in Paris, the minute that people hear of a deadline: one at midnight ends the evening before, at 23:59."""
    local = in_paris(limit)
    return local - timedelta(minutes=1) if local.time() == time() else local


def opening_long(moment: datetime, today: date | datetime) -> str:
    """Return « mercredi 2 décembre à 0 h », from when something may be done, in Paris."""
    return f"{date_long(moment, today)} à {spoken_time(in_paris(moment).time())}"


def deadline_long(limit: datetime, today: date | datetime) -> str:
    """Return « mardi 1er décembre à 23 h 59 », never « mercredi 2 décembre 00:00 »."""
    return opening_long(last_minute(limit), today)


def date_short(day: date | datetime) -> str:
    """Return « 03-11-2026 » (S3-120)."""
    return f"{local_day(day):%d-%m-%Y}"


def date_numeric(day: date | datetime) -> str:
    """Return « 03/11/2026 », as forms and papers write it."""
    return f"{local_day(day):%d/%m/%Y}"


def moment_short(moment: datetime) -> str:
    """Return « 03-11-2026 10:00 », in Paris."""
    return f"{in_paris(moment):%d-%m-%Y %H:%M}"


def moment_numeric(moment: datetime) -> str:
    """Return « 03/11/2026 10:00 », in Paris."""
    return f"{in_paris(moment):%d/%m/%Y %H:%M}"


def day_of_month(day: date | datetime) -> str:
    """Return « Mer 1 », inside a month that is told above (S4-16)."""
    day = local_day(day)
    return f"{WEEKDAYS[day.weekday()][:3].capitalize()} {day.day}"


def dates_short(days: Iterable[date | datetime]) -> str:
    """Return the days in order, each once: « 09-11-2026, 10-11-2026 » (S3-120)."""
    return ", ".join(date_short(day) for day in sorted(set(map(local_day, days))))


def month_after(day: date | datetime, months: int = 1) -> date:
    """The first day of a month, so many months after the one of ``day``; below zero, before."""
    day = local_day(day)
    number = day.year * 12 + day.month - 1 + months
    return date(number // 12, number % 12 + 1, 1)


def last_months(today: date, count: int) -> list[date]:
    """The first days of the last months, the current one first."""
    return [month_after(today, -rank) for rank in range(count)]


def month_title(day: date | datetime) -> str:
    """Return « Novembre 2026 »."""
    day = local_day(day)
    return f"{MONTHS[day.month - 1].capitalize()} {day.year}"


def weekday_titles(count: int = 7) -> list[tuple[str, str]]:
    """Return the first ``count`` days of the week, short and long: (« Lun », « lundi »)."""
    return [(name[:3].capitalize(), name) for name in WEEKDAYS[:count]]
