"""A week confirmed by two at once: the second waits, and nobody is booked or paid twice."""

from datetime import timedelta

import pytest
from django.db import transaction

from reservations.actions.checkout import DaysRefused
from reservations.actions.weeks import book_week
from reservations.models import Booking
from reservations.views.week_data import week_page
from tests.concurrency import own_pid, someone_else
from tests.factories.reservations import LOUANE, TUESDAY, ActivityFactory, book, household, session
from tests.reservations.conftest import NOW

pytestmark = pytest.mark.django_db(transaction=True)
NEXT = TUESDAY + timedelta(7)


def asked(home) -> dict:
    [part] = week_page(home.user).parts
    return {"user": home.user, "billing": part.billing, "key": part.key}


def rivals(first, second):
    """The second confirms while the first is under way."""
    with transaction.atomic():
        book_week.__wrapped__(**first)
        rival = someone_else(book_week, **second)
        assert rival.wait_until_blocked() == [own_pid()]
    return rival


def test_two_pages_of_one_family_book_the_week_once(time_machine):
    home, canteen = household(10_000, LOUANE), ActivityFactory()
    book(home, session(canteen, TUESDAY))
    session(canteen, NEXT)
    time_machine.move_to(NOW + timedelta(days=10))
    before = home.balance
    rival = rivals(asked(home), asked(home))
    with pytest.raises(DaysRefused, match="déjà réservé"):
        rival.result()
    assert Booking.objects.active().filter(session__date=NEXT).count() == 1
    assert home.balance == before - 380


def test_two_families_want_the_last_place_of_the_week(time_machine):
    one, two, canteen = household(), household(), ActivityFactory()
    past, last = session(canteen, TUESDAY), session(canteen, NEXT, capacity=1)
    for home in (one, two):
        book(home, past)
    time_machine.move_to(NOW + timedelta(days=10))
    rival = rivals(asked(one), asked(two))
    with pytest.raises(DaysRefused, match="il n’y a plus de place"):
        rival.result()
    last.refresh_from_db()
    assert (last.booked, one.balance, two.balance) == (1, 10_000 - 760, 10_000 - 380)
