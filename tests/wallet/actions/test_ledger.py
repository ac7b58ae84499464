"""Posting, refunding, crediting at the counter."""

from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.db.transaction import TransactionManagementError
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from common.background import mailing
from common.models import OutgoingEmail
from common.refusals import StalePage
from common.writing.once import make_key
from tests.factories.accounts import AgentFactory, UserFactory
from tests.factories.wallet import balance_of, family_with, parent_with, spend, spending, wallet_with
from wallet import checks
from wallet.actions import (
    AlreadyPosted,
    AlreadySpent,
    CounterRefused,
    Draft,
    Move,
    NotACheque,
    NotEnough,
    Standing,
    balance,
    cancel_counter_payment,
    credit_at_counter,
    lock_accounts,
    post,
    post_all,
    refunds,
    revenue_account,
    revenue_accounts,
    reverse,
    set_floor,
    system_account,
    wallet_of,
)
from wallet.actions.counter import AlreadyCancelled, ReasonMissing
from wallet.models import Account, CounterPayment, Operation, Purse, Transfer, Wallet

pytestmark = pytest.mark.django_db
BOOKING = Operation.Kind.BOOKING


def other_purse():
    return Purse.objects.create(code="cdc", name="CDC PE2M - APS ET CLSH")


def credit(family=None, agent=None, **changes):
    """Credit 50 € by cheque, as an agent who has just opened the page."""
    family, agent = family or family_with(UserFactory()), agent or AgentFactory()
    fields = {
        "purse": Purse.objects.get(is_default=True),
        "means": "CH",
        "cents": 5000,
        "number": "1234567",
        "payer": "Claire Dupont",
        "bank": "Crédit rural",
        "received_on": timezone.localdate(),
        "key": make_key(agent.owner, f"credit:{family.pk}"),
    }
    return credit_at_counter(agent=agent, family=family, **fields | changes)


def cancel(payment, reason="Montant mal saisi", bounced=False, agent=None):
    agent = agent or AgentFactory()
    key = make_key(agent.owner, f"cancel-credit:{payment.pk}")
    return cancel_counter_payment(agent=agent, payment=payment, reason=reason, bounced=bounced, key=key)


# --- The door -----------------------------------------------------------------------------------------------------


def test_one_operation_pays_several_days_from_one_wallet():
    parent, wallet = parent_with(2000)
    at = timezone.now() - timedelta(hours=1)
    moves = [spending(wallet, 380, "booking:1"), spending(wallet, 475, "booking:2")]
    operation = post("booking", moves, actor=parent, label="Réservations", at=at)
    assert (operation.kind, operation.label, operation.actor, operation.at) == (BOOKING, "Réservations", parent, at)
    assert list(operation.transfers.values_list("reference", "cents")) == [("booking:1", 380), ("booking:2", 475)]
    assert balance_of(wallet) == 1145


@pytest.mark.seed("S2-72")
def test_one_wallet_pays_for_every_service():
    wallet = wallet_with(2000)
    post(
        BOOKING,
        [spending(wallet, 380, service="service:1"), spending(wallet, 1035, service="service:2")],
        actor=None,
        label="Réservations",
    )
    assert balance_of(wallet) == 585
    assert [balance(revenue_account(code)) for code in ("service:1", "service:2")] == [380, 1035]


def test_what_lacks_is_said_and_nothing_is_written():
    wallet = wallet_with(600)
    with pytest.raises(NotEnough) as caught:
        post(BOOKING, [spending(wallet, 380), spending(wallet, 540)], actor=None, label="Réservations")
    assert caught.value.sentences == ["Il manque 3,20\u00a0€ dans votre porte-monnaie."]
    assert caught.value.missing == {wallet.account_id: 320}
    assert balance_of(wallet) == 600
    assert Operation.objects.filter(kind=BOOKING).count() == 0


