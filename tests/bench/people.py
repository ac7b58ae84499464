"""Whom the bench visits for: families of the town, found by what they booked."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from itertools import islice

from django.db.models import Count, Q, QuerySet
from django.db.models.functions import TruncMonth
from django.test import Client
from django.utils import timezone

from accounts.models import User
from common.writing.once import make_key
from families.models import Family
from reservations.actions import cancel_bookings, choose_days
from reservations.actions.cancelling import SEVERAL
from reservations.models import Activity, Booking, Session
from reservations.reads.usual_week import coming_monday
from tests.client import once_keys

DAYS = 20
CART, WEEK = "/reservations/panier/", "/reservations/semaine/"


@dataclass
class Person:
    """A parent at a browser, as after the login page."""

    user: User

    @cached_property
    def client(self) -> Client:
        client = Client()
        client.force_login(self.user)
        return client

    @cached_property
    def canteen(self) -> Activity:
        return Activity.objects.offered().get(kind="cantine", service__commune=self.user.commune)


def parent_of(family: Family) -> Person:
    return Person(family.guardians.get().user)


def families() -> QuerySet[Family]:
    """With their ``children`` and their ``coming`` bookings."""
    coming = Q(bookings__status="booked", bookings__session__date__gte=timezone.localdate())
    rows = Family.objects.annotate(coming=Count("bookings", filter=coming, distinct=True))
    return rows.annotate(children=Count("memberships", distinct=True)).exclude(guardians=None)


def only_child(coming: str) -> Person:
    """A family of one child with the most, or the fewest, bookings to come."""
    return parent_of(families().filter(children=1).order_by(coming, "pk").first())


def large_family() -> Person:
    """The family with the most bookings to come."""
    return parent_of(families().order_by("-coming", "pk").first())


def second_family() -> Person:
    """The family with the most bookings to come but one."""
    return parent_of(families().order_by("-coming", "pk")[1])


def fullest_month() -> date:
    """The month with the most days of canteen that can still be booked."""
    free = Session.objects.filter(activity__kind="cantine", bookable_until__gt=timezone.now())
    return (
        free.annotate(month=TruncMonth("date"))
        .values_list("month")
        .annotate(n=Count("pk"))
        .order_by("-n", "month")[0][0]
    )


def shoppers() -> Iterator[tuple[Person, int, list[date]]]:
    """(parent, child, 20 days) of carts that can be confirmed: families with nothing booked ahead, in rounds."""
    people = [parent_of(row) for row in families().filter(coming=0).order_by("pk")]
    for start in (0, DAYS, 2 * DAYS):
        for person in people:
            days = Session.objects.filter(activity=person.canteen, bookable_until__gt=timezone.now()).order_by("date")
            child = person.user.guardian.family.members.earliest("pk")
            yield person, child.pk, list(days.values_list("date", flat=True)[start : start + DAYS])


class Shopper:
    """Fills carts of 20 days for one family after the other, shows them, confirms them."""

    def __init__(self, start: int = 0, step: int = 1):
        self._coming = islice(shoppers(), start, None, step)

    def fill(self) -> None:
        self.person, child, days = next(self._coming)
        choice = choose_days(user=self.person.user, activity=self.person.canteen, members=[child], days=days)
        if choice.booked != DAYS:
            raise RuntimeError(f"the cart holds {choice.booked} days: {choice.reasons}")
        (self.key,) = once_keys(self.show())

    def show(self):
        return self.person.client.get(CART)

    def confirm(self):
        response = self.person.client.post(CART, {"once_key": self.key})
        if "/commandes/" not in response.url:
            raise RuntimeError("the cart was refused")
        return response


class Regular:
    """A family that books the same days every week: its coming week is free, it looks at it and books it, again and again."""

    def __init__(self, rank: int):
        self.person = parent_of(families().filter(coming__gt=0).order_by("-children", "pk")[rank])
        self.free()

    def free(self) -> None:
        """Give the coming week back, and read the page that offers it."""
        user, monday = self.person.user, coming_monday(timezone.localdate())
        week = Booking.objects.of(user).active().filter(session__date__range=(monday, monday + timedelta(6)))
        if pks := list(week.values_list("pk", flat=True)):
            cancel_bookings(user=user, bookings=pks, key=make_key(user.owner, SEVERAL))
        page = self.person.client.get(WEEK).content.decode()
        self.keys = dict(re.findall(r'name="(once_key_\w+)" value="([^"]+)"', page))

    def confirm(self):
        response = self.person.client.post(WEEK, self.keys)
        if "/reservee/" not in response.url:
            raise RuntimeError("the week was refused")
        return response
