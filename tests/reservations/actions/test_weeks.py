"""Booking the coming week at once, under the cart's locks and beside the cart."""

from datetime import date, timedelta

import pytest

from common.writing.once import StalePage
from families.models import Certification
from reservations.actions.checkout import DaysRefused, NotCertified
from reservations.actions.places.baskets import CartChanged
from reservations.actions.weeks import book_week
from reservations.models import Billing, Booking, CartLine, Order, Session, WaitlistEntry
from reservations.views.week import week_page
from tests.factories.reservations import (
    LOUANE,
    THEO,
    ActivityFactory,
    LeisureFactory,
    book,
    choose,
    household,
    sessions,
)
from tests.reservations.conftest import NOW
from wallet.actions import NotEnough

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(days=10)  # the week from 9 November has been booked, that of the 16th is to come
LAST = [date(2026, 11, 9) + timedelta(day) for day in (0, 1, 3)]
NEXT = [day + timedelta(7) for day in LAST]


@pytest.fixture
def home(time_machine):
    """Two children who ate on Monday, Tuesday and Thursday; Louane went to the centre on Tuesday too."""
    made = household(20_000, LOUANE, THEO)
    canteen, centre = ActivityFactory(), LeisureFactory()
    days, others = sessions(canteen, *LAST, *NEXT), sessions(centre, LAST[1], NEXT[1])
    book(made, *days[:3])
    book(made, others[0], members=made.children[:1])
    time_machine.move_to(LATER)
    made.canteen, made.centre = canteen, centre
    return made


def keys(home) -> dict:
    return {part.billing: part.key for part in week_page(home.user).parts}


def booked() -> int:
    return Booking.objects.active().filter(session__date__in=NEXT).count()


def test_both_ways_of_paying_are_booked_and_the_price_is_what_was_shown(home):
    page, before = week_page(home.user), home.balance
    assert (len(page.lines), page.left_out, page.weekdays) == (7, [], "L M J")
    for billing, key in keys(home).items():
        book_week(user=home.user, billing=billing, key=key)
    assert (booked(), home.balance) == (7, before - page.due)
    assert week_page(home.user).lines == []


def test_twice_is_once(home):
    key = keys(home)[Billing.PREPAID]
    first = book_week(user=home.user, billing=Billing.PREPAID, key=key)
    orders = Order.objects.count()
    assert book_week(user=home.user, billing=Billing.PREPAID, key=key) == first
    assert (booked(), Order.objects.count()) == (6, orders)
    with pytest.raises(StalePage):
        book_week(user=home.user, billing=Billing.DEFERRED, key=key)


def test_the_cart_keeps_its_other_days_and_loses_those_that_are_booked(home):
    friday = NEXT[0] + timedelta(4)
    sessions(home.canteen, friday)
    choose(home, home.canteen, friday, NEXT[0])
    book_week(user=home.user, billing=Billing.PREPAID, key=keys(home)[Billing.PREPAID])
    assert set(CartLine.objects.values_list("session__date", flat=True)) == {friday}
    assert not Booking.objects.filter(session__date=friday).exists()


def test_a_full_day_is_told_and_its_list_is_not_joined(home):
    key = keys(home)[Billing.PREPAID]
    Session.objects.filter(activity=home.canteen, date=NEXT[0]).update(capacity=0, waiting_capacity=9)
    order = Order.objects.get(pk=book_week(user=home.user, billing=Billing.PREPAID, key=key)["order"])
    assert (booked(), WaitlistEntry.objects.count(), order.refused_days.count()) == (4, 0, 2)
    assert [reason.split(" : ")[1] for reason in week_page(home.user).left_out] == ["il n’y a plus de place."] * 2


def test_refusals_change_nothing(home):
    key, before = keys(home)[Billing.PREPAID], home.balance
    Session.objects.filter(activity=home.canteen, date=NEXT[0]).update(closed_at=LATER, closed_reason="grève")
    with pytest.raises(DaysRefused):
        book_week(user=home.user, billing=Billing.PREPAID, key=key)
    Certification.objects.filter(family=home.family).delete()
    with pytest.raises(NotCertified):
        book_week(user=home.user, billing=Billing.PREPAID, key=keys(home)[Billing.PREPAID])
    with pytest.raises(StalePage):
        book_week(user=household().user, billing=Billing.PREPAID, key=key)
    assert (booked(), home.balance) == (0, before)


def test_a_price_that_rose_is_shown_again_and_a_purse_too_low_refuses(home):
    key = keys(home)[Billing.PREPAID]
    home.canteen.tariffs.update(cents=99_000)
    with pytest.raises(CartChanged):
        book_week(user=home.user, billing=Billing.PREPAID, key=key)
    with pytest.raises(NotEnough):
        book_week(user=home.user, billing=Billing.PREPAID, key=keys(home)[Billing.PREPAID])
    assert booked() == 0
