"""All tests of bookings live on Monday 2 November 2026 at 9:00 in Paris, and leave an exact ledger behind."""

from datetime import date, datetime, timedelta

import pytest

from reservations.models import Booking
from reservations.rules import PARIS
from tests.factories.reservations import (
    FRIDAY,
    LOUANE,
    THEO,
    THURSDAY,
    TUESDAY,
    ActivityFactory,
    LeisureFactory,
    book,
    household,
    sessions,
)
from tests.factories.wallet import spend, wallet_with
from wallet import checks
from wallet.actions import set_floor
from wallet.models import Purse

NOW = datetime(2026, 11, 2, 9, tzinfo=PARIS)
LATER = NOW + timedelta(days=10)  # the week from 9 November has been booked, that of the 16th is to come
LAST = [date(2026, 11, 9) + timedelta(day) for day in (0, 1, 3)]
NEXT = [day + timedelta(7) for day in LAST]


def booked_next() -> int:
    """How many days are booked in the week to come."""
    return Booking.objects.active().filter(session__date__in=NEXT).count()


@pytest.fixture(autouse=True)
def _clock(time_machine):
    time_machine.move_to(NOW)


@pytest.fixture
def planted_differences():
    """For a test that falsifies the ledger on purpose."""


@pytest.fixture(autouse=True)
def _exact_ledger(request):
    """Every balance, counter and payment is exact after each test that has a database."""
    marker = request.node.get_closest_marker("django_db")
    if marker is None:
        yield
        return
    request.getfixturevalue("transactional_db" if marker.kwargs.get("transaction") else "db")
    yield
    if "planted_differences" not in request.fixturenames:
        assert list(checks.differences()) == []


@pytest.fixture
def home(db):
    """Louane, Théo and their mother, with 100 €."""
    return household(10_000, LOUANE, THEO)


@pytest.fixture
def usual(db, time_machine):
    """Two children who ate on Monday, Tuesday and Thursday of last week; Louane went to the centre on Tuesday too."""
    made = household(20_000, LOUANE, THEO)
    made.canteen, made.centre = ActivityFactory(), LeisureFactory()
    days, others = sessions(made.canteen, *LAST, *NEXT), sessions(made.centre, LAST[1], NEXT[1])
    book(made, *days[:3])
    book(made, others[0], members=made.children[:1])
    time_machine.move_to(LATER)
    return made


@pytest.fixture
def canteen(db):
    """A canteen with three days in November and one in December."""
    activity = ActivityFactory(slug="cantine", name="Réservation de repas Cantines Aiguilhe")
    sessions(activity, TUESDAY, THURSDAY, FRIDAY, date(2026, 12, 1))
    return activity


@pytest.fixture
def leisure(db):
    """A leisure centre, debited on the day."""
    activity = LeisureFactory(cents=1330, slug="alsh")
    sessions(activity, TUESDAY, THURSDAY, FRIDAY)
    return activity


@pytest.fixture
def parent(home, visitor):
    """The mother at her browser."""
    return visitor(home.user)


@pytest.fixture
def purse(db):
    """The leisure centres' own purse, which may go 150 € below zero."""
    made = Purse.objects.create(code="cdc", name="CDC PE2M - APS ET CLSH")
    set_floor(made, -15000)
    made.refresh_from_db()
    return made


@pytest.fixture
def dupont(purse):
    """Owes 46,05 € and has booked for 33,25 € more: Tuesday and Thursday at 13,30 €, Friday at 6,65 €."""
    home = household(None, LOUANE)
    wallet = wallet_with(0, home.family, purse)
    whole, half = LeisureFactory(purse=purse, cents=1330), LeisureFactory(purse=purse, cents=665)
    book(home, *sessions(whole, TUESDAY, THURSDAY))
    book(home, *sessions(half, FRIDAY))
    spend(wallet, 4605, kind="deferred_debit")
    home.wallet = wallet
    return home
