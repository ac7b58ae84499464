"""Payments by card with two people, or two processes, at once."""

from datetime import date

import pytest
from django.db import transaction

from common.writing.once import make_key
from reservations.actions import card_checkout, confirm_cart, pay_by_card
from reservations.actions.checkout import DaysRefused
from reservations.models import Booking, Order, Session
from tests.concurrency import own_pid, someone_else
from tests.factories.reservations import TUESDAY, ActivityFactory, choose, household, instant, key_for, session
from wallet.actions import cards
from wallet.actions.cards import PaymentGoing, fulfil, open_top_up, start
from wallet.models import CardPayment, Transfer

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def in_november(time_machine, stripe_double):
    time_machine.move_to(instant(date(2026, 11, 2), "10:00"), tick=False)


def wants(activity, cents=0):
    home = household(cents)
    choose(home, activity, TUESDAY)
    return home


def asks(home):
    """What paying the family's cart by card takes, with the key of its page."""
    return {"user": home.user, "use_wallet": False, "key": key_for(home, "prepaid")}


def opened(home):
    return start(CardPayment.objects.get(pk=pay_by_card(**asks(home))["payment"]))


def test_the_last_place_is_held_for_the_first_who_pays_by_card():
    activity = ActivityFactory()
    day = session(activity, capacity=1)
    one, two = wants(activity), wants(activity, 1000)
    first, second = asks(one), {"user": two.user, "billing": "prepaid", "key": key_for(two, "prepaid")}
    with transaction.atomic():
        pay_by_card.__wrapped__(**first)
        rival = someone_else(confirm_cart, **second)
        assert rival.wait_until_blocked() == [own_pid()]
    with pytest.raises(DaysRefused, match="il n’y a plus de place"):
        rival.result()
    day.refresh_from_db()
    assert (day.booked, day.held, two.balance) == (0, 1, 1000)


def test_without_the_lock_the_second_would_still_see_the_place_free():
    """The control."""
    activity = ActivityFactory()
    day = session(activity, capacity=1)
    first = asks(wants(activity))
    with transaction.atomic():
        pay_by_card.__wrapped__(**first)
        seen = someone_else(lambda: Session.objects.get(pk=day.pk).held).result()
    assert (seen, Session.objects.get(pk=day.pk).held) == (0, 1)


def test_a_payment_told_by_two_processes_at_once_is_credited_once(stripe_double):
    home = household(0)
    payment = open_top_up(
        user=home.user, cents_by_wallet={home.wallet.pk: 5000}, key=make_key(home.user.owner, "top-up")
    )
    payment = start(payment)
    stripe_double.pay(payment.session)
    told = cards.gateway.read_checkout(payment.session)
    with transaction.atomic():
        cards._record.__wrapped__(payment.pk, told)
        rival = someone_else(fulfil, payment)
        assert rival.wait_until_blocked() == [own_pid()]
    assert rival.result().status == CardPayment.Status.PAID
    assert (home.balance, Transfer.objects.filter(reference__startswith="topup:").count()) == (5000, 1)


def test_without_the_payment_s_lock_both_would_credit_and_only_the_reference_stops_the_second(
    stripe_double, monkeypatch
):
    """The control: both read « open » and post; the unique reference refuses the second."""
    monkeypatch.setattr(cards, "locked", lambda pk: CardPayment.objects.get(pk=pk))
    home = household(0)
    payment = start(
        open_top_up(user=home.user, cents_by_wallet={home.wallet.pk: 5000}, key=make_key(home.user.owner, "top-up"))
    )
    stripe_double.pay(payment.session)
    told = cards.gateway.read_checkout(payment.session)
    with transaction.atomic():
        cards._record.__wrapped__(payment.pk, told)
        rival = someone_else(fulfil, payment)
        rival.wait_until_blocked()
    with pytest.raises(Exception, match="déjà été enregistrée"):
        rival.result()
    assert home.balance == 5000


def test_a_cart_served_by_two_processes_at_once_is_booked_once(stripe_double):
    activity = ActivityFactory()
    session(activity, capacity=2)
    payment = opened(wants(activity))
    stripe_double.pay(payment.session)
    payment = cards._record(payment.pk, cards.gateway.read_checkout(payment.session))
    with transaction.atomic():
        card_checkout._settle.__wrapped__(payment.pk)
        rival = someone_else(cards.serve, payment)
        assert rival.wait_until_blocked() == [own_pid()]
    rival.result()
    assert (Order.objects.count(), Booking.objects.count(), Session.objects.get().held) == (1, 1, 0)


def test_the_cart_and_the_top_up_of_two_tabs_are_not_both_opened():
    activity = ActivityFactory()
    session(activity)
    home = wants(activity)
    first = asks(home)
    words = {"user": home.user, "cents_by_wallet": {home.wallet.pk: 5000}}
    words["key"] = make_key(home.user.owner, "top-up")
    with transaction.atomic():
        pay_by_card.__wrapped__(**first)
        rival = someone_else(open_top_up, **words)
        assert rival.wait_until_blocked() == [own_pid()]
    with pytest.raises(PaymentGoing):
        rival.result()
    assert CardPayment.objects.count() == 1


def test_giving_up_and_paying_at_once_end_the_same_way(stripe_double):
    """The payer leaves the page while the news of the payment is being booked."""
    activity = ActivityFactory()
    session(activity, capacity=1)
    home = wants(activity)
    payment = opened(home)
    stripe_double.pay(payment.session)
    told = cards.gateway.read_checkout(payment.session)
    with transaction.atomic():
        cards._record.__wrapped__(payment.pk, told)
        rival = someone_else(cards.abandon, payment)
        assert rival.wait_until_blocked() == [own_pid()]
    assert rival.result().status == CardPayment.Status.PAID
    assert (Booking.objects.count(), home.balance) == (1, 0)