def test_what_lacks_is_said_of_each_purse():
    family, purse = family_with(), other_purse()
    one, two = wallet_with(100, family), wallet_with(200, family, purse)
    with pytest.raises(NotEnough) as caught:
        post(BOOKING, [spending(one, 200), spending(two, 205)], actor=None, label="Réservations")
    assert caught.value.sentences == [
        "Il manque 1,00\u00a0€ dans votre porte-monnaie.",
        "Il manque 0,05\u00a0€ dans votre porte-monnaie « CDC PE2M - APS ET CLSH ».",
    ]


def test_a_recredit_and_a_payment_of_one_act_count_together_in_any_order():
    wallet = wallet_with(380)
    spend(wallet, 380, "booking:1")
    moves = [spending(wallet, 380, "booking:2"), *refunds(["booking:1"])]
    post(BOOKING, moves, actor=None, label="Réservations")
    assert balance_of(wallet) == 0


def test_a_place_goes_from_one_family_to_another_at_once():
    leaving, coming = wallet_with(380), wallet_with(380)
    spend(leaving, 380, "booking:1")
    now = timezone.now()
    post_all(
        [
            Draft("booking", [spending(coming, 380, "booking:2")], None, "Réservation", now),
            Draft("cancellation", refunds(["booking:1"]), None, "Annulation", now),
        ]
    )
    assert (balance_of(leaving), balance_of(coming)) == (380, 0)
    assert list(Operation.objects.order_by("pk").values_list("label", flat=True))[-2:] == ["Réservation", "Annulation"]


def test_a_floor_lets_a_wallet_be_spent_below_zero_and_no_further():
    wallet = wallet_with(0)
    set_floor(wallet.purse, -500)
    spend(wallet, 500)
    with pytest.raises(NotEnough, match="Il manque 0,01\u00a0€"):
        spend(wallet, 1)


def test_a_new_floor_holds_for_old_and_new_wallets_of_that_purse_only():
    old, elsewhere = wallet_with(0), wallet_with(0, purse=other_purse())
    set_floor(old.purse, -500)
    new = wallet_of(family_with())
    floors = [Account.objects.get(wallet=each).floor for each in (old, new, elsewhere)]
    assert floors == [-500, -500, 0]


def test_an_imposed_debit_passes_and_is_then_owed():
    wallet = wallet_with(100)
    spend(wallet, 380, kind=Operation.Kind.DEFERRED_DEBIT)
    wallet = Wallet.objects.with_balance().get(pk=wallet.pk)
    assert (wallet.balance, wallet.owed, wallet.spendable) == (-280, 280, 0)


def test_the_same_reference_is_refused_with_a_sentence():
    wallet = wallet_with(1000)
    spend(wallet, 100, "booking:1")
    with pytest.raises(AlreadyPosted, match="déjà été enregistrée"):
        spend(wallet, 100, "booking:1")
    assert balance_of(wallet) == 900


def test_the_guard_of_the_database_speaks_the_same_refusal(monkeypatch):
    wallet = wallet_with(100)
    monkeypatch.setattr("wallet.actions.ledger._require_enough", lambda *args: None)
    with pytest.raises(NotEnough, match="n’a pas assez de crédit"):
        spend(wallet, 101)


@pytest.mark.parametrize("moves", [[], None])
def test_an_operation_that_moves_nothing_is_a_mistake_of_ours(moves):
    with pytest.raises(ValueError, match="moves something"):
        post(BOOKING, moves or iter(()), actor=None, label="Rien")


def test_an_unknown_kind_is_a_mistake_of_ours():
    with pytest.raises(ValueError, match="gift"):
        post("gift", [spending(wallet_with(100), 1)], actor=None, label="Cadeau")


@pytest.mark.django_db(transaction=True)
def test_the_door_opens_inside_a_transaction_only():
    wallet = wallet_with(100)
    with pytest.raises(TransactionManagementError):
        post(BOOKING, [spending(wallet, 1)], actor=None, label="Réservations")


