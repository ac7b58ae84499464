"""« la date de livraison à l’aide du calendrier » (S0-35): the months in which paper titles can be delivered."""

import calendar
from dataclasses import dataclass
from datetime import date, timedelta

from cesu.models import Transport, VoucherOrder
from cesu.rules.delivery import against_delivery, first_delivery, is_business_day, last_delivery
from common.values.calendars import public_holidays, public_holidays_between
from common.values.dates import date_long, month_title

LONGEST = 60  # days that the slowest transport may take


@dataclass(frozen=True)
class Day:
    """A day of the calendar; ``label`` says the whole of it."""

    day: date
    in_month: bool
    is_open: bool
    label: str


@dataclass(frozen=True)
class Month:
    title: str
    iso: str
    weeks: list[list[Day]]


def holidays_ahead(today: date) -> frozenset[date]:
    """The public holidays that matter to a delivery chosen today."""
    return frozenset(public_holidays_between(today, last_delivery(today) + timedelta(LONGEST)))


def transports() -> list[Transport]:
    """The ways to travel that are offered, the quickest first."""
    return list(Transport.objects.filter(is_active=True))


def delivery_fault(day: date, today: date, transport: Transport | None) -> str:
    """The sentence against a day of delivery by a transport."""
    return against_delivery(day, today, transport.business_days if transport else 1, holidays_ahead(today))


def day_kept(order: VoucherOrder, today: date) -> date | None:
    """When an order that is begun today is delivered: the day chosen, or the first that its transport can keep."""
    if order.transport is None:
        return None
    return max(order.delivery_on, first_delivery(today, order.transport.business_days, holidays_ahead(today)))


def postponed(order: VoucherOrder, today: date) -> dict:
    """The fields that change when the day announced cannot be kept any more by an order begun today; none otherwise."""
    day = day_kept(order, today)
    if day == order.delivery_on:
        return {}
    return {"delivery_on": day, "delivery_chosen_on": order.delivery_chosen_on or order.delivery_on}


def awaited_day(order: VoucherOrder, today: date) -> date | None:
    """The first day possible for an order that waits for its money, once the day chosen cannot be kept any more."""
    return postponed(order, today).get("delivery_on") if order.status == VoucherOrder.Status.TAKEN else None


def overdue(order: VoucherOrder, today: date) -> dict:
    """The same for an order that is under way: only a day that is past is changed."""
    return postponed(order, today) if order.delivery_on and order.delivery_on < today else {}


def months_of(offered: list[Transport], today: date) -> list[Month]:
    """The months from the quickest transport's first day on, weekends left out."""
    holidays = holidays_ahead(today)
    first = first_delivery(today, offered[0].business_days if offered else 1, holidays)
    last, month, found = last_delivery(today), first.replace(day=1), []
    while month <= last:
        found.append(_month(month, first, last, today))
        month = (month + timedelta(31)).replace(day=1)
    return found


def _month(month: date, first: date, last: date, today: date) -> Month:
    weeks = calendar.Calendar().monthdatescalendar(month.year, month.month)
    cells = [[_day(day, month, first, last, today) for day in week[:5]] for week in weeks]
    return Month(month_title(month), f"{month:%Y-%m}", [week for week in cells if any(day.in_month for day in week)])


def _day(day: date, month: date, first: date, last: date, today: date) -> Day:
    in_month, holiday = day.month == month.month, public_holidays(day.year).get(day)
    is_open = in_month and first <= day <= last and is_business_day(day, {day} if holiday else ())
    said = date_long(day, today)
    return Day(day, in_month, is_open, said if is_open else f"{said}, {holiday or 'livraison impossible'}")
