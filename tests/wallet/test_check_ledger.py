"""The command that finds a cent."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from common.writing.once import make_key
from tests.concurrency import someone_else
from tests.factories.accounts import AgentFactory, UserFactory
from tests.factories.wallet import family_with, guards_lifted, spend, wallet_with
from wallet import checks
from wallet.actions import credit_at_counter, set_floor, wallet_of
from wallet.models import Account, CounterPayment, Operation, Purse, Transfer

pytestmark = pytest.mark.django_db


def counter_payment():
    agent, family = AgentFactory(), family_with(UserFactory())
    return credit_at_counter(
        agent=agent,
        family=family,
        purse=Purse.objects.get(is_default=True),
        means="ES",
        cents=5000,
        received_on=timezone.localdate(),
        key=make_key(agent.owner, f"credit:{family.pk}"),
    )


def run():
    out = StringIO()
    call_command("check_ledger", stdout=out)
    return out.getvalue()


@pytest.mark.django_db(transaction=True)
def test_an_exact_ledger_is_said_to_be_exact():
    counter_payment()
    spend(wallet_with(1000), 380)
    assert run() == "The ledger is exact.\n"


@pytest.mark.django_db(transaction=True)
def test_a_cent_of_difference_is_an_error():
    wallet = wallet_with(1000)
    with guards_lifted("wallet_balance") as cursor:
        cursor.execute("UPDATE wallet_balance SET cents = 1001")
    out = StringIO()
    with pytest.raises(CommandError, match=r"1 difference\(s\)") as caught:
        call_command("check_ledger", stdout=out)
    assert caught.value.returncode == 1
    assert out.getvalue() == f"account {wallet.account_id}: balance 1001, transfers 1000\n"


@pytest.mark.django_db(transaction=True)
def test_a_payment_made_while_it_checks_is_no_difference():
    wallet = wallet_with(1000)
    with checks.snapshot():
        first = checks.rows("SELECT cents FROM wallet_balance")
        someone_else(spend, wallet, 380).result()
        assert checks.rows("SELECT cents FROM wallet_balance") == first
        assert list(checks.differences()) == []


def test_a_balance_that_is_missing_is_found():
    wallet = wallet_with(0)
    with guards_lifted("wallet_balance") as cursor:
        cursor.execute("DELETE FROM wallet_balance")
    assert list(checks.differences()) == [f"account {wallet.account_id}: floor 0, but no balance"]


def test_spending_below_the_floor_is_found():
    wallet = wallet_with(100)
    spend(wallet, 80)
    with guards_lifted("wallet_operation", "wallet_transfer", "wallet_balance") as cursor:
        cursor.execute("UPDATE wallet_transfer SET cents = 180 WHERE source_id = %s", [wallet.account_id])
        cursor.execute("UPDATE wallet_balance SET cents = -80")
    assert list(checks.differences()) == [f"account {wallet.account_id}: spent down to -80, floor 0"]


def test_what_was_imposed_or_allowed_at_the_time_is_no_difference():
    wallet = wallet_with(100)
    spend(wallet, 180, kind=Operation.Kind.DEFERRED_DEBIT)
    other = wallet_with(0)
    set_floor(other.purse, -500)
    spend(other, 400)
    set_floor(other.purse, 0)
    assert list(checks.differences()) == []


def test_a_reversal_that_does_not_mirror_is_found():
    wallet = wallet_with(100)
    paid = spend(wallet, 80).transfers.get()
    with guards_lifted("wallet_transfer") as cursor:
        cursor.execute("UPDATE wallet_transfer SET reverses_id = %s WHERE id <> %s", [paid.pk, paid.pk])
    opening = Transfer.objects.get(target=wallet.account)
    assert list(checks.differences()) == [f"transfer {opening.pk}: does not mirror what it reverses"]


def test_an_operation_without_transfers_is_found():
    operation = Operation.objects.create(kind="booking", label="Rien", at=timezone.now())
    assert list(checks.differences()) == [f"operation {operation.pk}: no transfer"]


def test_an_account_without_its_wallet_is_found():
    account = Account.objects.create(kind="wallet", code="family:0:purse:0", floor=0)
    assert list(checks.differences()) == [f"wallet None, account {account.pk}: they do not fit"]


def test_a_wallet_whose_floor_is_not_its_purses_is_found():
    wallet = wallet_of(family_with())
    Account.objects.filter(pk=wallet.account_id).update(floor=-1)
    assert list(checks.differences()) == [f"wallet {wallet.pk}, account {wallet.account_id}: they do not fit"]


@pytest.mark.parametrize("change", [{"cents": 5001}, {"means": "VI"}])
def test_a_counter_payment_that_the_ledger_does_not_know_is_found(change):
    payment = counter_payment()
    CounterPayment.objects.filter(pk=payment.pk).update(**change)
    assert list(checks.differences()) == [f"counter payment {payment.pk}: not what the ledger says"]


def test_upper_apps_add_their_checks(monkeypatch):
    monkeypatch.setattr(checks, "registered", list(checks.registered))

    @checks.register
    def unpaid():
        yield "booking 1: no transfer"

    checks.register(unpaid)
    assert list(checks.differences()) == ["booking 1: no transfer"]
