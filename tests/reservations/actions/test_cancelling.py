"""The red cross: one booking given back in time, to the wallet that paid it."""

from datetime import date

import pytest

from common.models import OutgoingEmail
from common.refusals import StalePage
from common.writing.once import make_key
from families.models import Guardian
from reservations.actions import cancel_booking
from reservations.actions.cancelling import AlreadyCancelled, TooLate
from reservations.models import Booking, Order
from tests.factories.accounts import UserFactory
from tests.factories.reservations import (
    LOUANE,
    THEO,
    ActivityFactory,
    book,
    cancel,
    choose,
    confirm,
    household,
    instant,
    session,
    share,
)
from tests.factories.wallet import wallet_with
from wallet.models import Operation, Purse, Transfer

pytestmark = pytest.mark.django_db
NBSP = "\u00a0"


def booked(**fields):
    """A family with one booking at 3,80 €: (household, booking)."""
    home = household()
    [booking] = book(home, session(ActivityFactory(), **fields))
    return home, booking


def unchanged(home, booking):
    """Still booked and paid, nobody told otherwise."""
    booking.refresh_from_db()
    assert (booking.status, home.balance, booking.session.booked) == ("booked", 9620, 1)
    assert OutgoingEmail.objects.filter(template="reservations/booking_cancelled").count() == 0
    assert Order.objects.count() == 1


@pytest.mark.seed("S2-60", "S2-63", "S2-73")
def test_a_booking_cancelled_in_time_is_recredited_and_its_place_freed():
    home, booking = booked(capacity=3)
    order = cancel(home, booking)
    booking.refresh_from_db()
    assert (booking.status, booking.cancelled_by, booking.cancelled_at) == ("cancelled", home.user, order.at)
    assert (booking.cancelled_in, booking.session.booked, home.balance) == (order, 0, 10_000)
    assert (order.booked_cents, order.cancelled_cents, order.operation.kind) == (0, 380, "cancellation")
    paid = Transfer.objects.get(reference=booking.payment_reference)
    assert Transfer.objects.get(operation=order.operation).reverses == paid
    assert order.operation.label == f"Annulation – {booking.session}"


@pytest.mark.seed("S2-73")
def test_the_purse_that_paid_is_recredited_even_when_the_activity_has_another_one_now():
    home = household()
    purse = Purse.objects.create(code="loisirs", name="Loisirs")
    paying = wallet_with(380, home.family, purse)
    activity = ActivityFactory(purse=purse)
    [booking] = book(home, session(activity))
    activity.purse = home.wallet.purse
    activity.save()
    cancel(home, booking)
    paying.account.balance.refresh_from_db()
    assert (paying.balance, home.balance) == (380, 10_000)


@pytest.mark.seed("S2-64", "S2-65")
def test_at_the_deadline_nothing_is_cancelled_nor_recredited_any_more(time_machine):
    limit = instant(date(2026, 11, 9), "12:00")
    home, booking = booked(capacity=3, cancellable_until=limit)
    time_machine.move_to(limit, tick=False)
    with pytest.raises(TooLate) as refused:
        cancel(home, booking)
    assert refused.value.sentences == [
        "Le délai d’annulation est passé : cette réservation ne peut plus être annulée ni recréditée."
        f" Le délai était : lundi 9 novembre à 12{NBSP}h."
    ]
    unchanged(home, booking)


@pytest.mark.seed("S2-64")
def test_a_second_before_the_deadline_it_is(time_machine):
    limit = instant(date(2026, 11, 9), "12:00")
    home, booking = booked(cancellable_until=limit)
    time_machine.move_to(limit.timestamp() - 1, tick=False)
    cancel(home, booking)
    assert home.balance == 10_000


def test_an_activity_that_is_never_cancelled_online_says_whom_to_ask():
    home, booking = booked(capacity=3, cancellable_until=None)
    with pytest.raises(TooLate, match="ne s’annule pas en ligne"):
        cancel(home, booking)
    unchanged(home, booking)


def test_a_booking_is_cancelled_once():
    home, booking = booked()
    cancel(home, booking)
    with pytest.raises(AlreadyCancelled):
        cancel(home, booking)
    assert (home.balance, Operation.objects.filter(kind="cancellation").count()) == (10_000, 1)


def test_a_second_click_gets_the_first_answer():
    home, booking = booked()
    key = make_key(home.user.owner, f"cancel:{booking.pk}")
    first = cancel(home, booking, key)
    assert cancel(home, booking, key) == first
    assert (home.balance, Order.objects.count()) == (10_000, 2)


def test_the_key_of_one_booking_cancels_no_other():
    home, booking = booked(capacity=3)
    with pytest.raises(StalePage):
        cancel(home, booking, make_key(home.user.owner, f"cancel:{booking.pk + 1}"))
    unchanged(home, booking)


@pytest.mark.parametrize("key", ["", "forged", "a:b:c"])
def test_a_forged_key_cancels_nothing(key):
    home, booking = booked(capacity=3)
    with pytest.raises(StalePage):
        cancel_booking(user=home.user, booking=booking, key=key)
    unchanged(home, booking)


def test_the_other_parent_of_a_shared_child_does_not_cancel_what_this_one_paid():
    home, booking = booked(capacity=3)
    other = household()
    share(home, other)
    assert Booking.objects.of(other.user).count() == 0
    with pytest.raises(Booking.DoesNotExist):
        cancel(other, booking)
    unchanged(home, booking)


def test_both_guardians_of_a_household_cancel_its_bookings():
    home, booking = booked()
    partner = UserFactory()
    Guardian.objects.create(user=partner, family=home.family)
    cancel_booking(user=partner, booking=booking, key=make_key(partner.owner, f"cancel:{booking.pk}"))
    booking.refresh_from_db()
    assert (booking.cancelled_by, home.balance) == (partner, 10_000)


def test_only_the_booking_clicked_is_cancelled():
    home = household(10_000, LOUANE, THEO)
    first, second = book(home, session(ActivityFactory(), capacity=2))
    cancel(home, first)
    second.refresh_from_db()
    assert (second.status, second.session.booked, home.balance) == ("booked", 1, 9620)


def test_a_free_booking_is_cancelled_without_any_money():
    home = household(0)
    [booking] = book(home, session(ActivityFactory(cents=0)))
    order = cancel(home, booking)
    assert (order.operation, order.cancelled_cents) == (None, 0)


def test_a_request_to_cancel_left_in_the_cart_is_refused_once_it_was_cancelled():
    home, booking = booked()
    choose(home, booking.session.activity, booking.session.date)
    cancel(home, booking)
    with pytest.raises(Exception, match="aucune réservation de votre famille à annuler"):
        confirm(home)
    assert home.balance == 10_000