def statements_of(number: int) -> int:
    wallet = wallet_with(10_000)
    moves = [spending(wallet, 380) for _ in range(number)]
    with CaptureQueriesContext(connection) as queries:
        post(BOOKING, moves, actor=None, label="Réservations")
    return len([query for query in queries if "SAVEPOINT" not in query["sql"]])


def test_twenty_days_cost_four_statements_like_one():
    assert (statements_of(1), statements_of(20)) == (4, 4)


def test_locking_returns_what_stands_on_accounts_with_a_balance():
    wallet = wallet_with(700)
    pks = [wallet.account_id, revenue_account("service:1").pk]
    assert lock_accounts(pks) == {wallet.account_id: Standing(700, 0)}


@pytest.mark.parametrize(("change", "missing"), [(-700, 0), (-701, 1), (-1200, 500), (50, 0)])
def test_missing_is_what_lacks_to_stay_at_the_floor(change, missing):
    assert Standing(200, -500).missing(change) == missing


# --- Giving back --------------------------------------------------------------------------------------------------


@pytest.mark.seed("S2-63", "S2-73")
def test_a_refund_goes_to_the_purse_that_paid():
    family, purse = family_with(), other_purse()
    main, other = wallet_with(1000, family), wallet_with(1000, family, purse)
    spend(main, 380, "booking:1")
    spend(other, 475, "booking:2")
    post("cancellation", refunds(["booking:1", "booking:2"]), actor=None, label="Annulation")
    assert (balance_of(main), balance_of(other)) == (1000, 1000)


def test_a_refund_is_given_once():
    wallet = wallet_with(1000)
    spend(wallet, 380, "booking:1")
    moves = refunds(["booking:1"])
    post("cancellation", moves, actor=None, label="Annulation")
    with pytest.raises(AlreadyPosted), transaction.atomic():
        post("cancellation", refunds(["booking:1"]), actor=None, label="Annulation")
    assert balance_of(wallet) == 1000


def test_what_was_never_paid_is_never_refunded():
    with pytest.raises(LookupError, match="booking:9"):
        refunds(["booking:9"])


def test_an_operation_is_reversed_whole_and_once():
    wallet = wallet_with(1000)
    operation = post(BOOKING, [spending(wallet, 100), spending(wallet, 200)], actor=None, label="Réservations")
    undone = reverse(operation, actor=None, label="Rectification")
    assert undone.kind == Operation.Kind.REVERSAL
    assert balance_of(wallet) == 1000
    with pytest.raises(AlreadyPosted), transaction.atomic():
        reverse(operation, actor=None, label="Rectification")


# --- Accounts and wallets -----------------------------------------------------------------------------------------


def test_a_wallet_is_opened_once():
    family = family_with()
    assert wallet_of(family) == wallet_of(family)
    assert Wallet.objects.get(family=family).account.code == f"family:{family.pk}:purse:{wallet_of(family).purse_id}"


def test_revenue_accounts_are_opened_once_and_found_together():
    first = revenue_account("service:1")
    pks = revenue_accounts(["service:2", "service:1", "service:2"])
    assert pks == {"service:1": first.pk, "service:2": revenue_account("service:2").pk}


def test_there_is_no_system_account_of_another_kind():
    with pytest.raises(ValueError, match="wallet"):
        system_account("wallet")


def test_the_balance_of_a_system_account_is_a_sum():
    wallet_with(1000)
    wallet_with(50)
    assert balance(system_account("opening")) == -1050
    assert balance(system_account("cash")) == 0


# --- At the counter -----------------------------------------------------------------------------------------------


def test_a_cheque_at_the_counter_credits_the_wallet():
    agent, family = AgentFactory(), family_with(UserFactory())
    payment = credit(family, agent, number=" 1234567 ")
    assert balance_of(payment.wallet) == 5000
    assert (payment.number, payment.payer, payment.bank) == ("1234567", "Claire Dupont", "Crédit rural")
    operation = payment.operation
    assert (operation.kind, operation.actor) == ("counter_credit", agent)
    assert operation.label == "Règlement au guichet – Chèque n°\u00a01234567"
    assert balance(system_account("cheque")) == -5000


