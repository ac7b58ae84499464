"""Requests of the leisure centres: booked now at a frozen price, debited on the day (guide 004)."""

from datetime import date

import pytest

from reservations.actions.checkout import DaysRefused
from reservations.actions.places.ledger import estimated_costs
from reservations.models import Billing, Booking, CartLine, Order, Tariff
from tests.factories.reservations import (
    FRIDAY,
    LOUANE,
    THEO,
    THURSDAY,
    TUESDAY,
    ActivityFactory,
    LeisureFactory,
    book,
    cancel,
    choose,
    confirm,
    household,
    instant,
    session,
    sessions,
)
from wallet.actions import NotEnough, set_floor
from wallet.models import Operation, Purse

pytestmark = pytest.mark.django_db
NBSP = "\u00a0"


@pytest.fixture
def journee(db):
    return LeisureFactory(cents=1330)


def requests(home, *chosen, replace=True):
    """Enter requests: (activity, days …) one after the other, as the pages do."""
    for activity, *days in chosen:
        choose(home, activity, *days, replace=replace)


@pytest.mark.seed("S4-82", "S4-88")
def test_several_activities_and_children_are_booked_at_once_without_any_transfer(journee):
    home = household(10_000, LOUANE, THEO)
    matin = LeisureFactory(name="ALSH Matin", cents=475)
    sessions(journee, TUESDAY, THURSDAY)
    session(matin, FRIDAY)
    requests(home, (journee, TUESDAY, THURSDAY), (matin, FRIDAY))
    order = confirm(home, Billing.DEFERRED)
    booked = Booking.objects.values_list("session__activity__name", "member__first_name", "cents", "billing")
    assert sorted(booked) == [
        ("ALSH Journée", "Louane", 1330, "deferred"),
        ("ALSH Journée", "Louane", 1330, "deferred"),
        ("ALSH Journée", "Théo", 1330, "deferred"),
        ("ALSH Journée", "Théo", 1330, "deferred"),
        ("ALSH Matin", "Louane", 475, "deferred"),
        ("ALSH Matin", "Théo", 475, "deferred"),
    ]
    assert (order.booked_cents, order.billing, order.operation) == (6270, "deferred", None)
    assert Operation.objects.exclude(kind="opening").count() == 0
    assert (home.balance, estimated_costs(home.family.pk)) == (10_000, {journee.purse_id: 6270})


def test_one_day_that_is_closed_refuses_all_requests(journee):
    home = household(10_000, LOUANE, THEO)
    matin = LeisureFactory()
    tuesday = session(journee)
    session(matin, FRIDAY)
    requests(home, (journee, TUESDAY), (matin, FRIDAY))
    tuesday.closed_at, tuesday.closed_reason = instant(date(2026, 11, 2)), "Travaux"
    tuesday.save()
    with pytest.raises(DaysRefused):
        confirm(home, Billing.DEFERRED)
    assert (Booking.objects.count(), Order.objects.count(), CartLine.objects.count()) == (0, 0, 4)


def test_the_price_is_frozen_on_the_booking(journee):
    home = household()
    [booking] = book(home, session(journee))
    Tariff.objects.update(cents=9999)
    booking.refresh_from_db()
    assert (booking.cents, estimated_costs(home.family.pk)) == (1330, {journee.purse_id: 1330})


@pytest.mark.parametrize(("cents", "floor", "missing"), [(2659, 0, 1), (0, -2659, 1), (0, 0, 2660), (1000, -1000, 660)])
def test_what_is_coming_may_not_cross_the_floor(journee, cents, floor, missing):
    home = household(cents)
    set_floor(Purse.objects.get(), floor)
    book_two = sessions(journee, TUESDAY, THURSDAY)
    with pytest.raises(NotEnough) as refused:
        book(home, *book_two)
    assert list(refused.value.missing.values()) == [missing]
    assert (Booking.objects.count(), CartLine.objects.count()) == (0, 2)


@pytest.mark.parametrize(("cents", "floor"), [(2660, 0), (0, -2660), (660, -2000)])
def test_the_floor_itself_may_be_reached(journee, cents, floor):
    home = household(cents)
    set_floor(Purse.objects.get(), floor)
    assert len(book(home, *sessions(journee, TUESDAY, THURSDAY))) == 2


def test_what_was_asked_earlier_counts_in_the_estimate(journee):
    home = household(2659)
    tuesday, thursday = sessions(journee, TUESDAY, THURSDAY)
    book(home, tuesday)
    with pytest.raises(NotEnough, match=f"Il manque 0,01{NBSP}€"):
        book(home, thursday)


def test_a_cancelled_day_leaves_room_for_another_in_the_same_request(journee):
    home = household(1330)
    tuesday, _ = sessions(journee, TUESDAY, THURSDAY)
    book(home, tuesday)
    requests(home, (journee, TUESDAY, THURSDAY))
    order = confirm(home, Billing.DEFERRED)
    assert (order.booked_cents, order.cancelled_cents, order.operation) == (1330, 1330, None)
    assert list(Booking.objects.active().values_list("session__date", flat=True)) == [THURSDAY]


def test_another_familys_estimate_does_not_count(journee):
    tuesday = session(journee)
    book(household(1330), tuesday)
    assert len(book(household(1330), tuesday)) == 1


def test_a_family_below_its_floor_may_still_cancel(journee):
    home = household(1330)
    tuesday = session(journee)
    book(home, tuesday)
    book(home, session(ActivityFactory(cents=1000)))
    assert home.balance == 330
    requests(home, (journee, TUESDAY))
    order = confirm(home, Billing.DEFERRED)
    assert (order.booked_cents, order.cancelled_cents) == (0, 1330)


def test_a_family_without_a_wallet_books_as_far_as_its_floor_allows(journee):
    home = household(None)
    it = session(journee)
    with pytest.raises(NotEnough, match=f"Il manque 13,30{NBSP}€"):
        book(home, it)
    set_floor(Purse.objects.get(), -1330)
    assert len(list(confirm(home, Billing.DEFERRED).bookings.all())) == 1


def test_the_prepaid_cart_and_the_requests_are_confirmed_apart(journee):
    home, canteen = household(), ActivityFactory()
    session(journee)
    session(canteen)
    choose(home, journee, TUESDAY)
    choose(home, canteen, TUESDAY)
    confirm(home, Billing.DEFERRED)
    assert list(Booking.objects.values_list("billing", flat=True)) == ["deferred"]
    assert list(CartLine.objects.values_list("cart__billing", flat=True)) == ["prepaid"]
    assert home.balance == 10_000


def test_the_red_cross_cancels_a_deferred_day_without_any_transfer(journee):
    home = household(1330)
    [booking] = book(home, session(journee, capacity=4))
    order = cancel(home, booking)
    booking.refresh_from_db()
    assert (booking.status, order.operation, home.balance) == ("cancelled", None, 1330)
    assert estimated_costs(home.family.pk) == {}
