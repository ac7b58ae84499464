"""Proofs of the places, in full by `make proof`, short in every run: many at once, nobody twice, nobody overtakes.

Each has its control, which fails without what protects.
"""

import random
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from http.client import HTTPConnection
from urllib.parse import urlencode

import pytest
from django.conf import settings as conf
from django.db import connection
from django.utils.crypto import get_random_string

from common.writing import transactions
from common.writing.once import make_key
from reservations.actions import confirm_cart
from reservations.actions.cancelling import cancel_booking
from reservations.actions.checkout import CartChanged, DaysRefused, NothingToConfirm
from reservations.actions.places import baskets
from reservations.models import Booking, Cart, CartLine, Order, Session, WaitlistEntry
from tests.client import PortalClient
from tests.concurrency import someone_else
from tests.factories.reservations import LOUANE, TUESDAY, ActivityFactory, choose, household, key_for, sessions
from tests.factories.reservations import session as one_day
from tests.factories.waiting import standing

pytestmark = pytest.mark.django_db(transaction=True)
CART = "/reservations/panier/"
full = pytest.mark.proof


@pytest.fixture(autouse=True)
def _a_slow_machine_is_no_fault(monkeypatch):
    """Who waits longer than five seconds is told so with a 503; how long they wait is for `make bench` to say."""
    monkeypatch.setattr(transactions, "LOCK_TIMEOUT_MS", 120_000)


def closing(act):
    """``act`` on a connection of its own, given back afterwards."""

    def run(*args):
        try:
            return act(*args)
        finally:
            connection.close()

    return run


def at_once(act, things, visitors):
    with ThreadPoolExecutor(max_workers=visitors) as pool:
        return list(pool.map(closing(act), things))


# --- 500 parents, 30 places, over HTTP ------------------------------------------------------------------------------
class Parent:
    """A parent with the day in the cart, at a browser of their own."""

    def __init__(self, activity, server):
        self.home = household(10_000, LOUANE)
        choose(self.home, activity, TUESDAY)
        client = PortalClient()
        client.force_login(self.home.user)
        self.host, self.token = server.url.removeprefix("http://"), get_random_string(32)
        session = client.cookies[conf.SESSION_COOKIE_NAME].value
        self.cookie = f"{conf.SESSION_COOKIE_NAME}={session}; {conf.CSRF_COOKIE_NAME}={self.token}"
        self.key = key_for(self.home)

    def ask(self, method, path, **form):
        """(status, where it leads, page)."""
        link = HTTPConnection(self.host, timeout=120)
        headers = {"Cookie": self.cookie, "Content-Type": "application/x-www-form-urlencoded"}
        link.request(method, path, urlencode(form | {"csrfmiddlewaretoken": self.token}) if form else None, headers)
        answer = link.getresponse()
        page = answer.read().decode()
        link.close()
        return answer.status, answer.getheader("Location", ""), page

    def confirm(self):
        """Confirm the cart, and read what the page that follows says."""
        status, where, _ = self.ask("POST", CART, once_key=self.key)
        if status != 302:
            return f"status {status}"
        told = self.ask("GET", where)[2]
        words = ["Mise en liste d’attente", "sont complètes", "Récapitulatif des réservations"]
        return next((word for word in words if word in told), "nothing")


@pytest.mark.parametrize(
    ("parents", "places", "on_list"), [(40, 10, 12), pytest.param(500, 30, 120, marks=full, id="five hundred")]
)
def test_parents_at_once_over_http_are_booked_waitlisted_or_refused_and_told_so(live_server, parents, places, on_list):
    activity = ActivityFactory()
    it = one_day(activity, TUESDAY, capacity=places, waiting_capacity=on_list)
    there = [Parent(activity, live_server) for _ in range(parents)]
    told = Counter(at_once(Parent.confirm, there, visitors=32))
    assert told == {
        "Récapitulatif des réservations": places,
        "Mise en liste d’attente": on_list,
        "sont complètes": parents - places - on_list,
    }
    assert standing(it) == (places, 0, on_list)
    assert Counter(parent.home.balance for parent in there) == {10_000 - 380: places, 10_000: parents - places}


def test_without_the_lock_on_the_day_parents_would_meet_an_error(live_server, monkeypatch):
    """The control: all count the places before any is taken; only the constraint stops them, which is no answer."""
    together = threading.Barrier(6)

    def read_only(pks):
        found = Session.objects.in_bulk(list(pks))
        together.wait(60)
        return found

    activity = ActivityFactory()
    it = one_day(activity, TUESDAY, capacity=2)
    there = [Parent(activity, live_server) for _ in range(6)]
    monkeypatch.setattr("reservations.actions.places.baskets.lock_sessions", read_only)
    told = Counter(at_once(Parent.confirm, there, visitors=6))
    assert told == {"Récapitulatif des réservations": 2, "status 500": 4}
    assert standing(it) == (2, 0, 0)


# --- Carts of ten days in any order ---------------------------------------------------------------------------------
@pytest.fixture
def _first_deadlock_counts(monkeypatch):
    """A deadlock is not tried again but seen."""
    monkeypatch.setattr(transactions, "TRIES", 1)


