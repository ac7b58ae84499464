"""What a family reads of its wallet."""

from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from common.writing.once import make_key
from families import hooks
from tests.factories.accounts import AgentFactory, UserFactory
from tests.factories.wallet import family_with, spend, spending, wallet_with
from wallet.actions import cancel_counter_payment, credit_at_counter, post, refunds
from wallet.models import CounterPayment, Purse
from wallet.reads.statements import balance_of, balances, payments, statement

pytestmark = pytest.mark.django_db


def lines(wallet):
    return [(line.label, line.amount, line.spent, line.balance) for line in statement(wallet.account_id)]


def test_the_newest_operation_comes_first_with_the_balance_after_it():
    wallet = wallet_with(5000)
    post("booking", [spending(wallet, 380, "b:1"), spending(wallet, 475)], actor=None, label="Réservations")
    post("cancellation", refunds(["b:1"]), actor=None, label="Annulation")
    assert lines(wallet) == [
        ("Annulation", 380, -380, 4525),
        ("Réservations", -855, 855, 4145),
        ("Reprise de solde", 5000, -5000, 5000),
    ]


def test_each_operation_shows_its_moves_on_this_wallet_only():
    mine, other = wallet_with(1000), wallet_with(1000)
    moves = [spending(mine, 380, label="Louane"), spending(mine, 475, label="Théo"), spending(other, 1, label="Zoé")]
    post("booking", moves, actor=None, label="Réservations")
    [line, _] = statement(mine.account_id)
    assert line.moves == [("Louane", -380), ("Théo", -475)]


def test_an_operation_dated_in_the_past_stands_where_it_was_written():
    wallet = wallet_with(1000)
    spend(wallet, 100, at=timezone.now() - timedelta(days=30), label="Consommation du mois dernier")
    spend(wallet, 200)
    assert [line[3] for line in lines(wallet)] == [700, 900, 1000]


def test_another_family_is_not_in_my_statement():
    wallet_with(5000)
    assert lines(wallet_with(0)) == []


def queries_of_a_page(wallet, number):
    for _ in range(number):
        post("booking", [spending(wallet, 1), spending(wallet, 2)], actor=None, label="Réservations")
    with CaptureQueriesContext(connection) as queries:
        assert len(statement(wallet.account_id)[:25]) == min(number + 1, 25)
    return len(queries)


def test_a_statement_costs_one_query_with_one_row_and_with_thirty():
    assert (queries_of_a_page(wallet_with(100), 1), queries_of_a_page(wallet_with(100), 30)) == (1, 1)


def test_a_page_starts_with_the_balance_that_its_first_line_left():
    wallet = wallet_with(100)
    for _ in range(9):
        spend(wallet, 10)
    page = statement(wallet.account_id)[4:7]
    assert [line.balance for line in page] == [50, 60, 70]
    assert len(statement(wallet.account_id)) == 10


def test_balances_are_read_with_the_default_purse_first():
    family = family_with()
    wallet_with(100, family, Purse.objects.create(code="alsh", name="ALSH"))
    wallet_with(5000, family)
    assert [(each.purse.name, each.balance) for each in balances(family)] == [("Porte-monnaie", 5000), ("ALSH", 100)]
    assert balance_of(family) == 5000


def test_a_family_without_movement_has_nothing():
    family = family_with()
    assert (balance_of(family), list(balances(family))) == (0, [])


def test_a_family_with_a_past_is_told_from_one_with_an_empty_wallet():
    assert hooks.family_has_history(family=wallet_with(0).family).count(True) == 0
    assert hooks.family_has_history(family=wallet_with(1).family).count(True) == 1


def paid(family, received_on, agent, cents):
    return credit_at_counter(
        agent=agent,
        family=family,
        purse=Purse.objects.get(is_default=True),
        means="CH",
        cents=cents,
        number="12",
        received_on=received_on,
        key=make_key(agent.owner, f"credit:{family.pk}"),
    )


def test_the_payments_of_a_month_leave_out_other_months_families_and_cancelled_ones():
    agent, parent = AgentFactory(), UserFactory()
    family, other = family_with(parent), family_with(UserFactory())
    today = timezone.localdate()
    month = today.replace(day=1)
    before = month - timedelta(days=1)
    kept = paid(family, month, agent, 1000)
    paid(family, before, agent, 2000)
    paid(other, month, agent, 3000)
    wrong = paid(family, month, agent, 4000)
    key = make_key(agent.owner, f"cancel-credit:{wrong.pk}")
    cancel_counter_payment(agent=agent, payment=wrong, reason="Erreur", bounced=False, key=key)
    assert list(payments(family, today)) == [kept]
    assert [each.cents for each in payments(family, before)] == [2000]
    assert CounterPayment.objects.of(parent).count() == 3
    assert list(payments(family, date(2001, 1, 1))) == []
