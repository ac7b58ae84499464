"""Families book, pay, cancel, fall into debt and live night after night; a model of a few lines knows every cent.

The model holds dictionaries and additions only. Every step is compared with the database, and the whole ledger at the end.
"""

from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import pytest
import time_machine
from django.db import connection, transaction
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from common.writing.once import make_key
from reservations.actions import debit_the_day, empty_cart
from reservations.actions.cancelling import AlreadyCancelled, TooLate
from reservations.models import Booking, Session
from reservations.reads.family import estimated_costs
from reservations.rules import in_time
from tests.factories.accounts import AgentFactory
from tests.factories.reservations import (
    ActivityFactory,
    LeisureFactory,
    book,
    cancel,
    choose,
    confirm,
    household,
    instant,
    session,
)
from tests.factories.wallet import spend
from wallet import checks
from wallet.actions import NotEnough, credit_at_counter, set_floor, wallet_of
from wallet.actions.arrears import exempt
from wallet.models import Purse, Wallet

pytestmark = pytest.mark.django_db
START = date(2026, 11, 2)
DAYS = [START + timedelta(number) for number in range(15)]
START_CENTS, FLOOR, LIMIT = 4000, -4000, 3000
FAMILIES = st.integers(0, 1)
CENTS = st.integers(1, 5000)


@dataclass
class Row:
    """What the model knows of a booking."""

    family: int
    session: Session
    purse: int
    cents: int
    deferred: bool
    active: bool = True
    paid: bool = False


