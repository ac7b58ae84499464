"""Two workers, two agents, an agent and the night at once: money moves once. Each first transaction is held open."""

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.utils import timezone

from common.writing.once import make_key
from tests.concurrency import own_pid, someone_else
from tests.factories.accounts import ManagerFactory
from tests.factories.sepa import ANNOUNCED, COLLECTED, IBAN, announced, creditor, debtor, refund, with_file
from tests.factories.wallet import balance_of, family_with, spend, wallet_with
from wallet import checks
from wallet.actions import Move, NotEnough, post, system_account
from wallet.actions import debits as actions
from wallet.actions.bank_refunds import (
    NothingToSend,
    RefundRefused,
    make_refund_file,
    refund_to_bank,
    reject_refund,
)
from wallet.actions.debits import AlreadyRejected, announce_debits, make_debit_file, reject_debit, settle_debits
from wallet.models import BankRefund, BankRefundBatch, DirectDebit, DirectDebitRun, Operation

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _on_the_day():
    with time_machine.travel("2026-11-23 02:10+01:00", tick=True):
        yield


def key_for(agent, purpose):
    return make_key(agent.owner, purpose)


def exact():
    return list(checks.differences()) == []


def test_two_nights_at_once_announce_once():
    creditor()
    _, wallet = debtor()
    with transaction.atomic():
        run = actions._run(wallet.purse, *actions.due_collection(ANNOUNCED, 5, 14))
        assert actions._announce.__wrapped__(run.pk, [wallet.pk], ANNOUNCED, 14) == 1
        rival = someone_else(announce_debits, ANNOUNCED)
        assert rival.wait_until_blocked() == [own_pid()]
    assert rival.result() == {"announced": 0}
    assert wallet.direct_debits.count() == 1


def test_two_nights_at_once_credit_once():
    debit = announced(4605)
    with_file(debit.run)
    with transaction.atomic():
        assert actions._settle.__wrapped__([debit.pk]) == 1
        rival = someone_else(settle_debits, COLLECTED)
        assert rival.wait_until_blocked() == [own_pid()]
    assert rival.result() == {"settled": 0}
    assert (balance_of(debit.wallet), exact()) == (0, True)


def test_without_the_lock_of_the_debit_only_its_reference_stops_the_second_credit():
    """The control: both read it as pending, both post; the ledger's unique reference refuses the second."""
    debit = announced(4605)
    with_file(debit.run)
    read = DirectDebit.objects.pending().select_related("wallet", "run", "mandate").get()
    draft = actions._credit(read, system_account("direct_debit").pk)
    settle_debits(COLLECTED)
    assert read.status == "pending"
    with pytest.raises(actions.Refusal, match="déjà été enregistrée"), transaction.atomic():
        post(draft.kind, draft.moves, actor=None, label=draft.label)
    assert balance_of(debit.wallet) == 0


def test_a_credit_waits_for_the_reject_that_was_first():
    debit, agent = announced(4605), ManagerFactory()
    with_file(debit.run)
    with transaction.atomic():
        reject_debit.__wrapped__(agent=agent, debit=debit, code="AM04", key=key_for(agent, f"reject-debit:{debit.pk}"))
        rival = someone_else(settle_debits, COLLECTED)
        assert rival.wait_until_blocked() == [own_pid()]
    assert rival.result() == {"settled": 0}
    assert (balance_of(debit.wallet), exact()) == (-4605, True)


def test_a_reject_waits_for_the_credit_that_was_first_and_takes_it_back():
    debit, agent = announced(4605), ManagerFactory()
    with_file(debit.run)
    key = key_for(agent, f"reject-debit:{debit.pk}")
    with transaction.atomic():
        actions._settle.__wrapped__([debit.pk])
        rival = someone_else(reject_debit, agent=agent, debit=debit, code="AM04", key=key)
        assert rival.wait_until_blocked() == [own_pid()]
    assert rival.result().rejection.kind == "debit_reject"
    assert (balance_of(debit.wallet), exact()) == (-4605, True)


def test_two_agents_reject_once():
    debit = announced(4605)
    with_file(debit.run)
    settle_debits(COLLECTED)
    one, two = ManagerFactory(), ManagerFactory()
    purpose = f"reject-debit:{debit.pk}"
    with transaction.atomic():
        reject_debit.__wrapped__(agent=one, debit=debit, code="AM04", key=key_for(one, purpose))
        rival = someone_else(reject_debit, agent=two, debit=debit, code="MD06", key=key_for(two, purpose))
        assert rival.wait_until_blocked() == [own_pid()]
    with pytest.raises(AlreadyRejected):
        rival.result()
    assert (balance_of(debit.wallet), Operation.objects.filter(kind="debit_reject").count()) == (-4605, 1)


