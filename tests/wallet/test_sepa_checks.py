"""What check_ledger finds of direct debits and refunds by bank transfer."""

import pytest
import time_machine

from common.writing.once import make_key
from tests.factories.accounts import ManagerFactory
from tests.factories.sepa import COLLECTED, announced, refund, with_file
from tests.factories.wallet import family_with, guards_lifted, spend, wallet_with
from wallet import checks
from wallet.actions.bank_refunds import reject_refund
from wallet.actions.debits import reject_debit, settle_debits
from wallet.models import BankRefund, DirectDebit

pytestmark = pytest.mark.django_db


@pytest.fixture
def debit():
    with time_machine.travel("2026-11-23 02:10+01:00", tick=True):
        debit = announced(4605)
        with_file(debit.run)
        settle_debits(COLLECTED)
        yield debit


def rejected(debit):
    agent = ManagerFactory()
    return reject_debit(agent=agent, debit=debit, code="AM04", key=make_key(agent.owner, f"reject-debit:{debit.pk}"))


def test_what_moved_as_it_should_is_no_difference(debit):
    refund(wallet_with(5000, family_with()))
    assert list(checks.differences()) == []
    rejected(debit)
    assert list(checks.differences()) == []


@pytest.mark.parametrize("change", [{"cents": 4604}, {"end_to_end": "X"}, {"status": "pending", "operation": None}])
def test_a_debit_that_the_ledger_does_not_know_is_found(debit, change):
    DirectDebit.objects.update(**change)
    debit.refresh_from_db()
    assert list(checks.differences()) == [f"direct debit {debit.end_to_end}: not what the ledger says"]


def test_a_credit_taken_from_another_account_is_found(debit):
    with guards_lifted("wallet_transfer") as cursor:
        cursor.execute(
            "UPDATE wallet_transfer SET source_id = (SELECT id FROM wallet_account WHERE kind = 'cash')"
            " WHERE reference LIKE 'debit:%'"
        )
    assert list(checks.differences()) == [f"direct debit {debit.end_to_end}: not what the ledger says"]


def test_a_reject_whose_reversal_is_another_operation_is_found(debit):
    rejected(debit)
    other = spend(wallet_with(100, family_with()), 10)
    DirectDebit.objects.update(rejection=other)
    assert list(checks.differences()) == [f"direct debit {debit.end_to_end}: not what the ledger says"]


@pytest.mark.parametrize("change", [{"cents": 1}, {"end_to_end": "X"}])
def test_a_refund_that_the_ledger_does_not_know_is_found(change):
    it = refund(wallet_with(5000, family_with()))
    BankRefund.objects.update(**change)
    it.refresh_from_db()
    assert list(checks.differences()) == [f"bank refund {it.end_to_end}: not what the ledger says"]


def test_a_refund_that_came_back_without_saying_so_is_found():
    it, agent = refund(wallet_with(5000, family_with())), ManagerFactory()
    reject_refund(agent=agent, refund=it, code="AC04", key=make_key(agent.owner, f"reject-refund:{it.pk}"))
    assert list(checks.differences()) == []
    BankRefund.objects.update(status="ready", rejection=None)
    assert list(checks.differences()) == [f"bank refund {it.end_to_end}: not what the ledger says"]