class Town(RuleBasedStateMachine):
    """Two families, a prepaid canteen and a deferred centre on one purse, another centre on a purse of its own."""

    def __init__(self):
        super().__init__()
        self.exit = ExitStack()
        self.exit.enter_context(_undone())
        self.clock = self.exit.enter_context(time_machine.travel(instant(START, "09:00"), tick=False))
        self.main, self.other = _purse("principal"), _purse("alsh")
        self.purses = {self.main.pk: self.main, self.other.pk: self.other}
        self.homes = [household(START_CENTS), household(START_CENTS)]
        self.days = [[_day(activity, day, n) for n, day in enumerate(DAYS)] for activity in self._activities()]
        self.balances = {(family, self.main.pk): START_CENTS for family in (0, 1)}
        self.balances |= {(family, self.other.pk): 0 for family in (0, 1)}
        self.exempted = dict.fromkeys(self.balances, False)
        self.rows: dict[int, Row] = {}

    def _activities(self):
        return [
            ActivityFactory(purse=self.main, cents=380),
            LeisureFactory(purse=self.main, cents=1330),
            LeisureFactory(purse=self.other, cents=1485),
        ]

    def teardown(self):
        with self.exit:
            assert list(checks.differences()) == []

    # --- What happens -------------------------------------------------------------------------------------------------
    @rule(family=FAMILIES, purse=st.integers(0, 1), cents=CENTS)
    def pay(self, family, purse, cents):
        purse, agent = list(self.purses.values())[purse], AgentFactory(is_superuser=True)
        home = self.homes[family].family
        key = make_key(agent.owner, f"credit:{home.pk}")
        paid = {"means": "ES", "cents": cents, "number": "", "payer": "", "bank": "", "received_on": START}
        credit_at_counter(agent=agent, family=home, purse=purse, key=key, **paid)
        self.balances[family, purse.pk] += cents

    @rule(family=FAMILIES, purse=st.integers(0, 1), beyond=st.integers(-1, 1))
    def owe(self, family, purse, beyond):
        """A cheque bounces: what is owed comes to the limit, or a cent beside it."""
        purse = list(self.purses.values())[purse]
        cents = self.balances[family, purse.pk] + LIMIT + beyond
        if cents > 0:
            spend(wallet_of(self.homes[family].family, purse), cents, kind="bounced_cheque")
            self.balances[family, purse.pk] -= cents

    @precondition(lambda self: self._in_debt())
    @rule(family=FAMILIES, purse=st.integers(0, 1))
    def change_exemption(self, family, purse):
        purse, agent = list(self.purses.values())[purse], AgentFactory(is_superuser=True)
        wallet = wallet_of(self.homes[family].family, purse)
        never = not self.exempted[family, purse.pk]
        exempt(agent=agent, wallet=wallet, never_blocked=never, key=make_key(agent.owner, f"exempt:{wallet.pk}"))
        self.exempted[family, purse.pk] = never

    @rule(family=FAMILIES, ahead=st.integers(0, 2))
    def order_a_meal(self, family, ahead):
        self._order(family, 0, ahead)

    @rule(family=FAMILIES, centre=st.integers(1, 2), ahead=st.integers(1, 2))
    def order_a_day(self, family, centre, ahead):
        self._order(family, centre, ahead)

    def _order(self, family, activity, ahead):
        home, number = self.homes[family], (_now().date() - START).days + ahead
        if number >= len(DAYS) or self._booked(family, self.days[activity][number]):
            return
        day = self.days[activity][number]
        activity, price = day.activity, day.activity.tariffs.get().cents
        deferred = activity.billing == "deferred"
        if not self._may_choose(family, day):
            assert choose(home, activity, day.date).booked == 0
        elif self._left(family, activity.purse_id, deferred) - price < self._floor(activity.purse_id):
            with pytest.raises(NotEnough):
                book(home, day)
            empty_cart(user=home.user, billing=activity.billing)
        else:
            [booking] = book(home, day)
            self.rows[booking.pk] = Row(family, day, activity.purse_id, price, deferred, paid=not deferred)
            self.balances[family, activity.purse_id] -= 0 if deferred else price

    @precondition(lambda self: self.rows)
    @rule(number=st.integers(0, 50), by_cart=st.booleans())
    def give_up(self, number, by_cart):
        pk, row = list(self.rows.items())[number % len(self.rows)]
        home, booking = self.homes[row.family], Booking.objects.get(pk=pk)
        if not row.active:
            with pytest.raises(AlreadyCancelled):
                cancel(home, booking)
        elif not in_time(row.session.cancellable_until, _now()):
            with pytest.raises(TooLate):
                cancel(home, booking)
        elif by_cart:
            choose(home, row.session.activity, row.session.date)
            confirm(home, row.session.activity.billing)
            self._give_back(row)
        else:
            cancel(home, booking)
            self._give_back(row)

    @precondition(lambda self: self._active())
    @rule(number=st.integers(0, 50))
    def give_up_late(self, number):
        """An agent moves a deadline, behind a debit too: what was debited is given back."""
        pk, row = self._active()[number % len(self._active())]
        row.session.cancellable_until = _now() + timedelta(hours=12)
        row.session.save(update_fields=["cancellable_until"])
        cancel(self.homes[row.family], Booking.objects.get(pk=pk))
        self._give_back(row)

    @rule()
    def sleep(self):
        self.clock.move_to(instant(_now().date() + timedelta(1), "02:10"))
        today, due = _now().date(), []
        for row in self.rows.values():
            limit = row.session.cancellable_until
            final = limit is None or not in_time(limit, _now())
            if row.deferred and row.active and not row.paid and final and row.session.date <= today:
                row.paid = True
                self.balances[row.family, row.purse] -= row.cents
                due.append(row.cents)
        assert debit_the_day(today) == {"bookings": len(due), "cents": sum(due)}

    # --- What the model knows ------------------------------------------------------------------------------------------
    def _in_debt(self):
        return min(self.balances.values()) < -LIMIT

    def _active(self):
        return [(pk, row) for pk, row in self.rows.items() if row.active]

    def _booked(self, family, day):
        return any(row.active and row.session.pk == day.pk and row.family == family for row in self.rows.values())

    def _may_choose(self, family, day):
        key = family, day.activity.purse_id
        suspended = -self.balances[key] > LIMIT and not self.exempted[key]
        return in_time(day.bookable_until, _now()) and not suspended

    def _floor(self, purse):
        return FLOOR if purse == self.other.pk else 0

    def _left(self, family, purse, deferred):
        coming = self._coming(family).get(purse, 0) if deferred else 0
        return self.balances[family, purse] - coming

    def _coming(self, family):
        costs = {}
        for row in self.rows.values():
            if row.family == family and row.deferred and row.active and not row.paid:
                costs[row.purse] = costs.get(row.purse, 0) + row.cents
        return costs

    def _give_back(self, row):
        row.active = False
        self.balances[row.family, row.purse] += row.cents if row.paid else 0

    # --- What must hold after every step --------------------------------------------------------------------------------
    @invariant()
    def time_passes(self):
        """What is posted at one instant counts as one act."""
        self.clock.shift(timedelta(seconds=1))

    @invariant()
    def every_cent_is_where_the_model_says(self):
        for family, home in enumerate(self.homes):
            wallets = Wallet.objects.filter(family=home.family).with_balance()
            found = dict.fromkeys(self.purses, 0) | {wallet.purse_id: wallet.balance for wallet in wallets}
            assert found == {purse: self.balances[family, purse] for purse in self.purses}
            assert estimated_costs(home.family.pk) == self._coming(family)
        known = Booking.objects.filter(pk__in=self.rows).values_list("pk", "status", "debited_at")
        assert {pk: (status == "booked", bool(debited)) for pk, status, debited in known} == {
            pk: (row.active, row.deferred and row.paid) for pk, row in self.rows.items()
        }


@contextmanager
def _undone():
    """Each town is the first one: what it wrote is taken back, as by the test's own transaction."""
    with transaction.atomic():
        connection.atomic_blocks[-1]._from_testcase = True  # so that actions may begin theirs
        yield
        transaction.set_rollback(True)


def _purse(code):
    purse, _ = Purse.objects.get_or_create(code=code, defaults={"name": code})
    Purse.objects.filter(pk=purse.pk).update(blocked_above=LIMIT)
    set_floor(purse, FLOOR if code == "alsh" else 0)
    return Purse.objects.get(pk=purse.pk)


def _day(activity, day, number):
    """Cancelled until midnight, or until nine of the day itself, or never online, by turns."""
    until = (instant(day), instant(day, "09:00"), None)[number % 3]
    return session(activity, day, cancellable_until=until, capacity=(None, 5)[number % 2])


def _now() -> datetime:
    return datetime.now(instant(START).tzinfo)


def run(examples, steps):
    """A failure is told as it came: making it smaller would replay nights for minutes."""
    checked = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
    )
    run_state_machine_as_test(Town, settings=checked)


def test_the_model_and_the_database_agree_after_every_step():
    run(5, 30)


@pytest.mark.proof
def test_the_model_and_the_database_agree_after_ten_thousand_steps():
    run(200, 50)
