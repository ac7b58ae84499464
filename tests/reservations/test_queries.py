"""The number of queries of each page is one number, whatever the number of rows."""

from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from common.models import authority
from reservations.models import CartLine
from tests.factories.money import consumed, paid_at_counter, paid_by_card
from tests.factories.reservations import (
    LOUANE,
    THEO,
    TUESDAY,
    ActivityFactory,
    LeisureFactory,
    book,
    choose,
    confirm,
    household,
    key_for,
    sessions,
)
from tests.reservations.conftest import NOW
from tests.reservations.reading import iso

pytestmark = pytest.mark.django_db
ZOE = ("Zoé", date(2016, 2, 3))
CANTEEN = "/reservations/activite/cantine/"


def queries(browser, page, data=None, **headers):
    """How many queries a page takes, its sessions' included; every process knows the authority already."""
    authority()
    with CaptureQueriesContext(connection) as captured:
        answer = browser.post(page, data, **headers) if data is not None else browser.get(page)
    assert answer.status_code == 200
    return len(captured)


@pytest.fixture(params=[(LOUANE,), (LOUANE, THEO, ZOE)], ids=["one child", "three children"])
def children(request):
    return request.param


@pytest.fixture(params=[1, 100], ids=["one day", "a hundred days"])
def days(request):
    """Days from Tuesday 10 November on."""
    return [TUESDAY + timedelta(number) for number in range(request.param)]


def test_the_calendar_of_a_month_takes_eight_queries(visitor, children, days):
    """300 sessions, 300 bookings or one."""
    home, activity = household(200_000, *children), ActivityFactory(slug="cantine")
    made = sessions(activity, *days)
    book(home, *made[::2])
    choose(home, activity, *days[1::2])
    sessions(activity, *(days[-1] + timedelta(number) for number in range(1, 2 * len(days) + 1)))
    page = f"{CANTEEN}?mois=2026-11"
    assert queries(visitor(home.user), page) == 8


def test_ticking_a_day_takes_eight_queries(visitor, children, days):
    home, activity = household(200_000, *children), ActivityFactory(slug="cantine")
    made = sessions(activity, *days)
    book(home, made[0])
    data = {"enfant": home.pks, "jour": iso(*days), "mois_affiche": "2026-11"}
    headers = {"headers": {"HX-Request": "true", "HX-Target": "recap"}}
    assert queries(visitor(home.user), CANTEEN, data, **headers) == 8


def test_the_cart_takes_a_constant_number_of_queries(visitor, children, days):
    home = household(0, *children)
    for _ in children:
        activity = ActivityFactory()
        sessions(activity, *days)
        choose(home, activity, *days)
    assert CartLine.objects.count() == len(children) ** 2 * len(days)
    assert queries(visitor(home.user), "/reservations/panier/") == 13


def test_the_requests_take_a_constant_number_of_queries(visitor, children, days):
    home = household(0, *children)
    for _ in children:
        activity = LeisureFactory()
        sessions(activity, *days)
        choose(home, activity, *days)
    assert queries(visitor(home.user), "/reservations/demandes/") == 11


@pytest.mark.parametrize(
    ("page", "number"),
    [
        ("/reservations/mes-reservations/", 6),
        ("/reservations/mes-reservations/calendrier/?mois=2026-11", 4),
        ("/reservations/commandes/", 4),
        ("/reservations/soldes-et-paiements/", 8),
        ("/reservations/soldes-et-paiements/paiement-cb/", 8),
        ("/reservations/historiques/attestations/", 4),
        ("/mon-compte/", 13),
        ("/reservations/rubrique/cantine/", 4),
    ],
)
def test_lists_take_a_constant_number_of_queries(visitor, children, days, page, number):
    home, activity = household(200_000, *children), ActivityFactory()
    made = sessions(activity, *days)
    for start in range(0, len(made), 20):
        book(home, *made[start : start + 20])
    assert queries(visitor(home.user), page) == number


@pytest.mark.parametrize("number", [1, 5])
def test_a_usual_week_takes_a_constant_number_of_queries(visitor, children, number, time_machine):
    home, last = household(200_000, *children), [TUESDAY + timedelta(day) for day in range(number)]
    for activity in (ActivityFactory(), LeisureFactory()):
        book(home, *sessions(activity, *last))
        sessions(activity, *(day + timedelta(7) for day in last))
    time_machine.move_to(NOW + timedelta(days=13))
    browser = visitor(home.user)
    assert (queries(browser, "/mon-compte/"), queries(browser, "/reservations/semaine/")) == (19, 12)


def test_an_order_takes_a_constant_number_of_queries(visitor, children, days):
    home, activity = household(200_000, *children), ActivityFactory()
    [order] = {booking.order_id for booking in book(home, *sessions(activity, *days))}
    assert queries(visitor(home.user), f"/reservations/commandes/{order}/") == 9


def test_confirming_takes_a_constant_number_of_queries(children, days):
    home, activity = household(200_000, *children), ActivityFactory()
    sessions(activity, *days, capacity=9)
    choose(home, activity, *days)
    key = key_for(home)
    with CaptureQueriesContext(connection) as captured:
        confirm(home, key=key)
    assert len(captured) == 31


@pytest.mark.parametrize("number", [1, 30])
def test_a_months_history_takes_one_query_of_its_own_beside_the_three_of_every_page(visitor, number):
    home, activity = household(0), LeisureFactory()
    for day in range(1, number + 1):
        consumed(home, home.child, activity, date(2026, 10, day), 1330)
        paid_at_counter(home.wallet, 1000, date(2026, 10, day))
        paid_by_card(home.user, {home.wallet: 500}, date(2026, 10, day))
    for page in ("historiques/", "historiques/reglements/"):
        assert queries(visitor(home.user), f"/reservations/{page}?mois=2026-10") == 4
