"""Vintages and numbers of titles."""

from datetime import date

NUMBERS = 10**10  # of one vintage
TIERS = (60, 30, 7)  # days before their end when holders are told


def vintage_of(day: date) -> int:
    """The vintage of titles made on a day: the next year's from 1 December on (issuers' practice, CRCESU)."""
    return day.year + (day.month == 12)


def ends_on(vintage: int) -> date:
    """The last day on which titles of a vintage are taken: 31 January of the next year."""
    return date(vintage + 1, 1, 31)


def first_number(vintage: int) -> int:
    """The number before the first title of a vintage: two digits of the year, then ten."""
    return vintage % 100 * NUMBERS


def vintage_of_number(number: int) -> int:
    """The vintage that a title's number says."""
    return 2000 + number // NUMBERS


def tier_of(days_left: int) -> int | None:
    """Which warning is due so many days before the end: 60, 30 or 7, the nearest that has come; None before and after."""
    return min((tier for tier in TIERS if 0 <= days_left <= tier), default=None)
