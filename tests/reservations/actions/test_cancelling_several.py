"""Several days cancelled at once: in one transaction, each told, what comes back exact."""

from datetime import timedelta

import pytest

from common.models import OutgoingEmail
from common.refusals import StalePage
from common.writing.once import make_key
from reservations.actions import cancel_bookings
from reservations.actions.cancelling import SEVERAL, NothingCancelled, NothingChosen
from reservations.models import Booking, Order, Session
from tests.factories.reservations import (
    FRIDAY,
    LOUANE,
    THEO,
    ActivityFactory,
    LeisureFactory,
    book,
    household,
    sessions,
)
from tests.factories.waiting import full_day, queue_up
from tests.reservations.conftest import LATER, NEXT

pytestmark = pytest.mark.django_db


def ask(home, *bookings, key=None):
    key = key or make_key(home.user.owner, SEVERAL)
    return cancel_bookings(user=home.user, bookings=[each.pk for each in bookings], key=key)


def standing() -> int:
    return Booking.objects.active().count()


@pytest.fixture
def week():
    """Two children at the canteen for three days at 3,80 €, one of them at the centre too on the first."""
    home = household(10_000, LOUANE, THEO)
    canteen, centre = ActivityFactory(), LeisureFactory()
    home.meals = book(home, *sessions(canteen, *NEXT, capacity=5))
    home.meals += book(home, *sessions(centre, NEXT[0]), members=home.children[:1])
    return home


def test_both_ways_of_paying_end_together_and_what_was_paid_comes_back(week):
    done = ask(week, *week.meals)
    assert (done["cents"], done["kept"], len(done["cancelled"])) == (6 * 380, [], 7)
    assert (standing(), week.balance) == (0, 10_000)
    assert set(Session.objects.values_list("booked", flat=True)) == {0}
    ended = {order.billing: order for order in Order.objects.exclude(cancelled_cents=0)}
    assert {name: (order.cancelled_cents, bool(order.operation)) for name, order in ended.items()} == {
        "prepaid": (2280, True),
        "deferred": (380, False),
    }
    assert ended["prepaid"].operation.label == "Annulation – 6 réservations"
    [letter] = OutgoingEmail.objects.filter(template="reservations/bookings_cancelled")
    assert (len(letter.context["rows"]), letter.context["recredited"]) == (7, "22,80\u00a0€")


def test_only_what_is_ticked_ends(week):
    [first, *others] = week.meals
    assert ask(week, first)["cents"] == 380
    assert standing() == len(others)
    assert OutgoingEmail.objects.filter(template="reservations/booking_cancelled").count() == 1


def test_a_day_too_late_stays_and_is_told_and_the_rest_ends(week):
    Session.objects.filter(date=NEXT[0], activity__kind="cantine").update(cancellable_until=LATER - timedelta(days=30))
    done = ask(week, *week.meals)
    assert [sentence[:28] for sentence in done["kept"]] == [
        "Théo, lundi 16 novembre : Le",
        "Louane, lundi 16 novembre : ",
    ]
    assert (done["cents"], standing(), week.balance) == (4 * 380, 2, 10_000 - 2 * 380)


def test_twice_is_once_and_a_key_ends_no_other_days(week):
    key = make_key(week.user.owner, SEVERAL)
    first = ask(week, *week.meals[:2], key=key)
    assert ask(week, *week.meals[:2], key=key) == first
    with pytest.raises(StalePage):
        ask(week, *week.meals[2:], key=key)
    assert (standing(), week.balance) == (5, 10_000 - 4 * 380)


def test_refusals_change_nothing(week):
    before = week.balance
    with pytest.raises(NothingChosen):
        ask(week)
    for key in ("faux", make_key(week.user.owner, "cancel:1"), make_key("user:0", SEVERAL)):
        with pytest.raises(StalePage):
            ask(week, *week.meals, key=key)
    with pytest.raises(NothingChosen):
        ask(household(), *week.meals)  # those of another family are none of theirs
    Session.objects.update(cancellable_until=None)
    with pytest.raises(NothingCancelled) as refused:
        ask(week, *week.meals[:2])
    assert "Théo, lundi 16 novembre : Cette activité ne s’annule pas en ligne" in refused.value.sentences[0]
    assert (standing(), week.balance) == (7, before)


def test_a_day_cancelled_meanwhile_is_told_and_recredited_once(week):
    ask(week, week.meals[0])
    done = ask(week, *week.meals[:2])
    assert done["kept"][0].endswith("Cette réservation est déjà annulée.")
    assert (done["cents"], week.balance) == (380, 10_000 - 4 * 380)


def test_who_waits_has_the_place(week):
    it, [owner] = full_day(day=FRIDAY)
    waiter = queue_up(it)
    ask(owner, owner.booking)
    waiter.refresh_from_db()
    assert (waiter.status, waiter.home.balance, owner.balance) == ("served", 10_000 - 380, 10_000)
