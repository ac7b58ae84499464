"""Two people at once: the first transaction is held open, the rival waits, nothing is lost."""

import pytest
from django.db import OperationalError, connection, transaction
from django.utils import timezone

from common.writing.once import make_key
from common.writing.transactions import outermost
from tests.concurrency import own_pid, someone_else
from tests.factories.accounts import AgentFactory, UserFactory
from tests.factories.wallet import balance_of, family_with, spend, spending, wallet_with
from wallet.actions import Move, NotEnough, credit_at_counter, post, revenue_account, wallet_of
from wallet.models import CounterPayment, Operation, Purse, Transfer, Wallet

pytestmark = pytest.mark.django_db(transaction=True)


def give(source, target, cents, reference):
    """Move money from one wallet to another, through the door."""
    moves = [Move(source.account_id, target.account_id, cents, reference)]
    return post("booking", moves, actor=None, label="Échange")


def debit_by_hand(wallet, reference):
    """Take 1 € from a wallet past the door, so without locking all accounts first."""
    operation = Operation.objects.create(kind="booking", label="Sans verrou", at=timezone.now())
    Transfer.objects.create(
        operation=operation,
        source=wallet.account,
        target=revenue_account("service:1"),
        cents=100,
        reference=reference,
    )


def test_opposite_moves_between_two_wallets_wait_for_each_other():
    one, two = wallet_with(1000), wallet_with(1000)
    with transaction.atomic():
        give(one, two, 100, "there")
        rival = someone_else(outermost(give), two, one, 300, "back")
        assert rival.wait_until_blocked() == [own_pid()]
    rival.result()
    assert (balance_of(one), balance_of(two)) == (1200, 800)


def test_without_the_order_of_locks_opposite_moves_deadlock():
    """The control: each holds one wallet and wants the other; PostgreSQL kills one of the two."""
    one, two = wallet_with(1000), wallet_with(1000)
    revenue_account("service:1")

    @transaction.atomic
    def backwards():
        debit_by_hand(two, "back:two")
        debit_by_hand(one, "back:one")

    def forwards():
        with transaction.atomic():
            debit_by_hand(one, "there:one")
            rival = someone_else(backwards)
            rival.wait_until_blocked()
            debit_by_hand(two, "there:two")
        return rival

    assert killed_of(forwards) == "40P01"


def killed_of(forwards):
    """The error code of the one of two rivals that was killed."""
    with pytest.raises(OperationalError) as caught:
        forwards().result()
    return caught.value.__cause__.sqlstate


def test_accounts_are_locked_by_pk_whatever_the_order_of_the_moves():
    wallets = [wallet_with(1000) for _ in range(4)]

    def pay(order, name):
        moves = [spending(wallet, 10, f"{name}:{wallet.pk}") for wallet in order]
        return post("booking", moves, actor=None, label="Réservations")

    with transaction.atomic():
        pay(wallets, "first")
        rival = someone_else(outermost(pay), wallets[::-1], "second")
        assert rival.wait_until_blocked() == [own_pid()]
    rival.result()
    assert [balance_of(wallet) for wallet in wallets] == [980] * 4


def test_the_last_euro_is_spent_once():
    wallet = wallet_with(380)
    with transaction.atomic():
        spend(wallet, 380, "booking:1")
        rival = someone_else(outermost(spend), wallet, 380, "booking:2")
        assert rival.wait_until_blocked() == [own_pid()]
    with pytest.raises(NotEnough, match="Il manque 3,80\u00a0€"):
        rival.result()
    assert balance_of(wallet) == 0


def test_a_balance_read_before_the_lock_would_spend_the_last_euro_twice():
    """The control: both see 3,80 €, both go on; only the trigger stops the second."""
    wallet = wallet_with(380)
    seen = balance_of(wallet)
    with transaction.atomic():
        spend(wallet, 380, "booking:1")
        rival_sees = someone_else(balance_of, wallet).result()
    assert (seen, rival_sees, balance_of(wallet)) == (380, 380, 0)


def test_a_balance_read_after_the_wait_is_the_new_one():
    wallet = wallet_with(1000)
    with transaction.atomic():
        spend(wallet, 700, "booking:1")
        rival = someone_else(outermost(spend), wallet, 300, "booking:2")
        rival.wait_until_blocked()
    rival.result()
    assert balance_of(wallet) == 0


def test_the_trigger_alone_keeps_the_floor_between_two_writers():
    wallet = wallet_with(380)
    revenue = revenue_account("service:1")

    def write(reference):
        operation = Operation.objects.create(kind="booking", label="À la main", at=timezone.now())
        return Transfer.objects.create(
            operation=operation, source=wallet.account, target=revenue, cents=380, reference=reference
        )

    with transaction.atomic():
        write("first")
        rival = someone_else(write, "second")
        assert rival.wait_until_blocked() == [own_pid()]
    with pytest.raises(Exception, match="below its floor"):
        rival.result()
    assert balance_of(wallet) == 0


def test_a_double_click_at_the_counter_credits_once():
    agent, family = AgentFactory(), family_with(UserFactory())
    asked = {
        "agent": agent,
        "family": family,
        "purse": Purse.objects.get(is_default=True),
        "means": "ES",
        "cents": 5000,
        "received_on": timezone.localdate(),
        "key": make_key(agent.owner, f"credit:{family.pk}"),
    }
    with transaction.atomic():
        first = credit_at_counter.__wrapped__(**asked)
        rival = someone_else(credit_at_counter, **asked)
        assert rival.wait_until_blocked() == [own_pid()]
    assert rival.result() == first
    assert balance_of(first.wallet) == 5000
    assert CounterPayment.objects.count() == 1


def test_two_agents_crediting_a_new_family_open_one_wallet():
    family = family_with(UserFactory())
    with transaction.atomic():
        first = wallet_of(family)
        rival = someone_else(wallet_of, family)
        assert rival.wait_until_blocked() == [own_pid()]
    assert rival.result() == first
    assert Wallet.objects.filter(family=family).count() == 1


def test_families_do_not_wait_for_each_other_on_the_account_of_a_service():
    one, two = wallet_with(1000), wallet_with(1000)
    revenue_account("service:1")
    with transaction.atomic():
        spend(one, 380, "booking:1")
        someone_else(outermost(spend), two, 380, "booking:2").result(timeout=5)
    assert connection.in_atomic_block is False
    assert (balance_of(one), balance_of(two)) == (620, 620)
