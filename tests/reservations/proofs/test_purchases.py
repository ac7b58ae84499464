"""Proof of the wallet's last cent: 200 purchases at once on what pays ten."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from threading import Barrier

import pytest
from django.db import connection, transaction

from common.writing.transactions import outermost
from reservations.actions.checkout import carry_out, open_order
from reservations.actions.places.baskets import Basket
from reservations.models import Booking, Order
from tests.factories.reservations import TUESDAY, ActivityFactory, Household, basket, choose, household, sessions
from wallet.actions import NotEnough, ledger, lock_accounts, revenue_account, set_floor
from wallet.actions.ledger import Standing
from wallet.models import Balance, Purse

pytestmark = pytest.mark.django_db(transaction=True)
VISITORS = 50  # connections at a time


def purchases(number: int) -> tuple[Household, list[Basket]]:
    """A family with 38,00 € and that many days at 3,80 € to buy, each on its own."""
    home, activity = household(3800), ActivityFactory()
    revenue_account(activity.revenue_code)  # opened by the first sale otherwise: the others would wait for it there
    days = [TUESDAY + timedelta(place) for place in range(number)]
    sessions(activity, *days)
    choose(home, activity, *days)
    whole = basket(home)
    return home, [replace(whole, lines=[line]) for line in whole.lines]


def at_once(home: Household, baskets: list[Basket]) -> Counter:
    """Buy all of them, each on a connection of its own, 50 at a time; how many were booked, and refused."""
    together = Barrier(min(VISITORS, len(baskets)))

    @outermost
    def confirm(one: Basket):
        """What confirming does below the lock of the cart, which would let one family buy one thing at a time."""
        carry_out(one, open_order(one, home.user))

    def buy(one: Basket) -> str:
        if baskets.index(one) < together.parties:
            together.wait(30)
        try:
            confirm(one)
        except NotEnough:
            return "refused"
        else:
            return "booked"
        finally:
            connection.close()

    with ThreadPoolExecutor(max_workers=VISITORS) as pool:
        return Counter(pool.map(buy, baskets))


def test_of_two_hundred_purchases_at_once_ten_are_booked_and_the_others_refused():
    home, baskets = purchases(200)
    assert at_once(home, baskets) == {"booked": 10, "refused": 190}
    assert (home.balance, Booking.objects.count(), Order.objects.count()) == (0, 10, 10)


@pytest.fixture
def floor_lifted(db):
    """The database lets this purse go down without limit: only the action's own look at the balance is left."""

    def lift():
        with transaction.atomic():
            set_floor(Purse.objects.get(is_default=True), -(10**9))

    return lift


def test_the_lock_of_the_account_alone_holds_even_without_the_database_s_floor(floor_lifted, monkeypatch):
    home, baskets = purchases(40)
    floor_lifted()
    monkeypatch.setattr(ledger, "lock_accounts", lambda pks: as_if_floor_were_zero(lock_accounts(pks)))
    assert at_once(home, baskets) == {"booked": 10, "refused": 30}
    assert home.balance == 0


def as_if_floor_were_zero(standings: dict[int, Standing]) -> dict[int, Standing]:
    return {pk: Standing(standing.cents, 0) for pk, standing in standings.items()}


def test_without_the_lock_of_the_account_the_same_money_would_be_spent_by_all(floor_lifted, monkeypatch):
    """The control: all read the balance before any has paid, as they do without the lock."""
    home, baskets = purchases(40)
    floor_lifted()
    all_have_read = Barrier(40)

    def look(pks):
        found = dict(Balance.objects.filter(account__in=pks).values_list("account", "cents"))
        all_have_read.wait(30)
        return as_if_floor_were_zero({pk: Standing(cents, 0) for pk, cents in found.items()})

    monkeypatch.setattr(ledger, "lock_accounts", look)
    assert at_once(home, baskets) == {"booked": 40}
    assert home.balance == 3800 - 40 * 380


def test_without_the_lock_the_database_s_floor_still_stops_what_the_wallet_cannot_pay(monkeypatch):
    home, baskets = purchases(40)
    monkeypatch.setattr(ledger, "lock_accounts", lambda pks: {})
    assert at_once(home, baskets) == {"booked": 10, "refused": 30}
    assert home.balance == 0
