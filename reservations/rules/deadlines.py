"""Until when a day may be booked, or cancelled: one rule, one day, one instant in Paris.

Every kind was met in the rulebook of a French town; docs/bookings.md tells them one by one.
"""

from calendar import monthrange
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Any

from common.refusals import Refusal
from common.values.dates import PARIS
from reservations.rules.calendar import DAY, Calendar, Counting

END_OF_DAY = time(23, 59)
MIDNIGHT = time(0)


class DeadlineKind(StrEnum):
    """How a deadline is found."""

    DAYS = "days"  # a number of days before
    WEEK = "week"  # a weekday of a week before
    TABLE = "table"  # for each weekday, the weekday before it
    MONTH = "month"  # a day of a month before
    HOURS = "hours"  # a number of hours before the start
    START = "start"  # until the start
    NEVER = "never"  # never allowed online


class InvalidRule(Refusal):
    """A deadline rule that cannot be read or makes no sense."""

    sentence = "Cette règle de délai est illisible."
    status = 400


@dataclass(frozen=True, kw_only=True)
class DeadlineRule:
    """A rule of delay. Each kind reads only its own fields (``FIELDS``); weekdays count from Monday, 0.

    ``fallback``: when the day found is not of that sort, the deadline moves back to the last one that is.
    ``from_holiday_start``: on school holidays, count from their first opening day instead of the day booked.
    """

    kind: DeadlineKind
    at: time = END_OF_DAY
    days: int = 0
    counting: Counting = Counting.ALL
    from_holiday_start: bool = False
    weekday: int = 0
    weeks: int = 1
    table: tuple[tuple[int, int, time], ...] = ()  # (day booked, weekday of the deadline, time)
    month_day: int = 1
    months: int = 1
    hours: int = 24
    fallback: Counting | None = None

    def validate(self) -> list[str]:
        """What is wrong with the rule, in French; an empty list when it is sound."""
        faults = {
            DeadlineKind.DAYS: self._days_faults,
            DeadlineKind.TABLE: self._table_faults,
            DeadlineKind.WEEK: self._week_faults,
            DeadlineKind.MONTH: self._month_faults,
            DeadlineKind.HOURS: self._hours_faults,
        }.get(self.kind, list)()
        if self.fallback in (Counting.ALL, Counting.CLEAR):
            faults.append("Le report se fait au dernier jour de semaine, ouvré, d’ouverture ou d’école.")
        return faults

    def to_json(self) -> dict:
        """The fields of this kind, for a JSON column."""
        return {"kind": self.kind.value} | {name: _encode(getattr(self, name)) for name in FIELDS[self.kind]}

    @classmethod
    def from_json(cls, data: Any) -> "DeadlineRule":
        """The rule that ``to_json`` wrote; raises InvalidRule for anything else, with all that is wrong."""
        try:
            fields = dict(data)
            kind = DeadlineKind(fields.pop("kind"))
            if not fields.keys() <= set(FIELDS[kind]):
                raise InvalidRule()
            rule = cls(kind=kind, **{name: _DECODERS[name](value) for name, value in fields.items()})
        except (TypeError, ValueError, KeyError) as error:
            raise InvalidRule() from error
        if faults := rule.validate():
            raise InvalidRule(*faults)
        return rule

    def _days_faults(self) -> list[str]:
        return _between("Le nombre de jours", self.days, 0, 365)

    def _week_faults(self) -> list[str]:
        return _between("Le nombre de semaines", self.weeks, 1, 8) + _weekday_faults(self.weekday)

    def _month_faults(self) -> list[str]:
        return _between("Le jour du mois", self.month_day, 1, 31) + _between("Le nombre de mois", self.months, 1, 12)

    def _hours_faults(self) -> list[str]:
        return _between("Le nombre d’heures", self.hours, 1, 24 * 365)

    def _table_faults(self) -> list[str]:
        if not self.table:
            return ["Le tableau des délais est vide."]
        booked = [row[0] for row in self.table]
        twice = ["Un jour ne peut figurer qu’une fois dans le tableau des délais."]
        return _weekday_faults(*booked, *(row[1] for row in self.table)) + twice * (len(set(booked)) < len(booked))


FIELDS = {
    DeadlineKind.DAYS: ("days", "at", "counting", "from_holiday_start", "fallback"),
    DeadlineKind.WEEK: ("weekday", "weeks", "at", "fallback"),
    DeadlineKind.TABLE: ("table", "fallback"),
    DeadlineKind.MONTH: ("month_day", "months", "at", "fallback"),
    DeadlineKind.HOURS: ("hours",),
    DeadlineKind.START: (),
    DeadlineKind.NEVER: (),
}


