"""Booking the coming week at once, under the cart's locks and beside the cart."""

from datetime import timedelta

import pytest

from common.writing.once import StalePage
from families.models import Certification
from reservations.actions.checkout import DaysRefused, NotCertified
from reservations.actions.places.baskets import CartChanged
from reservations.actions.weeks import book_week, put_in_cart
from reservations.models import Billing, Booking, CartLine, Order, Session, WaitlistEntry
from reservations.views.week_data import week_page
from tests.factories.reservations import (
    choose,
    household,
    sessions,
)
from tests.reservations.conftest import LATER, NEXT, booked_next
from wallet.actions import NotEnough

pytestmark = pytest.mark.django_db


def keys(usual) -> dict:
    return {part.billing: part.key for part in week_page(usual.user).parts}


def test_both_ways_of_paying_are_booked_and_the_price_is_what_was_shown(usual):
    page, before = week_page(usual.user), usual.balance
    assert (len(page.lines), page.left_out, page.weekdays) == (7, [], "L M J")
    for billing, key in keys(usual).items():
        book_week(user=usual.user, billing=billing, key=key)
    assert (booked_next(), usual.balance) == (7, before - page.due)
    assert week_page(usual.user).lines == []


def test_twice_is_once(usual):
    key = keys(usual)[Billing.PREPAID]
    first = book_week(user=usual.user, billing=Billing.PREPAID, key=key)
    orders = Order.objects.count()
    assert book_week(user=usual.user, billing=Billing.PREPAID, key=key) == first
    assert (booked_next(), Order.objects.count()) == (6, orders)
    with pytest.raises(StalePage):
        book_week(user=usual.user, billing=Billing.DEFERRED, key=key)


def test_the_cart_keeps_its_other_days_and_loses_those_that_are_booked(usual):
    friday = NEXT[0] + timedelta(4)
    sessions(usual.canteen, friday)
    choose(usual, usual.canteen, friday, NEXT[0])
    book_week(user=usual.user, billing=Billing.PREPAID, key=keys(usual)[Billing.PREPAID])
    assert set(CartLine.objects.values_list("session__date", flat=True)) == {friday}
    assert not Booking.objects.filter(session__date=friday).exists()


def test_a_full_day_is_told_and_its_list_is_not_joined(usual):
    key = keys(usual)[Billing.PREPAID]
    Session.objects.filter(activity=usual.canteen, date=NEXT[0]).update(capacity=0, waiting_capacity=9)
    order = Order.objects.get(pk=book_week(user=usual.user, billing=Billing.PREPAID, key=key)["order"])
    assert (booked_next(), WaitlistEntry.objects.count(), order.refused_days.count()) == (4, 0, 2)
    assert [reason.split(" : ")[1] for reason in week_page(usual.user).left_out] == ["il n’y a plus de place."] * 2


def test_refusals_change_nothing(usual):
    key, before = keys(usual)[Billing.PREPAID], usual.balance
    Session.objects.filter(activity=usual.canteen, date=NEXT[0]).update(closed_at=LATER, closed_reason="grève")
    with pytest.raises(DaysRefused):
        book_week(user=usual.user, billing=Billing.PREPAID, key=key)
    Certification.objects.filter(family=usual.family).delete()
    with pytest.raises(NotCertified):
        book_week(user=usual.user, billing=Billing.PREPAID, key=keys(usual)[Billing.PREPAID])
    with pytest.raises(StalePage):
        book_week(user=household().user, billing=Billing.PREPAID, key=key)
    assert (booked_next(), usual.balance) == (0, before)


def test_a_price_that_rose_is_shown_again_and_a_purse_too_low_refuses(usual):
    key = keys(usual)[Billing.PREPAID]
    usual.canteen.tariffs.update(cents=99_000)
    with pytest.raises(CartChanged):
        book_week(user=usual.user, billing=Billing.PREPAID, key=key)
    with pytest.raises(NotEnough):
        book_week(user=usual.user, billing=Billing.PREPAID, key=keys(usual)[Billing.PREPAID])
    assert booked_next() == 0


def test_the_days_go_to_the_cart_once_beside_what_it_holds(usual):
    friday = NEXT[0] + timedelta(4)
    sessions(usual.canteen, friday)
    choose(usual, usual.canteen, friday, NEXT[0])
    asked = {"user": usual.user, "billing": Billing.PREPAID, "key": keys(usual)[Billing.PREPAID]}
    answer = put_in_cart(**asked)
    assert put_in_cart(**asked) == answer == book_week(**asked)  # whichever button comes second
    assert (CartLine.objects.count(), booked_next()) == (8, 0)
    with pytest.raises(StalePage):
        put_in_cart(**asked | {"user": household().user})


def test_a_day_taken_away_since_is_told_and_nothing_goes_to_the_cart(usual):
    key = keys(usual)[Billing.PREPAID]
    Session.objects.filter(activity=usual.canteen, date=NEXT[0]).delete()
    with pytest.raises(CartChanged):
        put_in_cart(user=usual.user, billing=Billing.PREPAID, key=key)
    assert not CartLine.objects.exists()
