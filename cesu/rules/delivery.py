"""When paper titles can be delivered: business days, after the transport's lead time, at most 60 days ahead."""

from collections.abc import Collection
from datetime import date, timedelta

from common.values.dates import WEEKDAYS, day_and_month

HORIZON = 60  # days


def is_business_day(day: date, holidays: Collection[date]) -> bool:
    """Monday to Friday, no public holiday."""
    return day.weekday() < 5 and day not in holidays


def first_delivery(today: date, business_days: int, holidays: Collection[date]) -> date:
    """The last of so many business days, the first being tomorrow or the next one after it (S0-74)."""
    day = today
    while business_days:
        day += timedelta(1)
        business_days -= is_business_day(day, holidays)
    return day


def last_delivery(today: date) -> date:
    return today + timedelta(HORIZON)


def against_delivery(day: date, today: date, business_days: int, holidays: Collection[date]) -> str:
    """The sentence against a day of delivery, empty when it is possible."""
    said = f"{WEEKDAYS[day.weekday()]} {day_and_month(day)}"
    first = first_delivery(today, business_days, holidays)
    if day in holidays:
        return f"Le {said} est férié\u00a0: choisissez un jour ouvré."
    if day.weekday() > 4:
        return f"Le {said} tombe un week-end\u00a0: choisissez un jour ouvré."
    if day < first:
        return f"C’est trop tôt\u00a0: la première livraison possible est le {WEEKDAYS[first.weekday()]} {day_and_month(first)}."
    if day > last_delivery(today):
        return f"La livraison se choisit au plus {HORIZON} jours à l’avance."
    return ""
