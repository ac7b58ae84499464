"""The rules of delay as parents read them."""

from datetime import datetime, time

from common.values.dates import WEEKDAYS, deadline_long, last_minute, spoken_time
from reservations.rules.calendar import Counting
from reservations.rules.deadlines import FIELDS, DeadlineKind, DeadlineRule

NBSP = "\u00a0"
_COUNTED = {
    Counting.ALL: ("jour", "jours"),
    Counting.CLEAR: ("jour franc", "jours francs"),
    Counting.WEEKDAYS: ("jour de semaine", "jours de semaine"),
    Counting.WORKING: ("jour ouvré", "jours ouvrés"),
    Counting.OPENING: ("jour d’ouverture", "jours d’ouverture"),
    Counting.SCHOOL: ("jour d’école", "jours d’école"),
}


def describe(rule: DeadlineRule) -> str:
    """« jusqu’au mardi 23 h 59 de la semaine précédente »: the rule in one sentence, without capital or full stop."""
    sentence = {
        DeadlineKind.DAYS: _days,
        DeadlineKind.WEEK: _week,
        DeadlineKind.TABLE: _table,
        DeadlineKind.MONTH: _month,
        DeadlineKind.HOURS: _hours,
        DeadlineKind.START: lambda _: "jusqu’au début de l’accueil",
        DeadlineKind.NEVER: lambda _: "impossible en ligne",
    }[rule.kind](rule)
    return sentence + _fallback(rule)


def spoken_deadline(limit: datetime) -> str:
    """« mardi 10 novembre à 10 h » in Paris; a deadline at midnight is said as 23 h 59 of the day that ends."""
    return deadline_long(limit, last_minute(limit))


def short_deadline(limit: datetime) -> str:
    """« 10/11 12:00 » in Paris, for a small cell; midnight is said as 23:59 of the day that ends."""
    return f"{last_minute(limit):%d/%m %H:%M}"


def _days(rule: DeadlineRule) -> str:
    start = f"{NBSP}; pendant les vacances, compté depuis leur premier jour" if rule.from_holiday_start else ""
    return f"jusqu’{_days_before(rule.days, rule.counting)} à {spoken_time(rule.at)}{start}"


def _days_before(number: int, counting: Counting) -> str:
    # No clear day between is the eve: the day of the request does not count.
    if (number, counting) in ((1, Counting.ALL), (0, Counting.CLEAR)):
        return "à la veille"
    if number == 0:
        return "au jour même"
    if (number, counting) == (1, Counting.SCHOOL):
        return "au dernier jour d’école précédent"
    return f"à {number}{NBSP}{_COUNTED[counting][number > 1]} avant,"


def _week(rule: DeadlineRule) -> str:
    week = "de la semaine précédente" if rule.weeks == 1 else f"{rule.weeks}{NBSP}semaines avant"
    return f"jusqu’au {WEEKDAYS[rule.weekday]} {spoken_time(rule.at)} {week}"


def _table(rule: DeadlineRule) -> str:
    groups: dict[tuple[int, time], list[int]] = {}
    for booked, weekday, at in sorted(rule.table):
        groups.setdefault((weekday, at), []).append(booked)
    return f"{NBSP}; ".join(_table_line(booked, *limit) for limit, booked in groups.items())


def _table_line(booked: list[int], weekday: int, at: time) -> str:
    days = " et ".join(f"le {WEEKDAYS[day]}" for day in booked)
    return f"pour {days}, jusqu’au {WEEKDAYS[weekday]} précédent à {spoken_time(at)}"


def _month(rule: DeadlineRule) -> str:
    number = "1er" if rule.month_day == 1 else rule.month_day
    month = "du mois précédent" if rule.months == 1 else f"{rule.months}{NBSP}mois avant"
    return f"jusqu’au {number} {month} à {spoken_time(rule.at)}"


def _hours(rule: DeadlineRule) -> str:
    return f"jusqu’à {rule.hours}{NBSP}heure{'s' if rule.hours > 1 else ''} avant le début"


def _fallback(rule: DeadlineRule) -> str:
    if rule.fallback is None or "fallback" not in FIELDS[rule.kind]:
        return ""
    sort = _COUNTED[rule.fallback][0]
    return f"{NBSP}; si ce n’est pas un {sort}, jusqu’au dernier {sort} précédent"