@pytest.mark.parametrize(("means", "account"), [("ES", "cash"), ("VI", "bank_transfer")])
def test_each_means_comes_from_its_own_account(means, account):
    credit(means=means, number="")
    assert balance(system_account(account)) == -5000


def test_a_double_click_credits_once():
    agent, family = AgentFactory(), family_with(UserFactory())
    key = make_key(agent.owner, f"credit:{family.pk}")
    first, second = credit(family, agent, key=key), credit(family, agent, key=key)
    assert first == second
    assert balance_of(first.wallet) == 5000
    assert CounterPayment.objects.count() == OutgoingEmail.objects.count() == 1


def test_a_page_made_for_another_family_credits_nobody():
    agent = AgentFactory()
    key = make_key(agent.owner, f"credit:{family_with().pk}")
    with pytest.raises(StalePage):
        credit(family_with(), agent, key=key)


def test_what_cannot_be_a_payment_is_refused_with_all_reasons():
    with pytest.raises(CounterRefused) as caught:
        credit(cents=0, number=" ", received_on=timezone.localdate() + timedelta(days=1))
    assert caught.value.sentences == [
        "Le montant doit être supérieur à zéro.",
        "La date de réception est dans le futur.",
        "Indiquez le numéro du chèque.",
    ]
    assert CounterPayment.objects.count() == Transfer.objects.count() == 0


def test_the_family_is_told_by_email_and_in_the_portal_once():
    mother, father = UserFactory(), UserFactory()
    family = family_with(mother, father)
    credit(family, received_on=timezone.localdate())
    emails = OutgoingEmail.objects.order_by("pk")
    assert [(each.to, each.owner) for each in emails] == [(mother.email, family.owner), (father.email, "")]
    subject, text, _ = mailing.render(emails[0])
    assert subject == "Votre porte-monnaie est crédité de 50,00 €"
    assert "Chèque n°\u00a01234567, 50,00\u00a0€" in text
    assert "votre nouveau solde est de 50,00\u00a0€" in text


def test_a_family_without_email_reads_the_message_in_the_portal():
    family = family_with(UserFactory(email=None))
    credit(family)
    assert list(OutgoingEmail.objects.values_list("to", "owner")) == [("", family.owner)]


def test_a_mistaken_credit_is_taken_back_and_the_family_told_why():
    payment = cancel(credit())
    assert balance_of(payment.wallet) == 0
    assert payment.cancellation.kind == "reversal"
    subject, text, _ = mailing.render(OutgoingEmail.objects.get(template="wallet/credit_cancelled"))
    assert subject == "Votre règlement de 50,00 € est annulé"
    assert "Motif : Montant mal saisi" in text


def test_a_mistaken_credit_that_was_spent_stays():
    payment = credit()
    spend(payment.wallet, 1)
    with pytest.raises(AlreadySpent, match="déjà dépensé"):
        cancel(payment)
    assert balance_of(payment.wallet) == 4999


def test_a_bounced_cheque_is_owed_even_when_spent():
    payment = credit()
    spend(payment.wallet, 3000)
    payment = cancel(payment, "Impayé du 3 novembre", bounced=True)
    assert balance_of(payment.wallet) == -3000
    assert payment.cancellation.kind == "bounced_cheque"
    _, text, _ = mailing.render(OutgoingEmail.objects.get(template="wallet/credit_cancelled"))
    assert "Il vous reste 30,00\u00a0€ à régler" in text


def test_only_a_cheque_bounces():
    with pytest.raises(NotACheque):
        cancel(credit(means="ES"), bounced=True)


