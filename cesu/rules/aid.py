"""What is decided about hours of aid, caregivers and their payments, as pure functions. Minutes, cents, euros."""

import re
from calendar import monthrange
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal

from portal.lib.calendars import target_day
from portal.lib.refusals import Refusal

NIGHT = time(20)  # o’clock, local time: what is confirmed before leaves with this evening’s file
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


def clock(minutes: int) -> str:
    """« 0:00 », as in the guide’s totals (S1-58)."""
    return f"{minutes // 60}:{minutes % 60:02d}"


# --- The right of a month -----------------------------------------------------------------------------------------------
def month_of(day: date) -> date:
    return day.replace(day=1)


def last_day(month: date, months: int = 1) -> date:
    """The last day of a right that is valid for so many months, the month of attribution included."""
    years, index = divmod(month.year * 12 + month.month - 1 + months - 1, 12)
    return date(years, index + 1, monthrange(years, index + 1)[1])


def right_of(
    month: date, plans: Sequence[tuple[date, int]], off: Iterable[tuple[date, date | None]], ended_on: date | None
) -> int:
    """The minutes of a month: each day gives its share of the plan of that day, none while suspended or after the end.

    ``plans``: (since, minutes a month) in order; ``off``: (first day, last day or None) of suspensions. Rounded half up
    to the minute once, for the whole month: a month of one plan gives exactly this plan.
    """
    days = monthrange(month.year, month.month)[1]
    total = sum(
        _plan_on(day, plans)
        for day in (month + timedelta(rank) for rank in range(days))
        if not (ended_on and day > ended_on) and not any(_covers(each, day) for each in off)
    )
    return (2 * total + days) // (2 * days)


def _plan_on(day: date, plans: Sequence[tuple[date, int]]) -> int:
    return next((minutes for since, minutes in reversed(plans) if since <= day), 0)


def _covers(days: tuple[date, date | None], day: date) -> bool:
    first, last = days
    return first <= day and (last is None or day <= last)


# --- The card complement ------------------------------------------------------------------------------------------------
def fee(complement_cents: int, slice_cents: int, fee_cents: int) -> int:
    """« Participation aux frais de traitement »: so much for each started slice of the complement (S1-71), in cents."""
    return -(-complement_cents // slice_cents) * fee_cents


# --- When the caregiver is paid -----------------------------------------------------------------------------------------
def executed_on(night: date) -> date:
    """The business day of banks on which the file of an evening is executed: the next one."""
    return target_day(night + timedelta(1))


def credited_by(at: datetime) -> date:
    """The day by which the caregiver’s account is credited: 48 hours, counting business days of banks (S1-7).

    ``at``: the local instant of the payment. The evening’s file is executed on the next business day, and a transfer
    arrives by the next one (EPC125-05, SCT rulebook: D+1).
    """
    night = at.date() if at.time() < NIGHT else at.date() + timedelta(1)
    return target_day(executed_on(night) + timedelta(1))


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