@pytest.mark.usefixtures("_first_deadlock_counts")
@pytest.mark.parametrize(("clients", "carts"), [(6, 2), pytest.param(100, 5, marks=full, id="a hundred clients")])
def test_carts_of_ten_days_in_any_order_never_deadlock(clients, carts):
    """A day that is booked already is given back by the next cart that names it: places go around all the time."""
    days = [TUESDAY + timedelta(number) for number in range(40)]
    activity = ActivityFactory()
    sessions(activity, *days, capacity=max(2, clients // 8), waiting_capacity=10)
    homes = [household(1_000_000, LOUANE) for _ in range(clients)]
    orders = [random.Random(seed) for seed in range(clients)]

    def five_carts(number):
        home, dice = homes[number], orders[number]
        answers = Counter()
        for _ in range(carts):
            choose(home, activity, *dice.sample(days, 10))
            answers[say(home)] += 1
        return answers

    told = sum(at_once(five_carts, range(clients), visitors=16), Counter())
    assert set(told) <= {"done", "refused", "changed"}
    assert told["done"] > clients


def say(home):
    try:
        confirm_cart(user=home.user, billing="prepaid", key=key_for(home))
    except (DaysRefused, NothingToConfirm):
        return "refused"
    except CartChanged:
        return "changed"
    return "done"


@pytest.mark.usefixtures("_first_deadlock_counts")
def test_days_locked_in_the_order_of_the_clicks_would_deadlock(monkeypatch):
    """The control: two parents, two days, each has locked one and wants the other."""
    together = threading.Barrier(2)
    turned = iter([False, True])

    def as_clicked(pks):
        pks = sorted(pks, reverse=next(turned))
        found = {}
        for pk in pks:
            found[pk] = Session.objects.select_for_update(no_key=True).get(pk=pk)
            if len(found) == 1:
                together.wait(30)
        return found

    activity = ActivityFactory()
    both = sessions(activity, TUESDAY, TUESDAY + timedelta(1), capacity=5)
    homes = [household(10_000, LOUANE) for _ in range(2)]
    for home in homes:
        choose(home, activity, *(day.date for day in both))
    keys = [key_for(home) for home in homes]
    monkeypatch.setattr("reservations.actions.places.baskets.lock_sessions", as_clicked)
    rivals = [
        someone_else(confirm_cart, user=home.user, billing="prepaid", key=key)
        for home, key in zip(homes, keys, strict=True)
    ]
    assert sorted(type(rival.future.exception(60)).__name__ for rival in rivals) == ["Busy", "NoneType"]
    assert Booking.objects.count() == 2


# --- Twenty places freed, fifty waiting -----------------------------------------------------------------------------
PLACES, WAITING, BOOKERS, WORKERS = 20, 50, 100, 10


@pytest.mark.parametrize(("runs", "bookers"), [(2, 10), pytest.param(100, BOOKERS, marks=full, id="a hundred runs")])
def test_places_freed_at_random_go_to_the_first_who_wait_whoever_hammers(runs, bookers):
    activity = ActivityFactory()
    there, waiting, late = (
        [household(1_000_000, LOUANE) for _ in range(number)] for number in (PLACES, WAITING, bookers)
    )
    for run in range(runs):
        day = one_day(activity, TUESDAY + timedelta(run), capacity=PLACES, waiting_capacity=WAITING + bookers)
        for home in there:
            choose(home, activity, day.date)
            say(home)
        first = queue_up(day, waiting)[:PLACES]
        in_cart(day, late)
        bookings = list(Booking.objects.active().filter(session=day))
        tasks = [(give_back, booking) for booking in bookings] + [(say, home) for home in late]
        random.Random(run).shuffle(tasks)
        at_once(lambda task: task[0](*task[1:]), tasks, visitors=WORKERS)
        served = WaitlistEntry.objects.filter(session=day, status="served").order_by("booking")
        assert [entry.pk for entry in served] == [entry.pk for entry in first], f"run {run}"
        assert standing(day) == (PLACES, 0, WAITING - PLACES + bookers)


def give_back(booking):
    """The red cross."""
    user = booking.order.by
    cancel_booking(user=user, booking=booking, key=make_key(user.owner, f"cancel:{booking.pk}"))


def queue_up(day, homes):
    """The families on the day's list, as joining writes it, at once."""
    orders = Order.objects.bulk_create(Order(family=home.family, by=home.user, billing="prepaid") for home in homes)
    Session.objects.filter(pk=day.pk).update(waiting=len(homes))
    return WaitlistEntry.objects.bulk_create(
        WaitlistEntry(
            session=day,
            member=home.child,
            family=home.family,
            order=order,
            by=home.user,
            billing="prepaid",
            cents=380,
        )
        for home, order in zip(homes, orders, strict=True)
    )


def in_cart(day, homes):
    """The day in the families' carts since it was free."""
    carts = [Cart.objects.get_or_create(family=home.family, billing="prepaid")[0] for home in homes]
    CartLine.objects.bulk_create(
        CartLine(cart=cart, session=day, member=home.child, act="book") for cart, home in zip(carts, homes, strict=True)
    )


def test_places_served_after_the_commit_go_to_who_hammers(monkeypatch):
    """The control: a place freed in one transaction and given in the next, by a checkout that asks no queue."""
    monkeypatch.setattr("reservations.actions.cancelling.promote", lambda sessions, own: own)
    monkeypatch.setattr("reservations.actions.checkout.promote", lambda sessions, own, also: own)
    activity = ActivityFactory()
    day = one_day(activity, TUESDAY, capacity=1, waiting_capacity=2)
    there, waiting, late = (household(10_000, LOUANE) for _ in range(3))
    for home in (there, late, waiting):
        choose(home, activity, TUESDAY)
    say(there)
    say(waiting)
    monkeypatch.setattr(baskets.Room, "__init__", without_queue)
    give_back(Booking.objects.get(session=day))
    say(late)
    assert Booking.objects.active().get(session=day).family == late.family
    assert WaitlistEntry.objects.get(family=waiting.family).status == "waiting"


def without_queue(self, session, freed, paid):
    self.places, self.on_list, self.queues = session.capacity - session.booked - session.held + freed, 0, False
