"""What others do to a cart's days while its payment page is open; found by the proofs."""

from datetime import date

import pytest

from reservations.actions import confirm_cart, pay_by_card
from reservations.models import Booking, Order, Session
from tests.factories.reservations import (
    LOUANE,
    THEO,
    TUESDAY,
    ActivityFactory,
    book,
    cancel,
    choose,
    household,
    key_for,
    session,
)
from wallet.actions.cards import fulfil, start
from wallet.models import CardPayment

pytestmark = pytest.mark.django_db


@pytest.fixture
def home(db):
    """Louane, who has one of two places, and her brothers."""
    return household(380, LOUANE, THEO, ("Malo", date(2016, 2, 3)))


@pytest.fixture
def canteen(db):
    return session(ActivityFactory(), capacity=2)


def swap(home, day, members) -> CardPayment:
    """Louane gives her place back, the others take it and what is free: paid by card, the page is open."""
    choose(home, day.activity, TUESDAY, members=home.children[:1])
    choose(home, day.activity, TUESDAY, members=members)
    answer = pay_by_card(user=home.user, use_wallet=False, key=key_for(home))
    return start(CardPayment.objects.get(pk=answer["payment"]))


def a_rival_books(day) -> None:
    rival = household(380)
    choose(rival, day.activity, TUESDAY)
    confirm_cart(user=rival.user, billing="prepaid", key=key_for(rival))


def pay(double, payment) -> Order:
    double.pay(payment.session)
    fulfil(payment)
    return Order.objects.get(card_payment=payment)


def booked_of(home) -> set[str]:
    return set(Booking.objects.active().filter(family=home.family).values_list("member__first_name", flat=True))


def places():
    return Session.objects.values_list("booked", "held").get()


def test_a_place_to_be_given_back_that_went_to_others_is_not_booked_and_is_told(home, canteen, stripe_double):
    """Her brothers are to take both places, but she gives hers back at once, with the red cross, and a rival has it."""
    louane, theo, malo = home.children
    (hers,) = book(home, canteen, members=[louane])
    payment = swap(home, canteen, [theo, malo])
    cancel(home, hers)
    a_rival_books(canteen)
    order = pay(stripe_double, payment)
    assert (len(booked_of(home)), home.balance, places()) == (1, 380, (2, 0))
    assert order.remarks[0] == "Louane, mardi 10 novembre : aucune réservation de votre famille à annuler."
    assert order.remarks[1].endswith(", mardi 10 novembre : il n’y a plus de place.")
    assert len(order.remarks) == 2


def test_the_place_that_the_cart_itself_gives_back_is_kept_for_it_when_the_day_fills_up(home, canteen, stripe_double):
    louane, theo, malo = home.children
    book(home, canteen, members=[louane])
    choose(home, canteen.activity, TUESDAY, members=[malo])  # so that there is something to pay
    payment = swap(home, canteen, [theo])
    assert places() == (1, 1)
    order = pay(stripe_double, payment)
    assert (booked_of(home), places(), order.remarks) == ({"Théo", "Malo"}, (2, 0), [])


def test_a_day_exchanged_between_two_children_stays_theirs_when_others_take_the_last_place(
    home, canteen, stripe_double
):
    louane, theo, _ = home.children
    book(home, canteen, members=[louane])
    extra = session(ActivityFactory())
    choose(home, extra.activity, TUESDAY, members=[louane])
    payment = swap(home, canteen, [theo])
    a_rival_books(canteen)
    order = pay(stripe_double, payment)
    assert (booked_of(home), order.remarks) == ({"Théo", "Louane"}, [])
    assert Session.objects.values_list("booked", "held").get(pk=canteen.pk) == (2, 0)