def test_a_debit_withdrawn_while_the_file_is_made_is_not_in_it():
    debit, agent = announced(4605), ManagerFactory()
    other = debtor(200)[1]
    announce_debits(ANNOUNCED)
    with transaction.atomic():
        reject_debit.__wrapped__(agent=agent, debit=debit, code="DS02", key=key_for(agent, f"reject-debit:{debit.pk}"))
        key = key_for(agent, f"debit-file:{debit.run_id}")
        rival = someone_else(make_debit_file, agent=agent, run=debit.run, key=key)
        assert rival.wait_until_blocked() == [own_pid()]
    file = bytes(rival.result().file)
    assert (debit.end_to_end.encode() in file, other.direct_debits.get().end_to_end.encode() in file) == (False, True)


def test_the_night_waits_for_the_file_and_adds_nothing_to_it():
    debit, agent = announced(4605), ManagerFactory()
    debtor(200)
    with transaction.atomic():
        key = key_for(agent, f"debit-file:{debit.run_id}")
        make_debit_file.__wrapped__(agent=agent, run=debit.run, key=key)
        rival = someone_else(announce_debits, ANNOUNCED)
        assert rival.wait_until_blocked() == [own_pid()]
    assert rival.result() == {"announced": 0}


def test_what_a_family_pays_meanwhile_is_not_asked():
    """The announcement waits for the payment's lock, then reads the balance."""
    creditor()
    _, wallet = debtor(4605)
    with transaction.atomic():
        move = Move(system_account("cash").pk, wallet.account_id, 4000, "paid")
        post(Operation.Kind.COUNTER_CREDIT, [move], actor=None, label="Espèces")
        rival = someone_else(announce_debits, ANNOUNCED)
        assert rival.wait_until_blocked() == [own_pid()]
    rival.result()
    assert wallet.direct_debits.get().cents == 605


def test_a_mandate_ended_meanwhile_is_not_used():
    creditor()
    _, wallet = debtor(4605)
    with transaction.atomic():
        wallet.family.mandates.update(ended_at=timezone.now())
        rival = someone_else(announce_debits, ANNOUNCED)
        assert rival.wait_until_blocked() == [own_pid()]
    assert rival.result() == {"announced": 0}
    assert DirectDebitRun.objects.get().debits.count() == 0


def test_the_last_euro_is_refunded_or_spent_not_both():
    wallet = wallet_with(2000, family_with())
    with transaction.atomic():
        spend(wallet, 500)
        rival = someone_else(refund, wallet, 2000)
        assert rival.wait_until_blocked() == [own_pid()]
    with pytest.raises(RefundRefused, match="ne contient que 15,00"):
        rival.result()
    assert (balance_of(wallet), BankRefund.objects.count()) == (1500, 0)


def test_a_booking_waits_for_the_refund_that_was_first():
    wallet, agent = wallet_with(2000, family_with()), ManagerFactory()
    with transaction.atomic():
        refunding = refund_inside(wallet, agent)
        rival = someone_else(transaction.atomic(spend), wallet, 500)
        assert rival.wait_until_blocked() == [own_pid()]
    with pytest.raises(NotEnough):
        rival.result()
    assert (balance_of(wallet), refunding.cents) == (0, 2000)


def refund_inside(wallet, agent):
    key = key_for(agent, f"bank-refund:{wallet.pk}")
    return refund_to_bank.__wrapped__(
        agent=agent, wallet=wallet, cents=2000, iban=IBAN, holder="Zoé", reason="Départ", key=key
    )


def test_two_agents_make_one_file_of_refunds():
    creditor()
    refund(wallet_with(2000, family_with()))
    one, two = ManagerFactory(), ManagerFactory()
    with transaction.atomic():
        make_refund_file.__wrapped__(agent=one, key=key_for(one, "refund-file"))
        rival = someone_else(make_refund_file, agent=two, key=key_for(two, "refund-file"))
        assert rival.wait_until_blocked() == [own_pid()]
    with pytest.raises(NothingToSend):
        rival.result()
    assert BankRefundBatch.objects.count() == 1


def test_a_refund_withdrawn_meanwhile_is_not_sent():
    creditor()
    it, agent = refund(wallet_with(2000, family_with())), ManagerFactory()
    with transaction.atomic():
        reject_refund.__wrapped__(agent=agent, refund=it, code="DS02", key=key_for(agent, f"reject-refund:{it.pk}"))
        rival = someone_else(make_refund_file, agent=agent, key=key_for(agent, "refund-file"))
        assert rival.wait_until_blocked() == [own_pid()]
    with pytest.raises(NothingToSend):
        rival.result()
    assert (balance_of(it.wallet), exact()) == (2000, True)


def test_a_month_is_collected_once_whatever_the_code():
    """The control: the database itself refuses a second debit of a wallet in a run."""
    debit = announced(4605)
    with pytest.raises(IntegrityError, match="one_debit_per_run_and_wallet"), transaction.atomic():
        DirectDebit.objects.create(
            run=debit.run, wallet=debit.wallet, mandate=debit.mandate, sequence="RCUR", cents=1, end_to_end="X"
        )
