"""What is decided about hours of aid, caregivers and their payments, as pure functions. Minutes, cents, euros."""

import re
from calendar import monthrange
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

from common.refusals import Refusal
from common.values.calendars import target_day
from common.values.dates import local_day, month_after

TYPED_HOURS = re.compile(r"([0-9]{1,3})(?:\s*[:hH]\s*(?:([0-5][0-9])(?::00)?)?|[.,]([0-9]{1,2}))?", re.ASCII)
YOUNGEST_HOLDER = 6  # years: nobody younger is given an aid, so « 21 » can mean 1921 only
MOST_HOURS = 744  # hours of a month of 31 days
NAN = re.compile(r"\s*([0-9]{1,7})\s*[*\s]\s*([0-9])\s*|\s*([0-9]{7})([0-9])\s*", re.ASCII)


# --- Hours and cents --------------------------------------------------------------------------------------------------
def cents_of(minutes: int, hourly_rate: Decimal) -> int:
    """What so many minutes are worth at a rate in euros an hour (S1-51), in cents, rounded half up."""
    return int((Decimal(minutes) * hourly_rate * 100 / 60).quantize(Decimal(1), ROUND_HALF_UP))


def cents_used(used: int, minutes: int, cents: int) -> int:
    """What ``used`` of ``minutes`` worth ``cents`` cost, in cents: the last minute takes all that is left.

    cents − round(cents × (minutes − used) / minutes), so that no cent is lost or made (requirements, section 6). A minute
    is worth a cent at least, so hours and cents end together. Raise ValueError for what is none of this.
    """
    if not 0 < used <= minutes <= cents:
        raise ValueError(f"{used} of {minutes} minutes worth {cents} cents")
    return cents - (2 * cents * (minutes - used) + minutes) // (2 * minutes)


def hours(minutes: int) -> str:
    """« 42 h 00 »."""
    return f"{minutes // 60} h {minutes % 60:02d}"


def minutes_of(typed: str) -> int | None:
    """The minutes of what people type: « 42:00 », « 42:00:00 », « 42h », « 42 h 30 », « 42,5 »; None for anything else or over 744 hours."""
    found = TYPED_HOURS.fullmatch(typed.strip())
    if not found:
        return None
    whole, rest, part = found.groups()
    hundredths = int((part or "0").ljust(2, "0"))
    minutes = int(whole) * 60 + int(rest or 0) + (hundredths * 60 + 50) // 100
    return minutes if minutes <= MOST_HOURS * 60 else None


def clock(minutes: int) -> str:
    """« 0:00 », as in the guide’s totals (S1-58)."""
    return f"{minutes // 60}:{minutes % 60:02d}"


# --- The right of a month -----------------------------------------------------------------------------------------------
def month_of(day: date) -> date:
    return day.replace(day=1)


def last_day(month: date, months: int = 1) -> date:
    """The last day of a right that is valid for so many months, the month of attribution included."""
    return month_after(month, months) - timedelta(1)


def right_of(
    month: date, plans: Sequence[tuple[date, int]], off: Iterable[tuple[date, date | None]], ended_on: date | None
) -> int:
    """The minutes of a month: each day gives its share of the plan of that day, none while suspended or after the end.

    ``plans``: (since, minutes a month) in order; ``off``: (first day, last day or None) of suspensions. Rounded half up
    to the minute once, for the whole month: a month of one plan gives exactly this plan.
    """
    off, days = list(off), _days(month)
    given = (_plan_on(day, plans) for day in days if _gives(day, off, ended_on))
    total = sum(plan[1] for plan in given if plan)
    return (2 * total + len(days)) // (2 * len(days))


def worth_of(
    month: date,
    plans: Sequence[tuple[date, int, Decimal]],
    off: Iterable[tuple[date, date | None]],
    ended_on: date | None,
) -> tuple[int, int]:
    """The minutes of a month and what they are worth in cents; ``plans``: (since, minutes a month, euros an hour) in order.

    When the hour has several rates in the month, their mean over the minutes of the days.
    """
    off = list(off)
    minutes = right_of(month, [plan[:2] for plan in plans], off, ended_on)
    if len({rate for _, _, rate in plans}) == 1:
        return minutes, cents_of(minutes, plans[0][2])
    shares = Counter(plan[1:] for day in _days(month) if _gives(day, off, ended_on) and (plan := _plan_on(day, plans)))
    total = sum(share * days for (share, _), days in shares.items())
    if not total:
        return 0, 0
    value = sum(Fraction(rate) * share * days for (share, rate), days in shares.items())
    cents = value / total * minutes * 100 / 60
    return minutes, max(minutes, (2 * cents.numerator + cents.denominator) // (2 * cents.denominator))


def _days(month: date) -> list[date]:
    return [month + timedelta(rank) for rank in range(monthrange(month.year, month.month)[1])]


def _gives(day: date, off: Sequence[tuple[date, date | None]], ended_on: date | None) -> bool:
    return not (ended_on and day > ended_on) and not any(_covers(each, day) for each in off)


def _plan_on(day: date, plans: Sequence[tuple]) -> tuple | None:
    return next((plan for plan in reversed(plans) if plan[0] <= day), None)


def _covers(days: tuple[date, date | None], day: date) -> bool:
    first, last = days
    return first <= day and (last is None or day <= last)


# --- The card complement ------------------------------------------------------------------------------------------------
def fee(complement_cents: int, slice_cents: int, fee_cents: int) -> int:
    """« Participation aux frais de traitement »: so much for each started slice of the complement (S1-71), in cents."""
    return -(-complement_cents // slice_cents) * fee_cents


# --- When the caregiver is paid -----------------------------------------------------------------------------------------
def executed_on(today: date) -> date:
    """The business day of banks on which a file prepared in the first hours of a day is executed."""
    return target_day(today)


def credited_by(at: datetime) -> date:
    """The day by which the caregiver’s account is credited: 48 hours, counting business days of banks (S1-7).

    ``at``: the instant of the payment. It leaves with the file of the night, and a transfer arrives by the business
    day after its execution (EPC125-05, SCT rulebook: D+1).
    """
    return target_day(executed_on(local_day(at) + timedelta(1)) + timedelta(1))


# --- Caregivers -----------------------------------------------------------------------------------------------------------
def nan_of(typed: str) -> str | None:
    """A NAN as it is kept, « 0012345*1 », from what people type (12345*1, 0012345 1, 00123451); None: not one.

    Its key is not checked: how it is made is not public.
    """
    found = NAN.fullmatch(typed)
    if not found:
        return None
    number, key = (found[1], found[2]) if found[1] else (found[3], found[4])
    return f"{number.zfill(7)}*{key}"


# --- What a payment asks for ------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Standing:
    """What a month’s right has left: ``minutes`` None for euros; ``usable_until``: its last day."""

    right: int
    month: date
    cents: int
    minutes: int | None
    usable_until: date


@dataclass(frozen=True)
class Use:
    """What is asked of a month’s right: minutes of hours, cents of euros."""

    right: int
    minutes: int | None
    cents: int


class PaymentRefused(Refusal):
    """What was typed cannot be paid; all reasons at once."""


class LookOnly(Refusal):
    sentence = "Vous pouvez consulter ce compte, pas payer. Appelez-nous si cela doit changer."


class WrongPassword(Refusal):
    sentence = "Le mot de passe n’est pas le bon. Rien n’a été payé."


class TooManyTries(Refusal):
    sentence = (
        "Cinq mots de passe faux : le paiement est bloqué pendant 15 minutes. Rien n’a été payé. "
        "Vous pouvez changer votre mot de passe, ou nous appeler."
    )
    status = 429
