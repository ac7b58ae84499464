"""The ledger's door for the moves of a night: the same locks, the same guards, one operation for each source."""

from datetime import UTC, datetime

import pytest
from django.db import IntegrityError, transaction

from tests.concurrency import own_pid, someone_else
from tests.factories.wallet import balance_of, spend, wallet_with
from wallet import checks
from wallet.actions import AlreadyPosted, lock_accounts, post, post_many, refunds, revenue_account
from wallet.models import Operation, Transfer

pytestmark = pytest.mark.django_db
DEBIT = Operation.Kind.DEFERRED_DEBIT
AT = datetime(2026, 11, 10, 2, 10, tzinfo=UTC)
MOVES = "SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::int[], %s::text[], %s::text[])"
NAMED = f"{MOVES} AS moves (source, target, cents, minutes, reference, label)"


def move(*rows, kind=DEBIT):
    """Post rows of (wallet, cents, reference) to the takings of one service."""
    service = revenue_account("service:1").pk
    moves = [
        (wallet.account_id, service, cents, None, reference, f"Repas {reference}") for wallet, cents, reference in rows
    ]
    with transaction.atomic():
        return post_many(kind, NAMED, list(map(list, zip(*moves, strict=True))), label="Consommations", at=AT)


@pytest.fixture(autouse=True)
def _exact_ledger(request):
    yield
    if not request.node.get_closest_marker("django_db").kwargs.get("transaction"):
        assert list(checks.differences()) == []


def test_each_source_has_one_operation_with_its_moves_in_their_order():
    one, two = wallet_with(1000), wallet_with(0)
    assert move((one, 380, "b:3"), (two, 475, "b:2"), (one, 100, "b:1")) == 3
    operations = Operation.objects.filter(kind=DEBIT).order_by("pk")
    assert [
        (each.label, each.at, each.actor, [(t.reference, t.cents, t.label) for t in each.transfers.order_by("pk")])
        for each in operations
    ] == [
        ("Consommations", AT, None, [("b:3", 380, "Repas b:3"), ("b:1", 100, "Repas b:1")]),
        ("Consommations", AT, None, [("b:2", 475, "Repas b:2")]),
    ]
    assert (balance_of(one), balance_of(two)) == (520, -475)


def test_what_it_wrote_is_given_back_like_any_other_payment():
    wallet = wallet_with(100)
    move((wallet, 380, "b:1"))
    post("cancellation", refunds(["b:1"]), actor=None, label="Annulation")
    assert balance_of(wallet) == 100


@pytest.mark.parametrize("kind", sorted(set(Operation.Kind) - set(Operation.UNSTOPPED)))
def test_what_may_be_refused_does_not_come_in_here(kind):
    with pytest.raises(ValueError, match="goes through post"):
        move((wallet_with(100), 10, "b:1"), kind=kind)
    assert Transfer.objects.filter(reference="b:1").count() == 0


def test_a_reference_that_stands_already_refuses_all():
    wallet = wallet_with(1000)
    spend(wallet, 100, "b:2")
    with pytest.raises(AlreadyPosted):
        move((wallet, 380, "b:1"), (wallet, 380, "b:2"))
    assert (balance_of(wallet), Operation.objects.filter(kind=DEBIT).count()) == (900, 0)


@pytest.mark.parametrize("cents", [0, -1])
def test_a_move_of_nothing_refuses_all(cents):
    wallet = wallet_with(1000)
    with pytest.raises(IntegrityError, match="transfer_moves_something"):
        move((wallet, 380, "b:1"), (wallet, cents, "b:2"))
    assert balance_of(wallet) == 1000


def test_nothing_to_move_moves_nothing():
    with transaction.atomic():
        assert post_many(DEBIT, NAMED, [[], [], [], [], [], []], label="Consommations", at=AT) == 0
    assert Operation.objects.filter(kind=DEBIT).count() == 0


# --- Locks ------------------------------------------------------------------------------------------------------------
@pytest.mark.django_db(transaction=True)
def test_accounts_are_locked_by_pk_before_anything_is_written():
    """Whoever holds the first account finds the second still free: the night waits for both before it touches one."""
    first, second = wallet_with(1000), wallet_with(1000)
    with transaction.atomic():
        lock_accounts([first.account_id])
        night = someone_else(move, (second, 100, "b:2"), (first, 100, "b:1"))
        assert night.wait_until_blocked() == [own_pid()]
        lock_accounts([second.account_id])
    assert night.result() == 2
    assert (balance_of(first), balance_of(second)) == (900, 900)


@pytest.mark.django_db(transaction=True)
def test_without_its_locks_it_would_change_a_balance_that_somebody_has_just_read(monkeypatch):
    """The control: whoever holds the account has decided on 1 000, and finds 900."""
    monkeypatch.setattr("wallet.actions.ledger._LOCK_MANY", "SELECT count(*) FROM ({moves}) AS moves")
    wallet = wallet_with(1000)
    with transaction.atomic():
        assert lock_accounts([wallet.account_id])[wallet.account_id].cents == 1000
        assert someone_else(move, (wallet, 100, "b:1")).result() == 1
        assert balance_of(wallet) == 900
