"""A family that has been there for ten years: every school day eaten and paid, every Wednesday debited on the day."""

from datetime import date, timedelta

from django.db import transaction
from django.utils import timezone

from families.models import Family
from reservations.models import Activity, Billing, Booking, Session
from tests.bench import town
from tests.bench.people import Person
from wallet.actions import post_all, revenue_accounts
from wallet.models import Operation

YEARS = 10


def give(person: Person) -> Person:
    """Write the family's last ten years, month by month, before the days that the town knows; the ledger stays exact."""
    house = _house(person)
    first, last = span()
    Family.objects.filter(pk=house.family.pk).update(created_at=town.evening_of(first))
    days = _sessions(house.canteen, range(4), first, last), _sessions(house.wednesdays, [2], first, last)
    for month in sorted({(row.date.year, row.date.month) for row in days[0]}):
        with transaction.atomic():
            town.check_at_once()
            _live(house, [[row for row in rows if (row.date.year, row.date.month) == month] for rows in days])
    return person


def span() -> tuple[date, date]:
    """The first day of those years, and the one after their last."""
    last = timezone.localdate().replace(day=1)
    return last.replace(year=last.year - 1 - YEARS), last.replace(year=last.year - 1)


def _house(person: Person) -> town.House:
    family, commune = person.user.guardian.family, person.user.commune
    meals, wednesdays = (Activity.objects.get(service__commune=commune, kind=kind) for kind in ("cantine", "loisirs"))
    children = list(family.members.order_by("pk"))
    return town.House(0, person.user, family, meals, wednesdays, children, family.wallets.get())


def _sessions(activity: Activity, weekdays, first: date, last: date) -> list[Session]:
    times = {"arrival": activity.arrival, "departure": activity.departure}
    days = (first + timedelta(number) for number in range((last - first).days))
    rows = [Session(activity=activity, date=day, **times) for day in days if day.weekday() in weekdays]
    return Session.objects.bulk_create(rows)


def _live(house: town.House, days: list[list[Session]]) -> None:
    """One month: a cheque, an order paid at once, an order debited at the end of the month."""
    meals, wednesdays = ([(row, child) for row in rows for child in house.children] for rows in days)
    at = town.evening_of(days[0][0].date)
    town.credit([house], {house.number: (len(meals) + len(wednesdays)) * town.PRICE}, at, house.user)
    for billing, wanted in ((Billing.PREPAID, meals), (Billing.DEFERRED, wednesdays)):
        ((order, rows),) = town.place_orders([house], {house.number: wanted}, billing, at).items()
        kind = Operation.Kind.BOOKING if billing == Billing.PREPAID else Operation.Kind.DEFERRED_DEBIT
        revenue = revenue_accounts({row.session.activity.revenue_code for row in rows})
        draft = town.Draft(kind, [town.payment_of(house, row, revenue) for row in rows], house.user, kind.label, at)
        (operation,) = post_all([draft])
        if billing == Billing.PREPAID:
            order.operation = operation
            order.save()
        else:
            Booking.objects.filter(order=order).update(debited_at=at)