def deadline(rule: DeadlineRule, day: date, calendar: Calendar, starts_at: time = MIDNIGHT) -> datetime | None:
    """The instant, in Paris, from which ``day`` may no longer be changed; None when it never may.

    ``starts_at`` is the arrival time, read by the kinds START and HOURS. Raises CalendarUnknown.
    """
    if rule.kind == DeadlineKind.NEVER:
        return None
    if rule.kind == DeadlineKind.START:
        return instant(day, starts_at)
    if rule.kind == DeadlineKind.HOURS:
        # Hours that pass, not hours on the clock: 72 h stay 72 h when the clocks change.
        return (instant(day, starts_at).astimezone(UTC) - timedelta(hours=rule.hours)).astimezone(PARIS)
    found = _last_moment(rule, day, calendar)
    if found is None:
        return None
    limit, at = found
    return _closing(calendar.at_or_before(limit, rule.fallback) if rule.fallback else limit, at)


def in_time(limit: datetime | None, now: datetime) -> bool:
    """Strictly before the deadline: at 10:00:00 a deadline of 10:00 is over. ``now`` must be aware."""
    # Two instants of one time zone compare by their clocks, wrong in the repeated hour of autumn; in UTC never.
    return limit is not None and now < limit.astimezone(UTC)


def instant(day: date, at: time) -> datetime:
    """That time on the clocks of Paris; the later reading when the clocks change, in favour of the parent.

    02:30 read in the gap of spring is 03:30; of the two 02:30 of autumn it is the second.
    """
    local = datetime.combine(day, at, PARIS)
    return max(local.replace(fold=fold).astimezone(UTC) for fold in (0, 1)).astimezone(PARIS)


def _closing(day: date, at: time) -> datetime:
    """« jusqu’à 23 h 59 » means the whole day: the deadline is the midnight that ends it."""
    return instant(day + DAY, MIDNIGHT) if at >= END_OF_DAY else instant(day, at)


def _last_moment(rule: DeadlineRule, day: date, calendar: Calendar) -> tuple[date, time] | None:
    if rule.kind == DeadlineKind.TABLE:
        return _by_table(rule, day)
    if rule.kind == DeadlineKind.WEEK:
        monday = day - DAY * (day.weekday() + 7 * rule.weeks)
        return monday + DAY * rule.weekday, rule.at
    if rule.kind == DeadlineKind.MONTH:
        return _in_month_before(rule, day), rule.at
    counted_from = calendar.holiday_start(day) if rule.from_holiday_start else day
    return calendar.back(counted_from, rule.days, rule.counting), rule.at


def _by_table(rule: DeadlineRule, day: date) -> tuple[date, time] | None:
    """The weekday named for this one, one to seven days before; a weekday without a line is never allowed."""
    for booked, weekday, at in rule.table:
        if booked == day.weekday():
            return day - DAY * ((booked - weekday - 1) % 7 + 1), at
    return None


def _in_month_before(rule: DeadlineRule, day: date) -> date:
    """The n-th of a month before, or that month's last day when it has no n-th."""
    years, month = divmod(day.year * 12 + day.month - 1 - rule.months, 12)
    length = monthrange(years, month + 1)[1]
    return date(years, month + 1, min(rule.month_day, length))


def _between(what: str, value: int, low: int, high: int) -> list[str]:
    return [] if low <= value <= high else [f"{what} doit être compris entre {low} et {high}."]


def _weekday_faults(*weekdays: int) -> list[str]:
    return [] if all(0 <= day <= 6 for day in weekdays) else ["Un jour de la semaine va de lundi (0) à dimanche (6)."]


def _encode(value: Any) -> Any:
    if isinstance(value, time):
        return f"{value:%H:%M}"
    return [[_encode(cell) for cell in row] for row in value] if isinstance(value, tuple) else value


def _integer(value: Any) -> int:
    if type(value) is not int:
        raise TypeError(value)
    return value


def _boolean(value: Any) -> bool:
    if type(value) is not bool:
        raise TypeError(value)
    return value


def _time(value: Any) -> time:
    return datetime.strptime(value, "%H:%M").time()


def _table(rows: Any) -> tuple[tuple[int, int, time], ...]:
    return tuple((_integer(booked), _integer(weekday), _time(at)) for booked, weekday, at in rows)


_DECODERS: dict[str, Callable[[Any], Any]] = {
    "at": _time,
    "days": _integer,
    "counting": Counting,
    "from_holiday_start": _boolean,
    "weekday": _integer,
    "weeks": _integer,
    "table": _table,
    "month_day": _integer,
    "months": _integer,
    "hours": _integer,
    "fallback": lambda value: None if value is None else Counting(value),
}
