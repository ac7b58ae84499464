"""Who changed what is in the history, whatever transaction the write is in; what is forgotten leaves it, nothing else."""

import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext

from common.writing.history import Teller, unguarded
from wallet.actions import revenue_account
from wallet.models import Account, AccountEvent


@pytest.fixture
def who():
    """What the history is told while the test writes; the test may change it."""
    told = {"user": 7, "url": "/ici/"}
    with connection.execute_wrapper(Teller(lambda: {**told})):
        yield told


def known():
    """Who opened which account, as the history has it."""
    rows = AccountEvent.objects.filter(kind="revenue").order_by("pgh_id")
    return [(row.code, row.pgh_context and row.pgh_context.metadata["user"]) for row in rows]


@pytest.mark.django_db(transaction=True)
def test_a_write_alone_and_those_of_a_transaction_are_told(who):
    Account.objects.create(kind="revenue", code="alone")
    with transaction.atomic():
        list(Account.objects.all())
        Account.objects.create(kind="revenue", code="first")
        Account.objects.create(kind="revenue", code="second")
    assert known() == [("alone", 7), ("first", 7), ("second", 7)]


@pytest.mark.django_db(transaction=True)
def test_nothing_is_told_of_a_transaction_after_it():
    with connection.execute_wrapper(Teller(lambda: {"user": 7})):
        revenue_account("told")
    revenue_account("untold")
    assert known() == [("told", 7), ("untold", None)]


@pytest.mark.django_db
def test_it_is_told_once_a_transaction_and_again_when_it_changes_or_is_rolled_back(who):
    with CaptureQueriesContext(connection) as captured:
        revenue_account("a")
        revenue_account("b")
        who["user"] = 8
        revenue_account("c")
        with transaction.atomic():
            who["user"] = 9
            revenue_account("undone")
            transaction.set_rollback(True)
        revenue_account("d")
    assert known() == [("a", 9), ("b", 9), ("c", 9), ("d", 9)]  # one page, one row, as it was told last
    assert sum("pghistory.context_id" in query["sql"] for query in captured) == 4


@pytest.mark.django_db
def test_history_may_be_forgotten_where_it_is_said_and_nowhere_else():
    revenue_account("a")
    events = AccountEvent.objects.filter(code="a")
    with unguarded(AccountEvent):
        events.update(code="b")
    with pytest.raises(DatabaseError, match="Cannot update or delete"), transaction.atomic():
        AccountEvent.objects.filter(code="b").delete()
    assert known() == [("b", None)]