def test_a_credit_is_taken_back_once():
    payment = credit()
    cancel(payment)
    with pytest.raises(AlreadyCancelled):
        cancel(payment)


def test_a_cancellation_has_a_reason():
    with pytest.raises(ReasonMissing):
        cancel(credit(), reason="  ")


def test_a_double_click_on_cancel_is_one():
    agent, payment = AgentFactory(), credit()
    key = make_key(agent.owner, f"cancel-credit:{payment.pk}")
    asked = {"agent": agent, "payment": payment, "reason": "Erreur", "bounced": False, "key": key}
    assert cancel_counter_payment(**asked) == cancel_counter_payment(**asked) == payment
    assert balance_of(payment.wallet) == 0


# --- Whatever people do -------------------------------------------------------------------------------------------

ACTS = st.lists(
    st.tuples(
        st.sampled_from(["credit", "spend", "move", "impose", "refund", "reverse"]),
        st.integers(0, 2),
        st.integers(0, 2),
        st.integers(1, 900),
    ),
    max_size=25,
)


@given(acts=ACTS)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_posted_and_reversed_the_balances_are_the_sums_and_nobody_spends_below_the_floor(acts):
    keeps_the_books(acts)


@pytest.mark.proof
@given(acts=ACTS)
@settings(max_examples=3000, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_books_are_kept_over_three_thousand_stories(acts):
    keeps_the_books(acts)


def keeps_the_books(acts):
    """Carry out a story of acts, our own books beside the ledger's; take it all back."""
    with transaction.atomic():
        set_floor(Purse.objects.get(is_default=True), -300)
        wallets = [wallet_of(family_with()) for _ in range(3)]
        expected = dict.fromkeys(wallets, 0)
        for act in acts:
            play(act, wallets, expected)
            assert {wallet: balance_of(wallet) for wallet in wallets} == expected
        assert list(checks.differences()) == []
        transaction.set_rollback(True)


def play(act, wallets, expected):
    """Carry out an act; keep the books ourselves, in ``expected``."""
    what, one, two, cents = act
    changes, kind, moves = plan(what, wallets[one], wallets[two], cents)
    if not moves:
        return
    imposed = kind in Operation.IMPOSED
    after = {wallet: expected[wallet] + change for wallet, change in changes.items()}
    broke = any(change < 0 and after[wallet] < -300 for wallet, change in changes.items())
    try:
        with transaction.atomic():
            post(kind, moves, actor=None, label=what)
    except NotEnough:
        assert broke
        assert not imposed
    else:
        assert imposed or not broke
        expected.update(after)


def plan(what, one, two, cents):
    """(change by wallet, kind, moves) of an act."""
    cash, revenue = system_account("cash").pk, revenue_account("service:1").pk
    reference = f"{what}:{Transfer.objects.count()}"
    if what == "credit":
        return {one: cents}, "counter_credit", [Move(cash, one.account_id, cents, reference)]
    if what == "spend":
        return {one: -cents}, "booking", [Move(one.account_id, revenue, cents, reference)]
    if what == "impose":
        return {one: -cents}, "bounced_cheque", [Move(one.account_id, revenue, cents, reference)]
    if what == "move":
        moves = [Move(one.account_id, two.account_id, cents, reference)] if one != two else []
        return {one: -cents, two: cents}, "booking", moves
    return undoing(what, one)


def undoing(what, wallet):
    """Give back the last payment of a wallet (refund), or take back its last credit (reverse)."""
    end = {"source": wallet.account_id} if what == "refund" else {"target": wallet.account_id}
    last = Transfer.objects.filter(**end, reverses=None, reversal=None).order_by("pk").last()
    if last is None:
        return {}, "reversal", []
    changes = {}
    for account, change in ((last.source_id, last.cents), (last.target_id, -last.cents)):
        touched = Wallet.objects.filter(account=account).first()
        if touched:
            changes[touched] = change
    return changes, "reversal", refunds([last.reference])
