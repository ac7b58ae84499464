"""Long proofs of the places, run by `make proof`: many parents at once, carts in every order, an exact ledger after."""

import random
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import Count, F

from reservations.actions import confirm_cart
from reservations.actions.checkout import DaysRefused
from reservations.models import Booking, Session
from tests.factories.reservations import LOUANE, TUESDAY, ActivityFactory, choose, household, key_for, sessions

pytestmark = [pytest.mark.proof, pytest.mark.django_db(transaction=True)]


def confirm(home):
    """Confirm a family's cart on a connection of its own; say how it went."""
    try:
        confirm_cart(user=home.user, billing="prepaid", key=key_for(home))
    except DaysRefused:
        return "refused"
    else:
        return "booked"
    finally:
        connection.close()


def at_once(homes, visitors=16):
    with ThreadPoolExecutor(max_workers=visitors) as pool:
        return list(pool.map(confirm, homes))


def counters_are_exact():
    wrong = Session.objects.annotate(n=Count("bookings")).exclude(booked=F("n"))
    return not wrong.exists()


def test_three_hundred_parents_on_thirty_places():
    activity = ActivityFactory()
    sessions(activity, TUESDAY, capacity=30)
    homes = [household(10_000, LOUANE) for _ in range(300)]
    for home in homes:
        choose(home, activity, TUESDAY)
    answers = at_once(homes)
    assert (answers.count("booked"), answers.count("refused")) == (30, 270)
    assert Booking.objects.count() == 30
    assert counters_are_exact()


def test_carts_of_ten_days_in_any_order_never_deadlock_and_never_book_half():
    days = [TUESDAY + timedelta(number) for number in range(40)]
    activities = [ActivityFactory() for _ in range(2)]
    for activity in activities:
        sessions(activity, *days, capacity=12)
    homes = [household(100_000, LOUANE) for _ in range(80)]
    dice = random.Random(20261121)
    for home in homes:
        for activity in dice.sample(activities, 2):
            choose(home, activity, *dice.sample(days, 5))
    answers = at_once(homes)
    assert set(answers) <= {"booked", "refused"}
    assert Booking.objects.count() == 10 * answers.count("booked")
    assert {home.balance for home in homes} <= {100_000, 100_000 - 10 * 380}
    assert counters_are_exact()
