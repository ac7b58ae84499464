"""What the apps below ask of bookings, and what the ledger's check finds when a fault is planted."""

from datetime import date

import pytest

from families import hooks
from reservations.actions import debit_the_day
from reservations.models import Booking, Order, Session
from reservations.reads.for_lower_apps import check_bookings
from tests.factories.reservations import (
    LOUANE,
    THEO,
    TUESDAY,
    ActivityFactory,
    Household,
    LeisureFactory,
    book,
    cancel,
    choose,
    household,
    instant,
    session,
    share,
)
from tests.factories.wallet import guards_lifted
from wallet import checks

pytestmark = pytest.mark.django_db


# --- What families asks -----------------------------------------------------------------------------------------------
def asked(home, member):
    """(was anything booked for this person?, how many bookings are to come?, has the family a past?)."""
    return (
        any(hooks.has_history(member=member)),
        sum(hooks.upcoming_bookings(family=home.family, member=member)),
        any(hooks.family_has_history(family=home.family)),
    )


def test_a_booking_is_a_past_and_is_still_to_come(time_machine):
    home = household(None, LOUANE, THEO)
    assert asked(home, home.child) == (False, 0, False)
    book(home, session(ActivityFactory(cents=0)), members=[home.child])
    assert asked(home, home.child) == (True, 1, True)
    assert asked(home, home.children[1]) == (False, 0, True)
    time_machine.move_to(instant(TUESDAY, "23:00"))
    assert asked(home, home.child) == (True, 1, True)
    time_machine.move_to(instant(date(2026, 11, 11)))
    assert asked(home, home.child) == (True, 0, True)


def test_a_cancelled_booking_is_a_past_and_not_to_come():
    home = household()
    [booking] = book(home, session(ActivityFactory()))
    cancel(home, booking)
    assert asked(home, home.child) == (True, 0, True)


def test_what_one_parent_booked_is_a_past_of_the_child_for_both():
    home, other = household(), household(None)
    share(home, other)
    book(home, session(ActivityFactory()))
    assert asked(other, home.child) == (True, 0, False)


def test_a_day_in_the_cart_is_not_a_past():
    home, activity = household(None), ActivityFactory()
    session(activity)
    choose(home, activity, TUESDAY)
    assert asked(home, home.child) == (False, 0, False)


# --- What check_ledger finds ------------------------------------------------------------------------------------------
def test_an_honest_day_has_no_difference():
    home = household(10_000, LOUANE, THEO)
    one, two = book(home, session(ActivityFactory(), capacity=3))
    cancel(home, one)
    book(home, session(LeisureFactory()))
    book(home, session(ActivityFactory(cents=0)))
    assert list(check_bookings()) == []
    assert check_bookings in checks.registered
    assert two.status == "booked"


@pytest.fixture
def booking(planted_differences):
    [found] = book(household(), session(ActivityFactory(), capacity=3))
    return found


def test_a_booking_that_costs_otherwise_than_what_was_paid_is_found(booking):
    Booking.objects.update(cents=1)
    assert list(check_bookings()) == [
        f"booking {booking.pk} costs 1, its transfer moves 380",
        f"order {booking.order_id} says 380 booked and 0 cancelled, its days 1 and 0",
    ]


def test_a_booking_that_nobody_paid_is_found(booking):
    order = Order.objects.create(family=booking.family, by=booking.order.by, billing="prepaid", booked_cents=475)
    booking.pk, booking.cents, booking.order, booking.member = None, 475, order, household(0).child
    booking.save()
    Session.objects.update(booked=2)
    assert list(check_bookings()) == [f"booking {booking.pk} costs 475, its transfer moves None"]


def test_a_payment_without_its_booking_is_found(booking):
    Booking.objects.update(billing="deferred")
    assert list(check_bookings()) == [f"transfer booking:{booking.pk} pays no booking"]


@pytest.fixture
def debited(planted_differences, time_machine):
    """A deferred booking that the night has debited."""
    [found] = book(household(), session(LeisureFactory(cents=1330), capacity=3))
    time_machine.move_to(instant(TUESDAY, "02:10"))
    debit_the_day(TUESDAY)
    return found


def test_a_debited_booking_has_its_transfer(debited):
    assert list(check_bookings()) == []


def test_a_debit_that_the_booking_does_not_know_of_is_found(debited):
    Booking.objects.update(debited_at=None)
    assert list(check_bookings()) == [f"transfer booking:{debited.pk} pays no booking"]


def test_a_booking_that_says_debited_and_was_not_is_found(planted_differences):
    [coming] = book(household(), session(LeisureFactory(cents=1330), capacity=3))
    Booking.objects.update(debited_at=instant(TUESDAY))
    assert list(check_bookings()) == [f"booking {coming.pk} costs 1330, its transfer moves None"]


def test_a_debited_booking_that_is_cancelled_without_recredit_is_found(debited):
    Booking.objects.update(status="cancelled", cancelled_at=instant(TUESDAY))
    Session.objects.update(booked=0)
    assert list(check_bookings()) == [f"booking {debited.pk} is cancelled, recredited: False"]


def test_a_cancellation_without_recredit_is_found(booking):
    Booking.objects.update(status="cancelled", cancelled_at=instant(TUESDAY))
    Session.objects.update(booked=0)
    assert list(check_bookings()) == [f"booking {booking.pk} is cancelled, recredited: False"]


def test_a_recredit_of_a_day_that_is_still_booked_is_found(booking):
    cancel(household_of(booking), booking)
    Booking.objects.update(status="booked", cancelled_at=None)
    Session.objects.update(booked=1)
    assert list(check_bookings()) == [f"booking {booking.pk} is booked, recredited: True"]


def test_a_day_paid_from_another_familys_wallet_is_found(booking):
    stranger = household()
    with guards_lifted("wallet_transfer", "wallet_balance") as cursor:
        cursor.execute(
            "UPDATE wallet_transfer SET source_id = %s WHERE reference = %s",
            [stranger.wallet.account_id, booking.payment_reference],
        )
    assert list(check_bookings()) == [f"booking {booking.pk} was not paid by its family"]


@pytest.mark.parametrize("counted", [0, 2, 3])
def test_a_counter_of_places_that_is_wrong_is_found(booking, counted):
    Session.objects.update(booked=counted)
    assert list(check_bookings()) == [f"session {booking.session_id} counts {counted} places, 1 are booked"]


def test_an_order_that_says_otherwise_than_its_bookings_is_found(booking):
    booking.order.booked_cents = 1
    booking.order.save()
    assert list(check_bookings()) == [f"order {booking.order_id} says 1 booked and 0 cancelled, its days 380 and 0"]


def household_of(booking):
    """The household as the helpers want it."""
    return Household(booking.family.guardians.get().user, booking.family, None, [booking.member])
