"""The regulations of bookings as pure functions: no table, no clock; docs/bookings.md explains them."""

from reservations.rules.calendar import Calendar, Counting
from reservations.rules.care import care_share, is_young_enough
from reservations.rules.days import DayFacts, DayState, day_state
from reservations.rules.deadlines import PARIS, DeadlineKind, DeadlineRule, InvalidRule, deadline, in_time, instant
from reservations.rules.eligibility import Candidate, Conditions, age_on, reasons_against
from reservations.rules.prices import NoTariff, TariffLine, price, validate_brackets
from reservations.rules.sessions import OpeningRule, Period, quantity, session_dates, typical_week
from reservations.rules.waiting import Terms, is_only_offered, list_ends_at, offered_until, spoken_rank
from reservations.rules.words import describe, short_deadline, spoken_deadline, spoken_time

__all__ = [
    "PARIS",
    "Calendar",
    "Candidate",
    "Conditions",
    "Counting",
    "DayFacts",
    "DayState",
    "DeadlineKind",
    "DeadlineRule",
    "InvalidRule",
    "NoTariff",
    "OpeningRule",
    "Period",
    "TariffLine",
    "Terms",
    "age_on",
    "care_share",
    "day_state",
    "deadline",
    "describe",
    "in_time",
    "instant",
    "is_only_offered",
    "is_young_enough",
    "list_ends_at",
    "offered_until",
    "price",
    "quantity",
    "reasons_against",
    "session_dates",
    "short_deadline",
    "spoken_deadline",
    "spoken_rank",
    "spoken_time",
    "typical_week",
    "validate_brackets",
]
