"""The ledger guards itself, whatever code writes to it."""

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from tests.factories.accounts import UserFactory
from tests.factories.wallet import balance_of, family_with, guards_lifted, spend, wallet_with
from wallet.actions import revenue_account, system_account, wallet_of
from wallet.models import (
    BALANCED,
    SYSTEM,
    Account,
    AccountKind,
    Balance,
    CounterPayment,
    Operation,
    Purse,
    Transfer,
    Wallet,
)

pytestmark = pytest.mark.django_db


def write(source, target, cents, kind=Operation.Kind.BOOKING, reference="by hand", **fields):
    """Insert a transfer without the door."""
    operation = Operation.objects.create(kind=kind, label="À la main", at=timezone.now())
    return Transfer.objects.create(
        operation=operation, source=source, target=target, cents=cents, reference=reference, **fields
    )


def refused(sql, *params):
    """Run SQL that must be refused; return PostgreSQL's reason."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # as after a commit: no event of this test is pending
        with pytest.raises(IntegrityError) as caught, transaction.atomic():
            cursor.execute(sql, params)
    return caught.value.__cause__.diag


@pytest.mark.parametrize("table", ["wallet_transfer", "wallet_operation"])
@pytest.mark.parametrize("statement", ["UPDATE {} SET label = 'autre'", "DELETE FROM {}"])
def test_the_ledger_can_neither_be_changed_nor_emptied_row_by_row(table, statement):
    wallet_with(1000)
    act = statement.split()[0]
    assert refused(statement.format(table)).message_primary == f"{table} is append-only: {act} refused"


@pytest.mark.parametrize("table", ["wallet_transfer", "wallet_operation"])
def test_the_ledger_cannot_be_truncated(table):
    assert refused(f"TRUNCATE {table} CASCADE").sqlstate == "23001"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE wallet_balance SET cents = cents + 1",
        "INSERT INTO wallet_balance SELECT id, 5 FROM wallet_account WHERE floor IS NULL",
        "DELETE FROM wallet_balance",
        "TRUNCATE wallet_balance",
    ],
)
def test_balances_are_written_by_transfers_only(statement):
    wallet = wallet_with(1000)
    reason = f"balances are written by transfers only: {statement.split()[0]} refused"
    assert refused(statement).message_primary == reason
    assert balance_of(wallet) == 1000


def test_an_account_with_a_floor_starts_at_zero_and_another_keeps_no_balance():
    wallet = wallet_of(family_with())
    assert balance_of(wallet) == 0
    assert not Balance.objects.filter(account=revenue_account("service:1")).exists()


def test_a_transfer_moves_the_balances_of_both_accounts():
    one, two = wallet_with(1000), wallet_with(0)
    write(one.account, two.account, 400)
    assert (balance_of(one), balance_of(two)) == (600, 400)


@pytest.mark.parametrize("field", ["kind", "code"])
def test_an_account_keeps_its_kind_and_its_code(field):
    wallet = wallet_with(0)
    reason = refused(f"UPDATE wallet_account SET {field} = 'hold' WHERE id = %s", wallet.account_id)
    assert reason.message_primary == "an account keeps its kind and its code"


def test_an_account_keeps_its_kind_while_its_floor_changes():
    account = wallet_with(0).account
    account.floor = -500
    account.save()
    assert Account.objects.get(pk=account.pk).floor == -500


def test_a_transfer_of_nothing_is_refused():
    wallet = wallet_with(1000)
    with pytest.raises(IntegrityError, match="transfer_moves_something"):
        write(wallet.account, revenue_account("service:1"), 0)


def test_a_transfer_to_its_own_account_is_refused():
    wallet = wallet_with(1000)
    with pytest.raises(IntegrityError, match="transfer_between_two_accounts"):
        write(wallet.account, wallet.account, 100)


def test_a_transfer_of_no_minutes_is_refused():
    wallet = wallet_with(1000)
    with pytest.raises(IntegrityError, match="transfer_minutes_are_positive"):
        write(wallet.account, revenue_account("service:1"), 100, minutes=0)


def test_a_reference_stands_once():
    wallet = wallet_with(1000)
    write(wallet.account, revenue_account("service:1"), 100, reference="booking:1")
    with pytest.raises(IntegrityError, match="wallet_transfer_reference_key"):
        write(wallet.account, revenue_account("service:1"), 100, reference="booking:1")


def test_nothing_is_spent_below_the_floor():
    wallet = wallet_with(1000)
    with pytest.raises(IntegrityError) as caught, transaction.atomic():
        write(wallet.account, revenue_account("service:1"), 1001)
    assert caught.value.__cause__.diag.constraint_name == "transfer_floor"
    assert balance_of(wallet) == 1000


def test_the_floor_itself_may_be_reached():
    wallet = wallet_with(1000)
    write(wallet.account, revenue_account("service:1"), 1000)
    assert balance_of(wallet) == 0


@pytest.mark.parametrize("kind", Operation.Kind.values)
def test_only_the_imposed_kinds_go_below_the_floor(kind):
    wallet = wallet_with(1000)
    try:
        with transaction.atomic():
            write(wallet.account, revenue_account("service:1"), 1001, kind)
    except IntegrityError:
        passed = False
    else:
        passed = True
    assert passed == (kind in Operation.IMPOSED)
    assert balance_of(wallet) == (-1 if passed else 1000)


def test_a_credit_always_passes_even_when_the_wallet_stays_below_its_floor():
    wallet = wallet_with(0)
    spend(wallet, 500, kind=Operation.Kind.BOUNCED_CHEQUE)
    write(system_account("cash"), wallet.account, 200, Operation.Kind.COUNTER_CREDIT)
    assert balance_of(wallet) == -300


def test_a_reversal_gives_back_what_was_paid():
    wallet = wallet_with(1000)
    paid = spend(wallet, 400).transfers.get()
    write(paid.target, paid.source, 400, Operation.Kind.REVERSAL, reverses=paid)
    assert balance_of(wallet) == 1000


def test_a_reversal_happens_once():
    wallet = wallet_with(1000)
    paid = spend(wallet, 400).transfers.get()
    write(paid.target, paid.source, 400, Operation.Kind.REVERSAL, "first", reverses=paid)
    with pytest.raises(IntegrityError, match="wallet_transfer_reverses_id_key"):
        write(paid.target, paid.source, 400, Operation.Kind.REVERSAL, "second", reverses=paid)


@pytest.mark.parametrize("wrong", ["cents", "source", "target", "minutes"])
def test_a_reversal_mirrors_its_original(wrong):
    wallet = wallet_with(1000)
    paid = spend(wallet, 400).transfers.get()
    fields = {"source": paid.target, "target": paid.source, "cents": 400, "reverses": paid}
    fields |= {
        "cents": {"cents": 399},
        "source": {"source": revenue_account("service:2")},
        "target": {"target": wallet_with(0).account},
        "minutes": {"minutes": 60},
    }[wrong]
    with pytest.raises(IntegrityError) as caught:
        write(kind=Operation.Kind.REVERSAL, **fields)
    assert caught.value.__cause__.diag.constraint_name == "transfer_reversal_mirrors"


def test_a_reversal_is_not_reversed():
    wallet = wallet_with(1000)
    paid = spend(wallet, 400).transfers.get()
    back = write(paid.target, paid.source, 400, Operation.Kind.REVERSAL, "back", reverses=paid)
    with pytest.raises(IntegrityError) as caught:
        write(back.target, back.source, 400, Operation.Kind.REVERSAL, "forth", reverses=back)
    assert caught.value.__cause__.diag.constraint_name == "transfer_reversal_mirrors"


@pytest.mark.parametrize("kind", AccountKind.values)
def test_an_account_has_a_floor_exactly_when_its_balance_is_kept(kind):
    wrong = None if kind in BALANCED else 0
    with pytest.raises(IntegrityError, match="account_floor_where_a_balance_is_kept"):
        Account.objects.create(kind=kind, code="essai", floor=wrong)


def test_the_constraints_speak_french():
    with pytest.raises(ValidationError) as caught:
        Purse(code="autre", name="Autre", is_default=True, floor=5).full_clean()
    assert caught.value.messages == [
        "Il y a déjà un porte-monnaie principal.",
        "Le solde minimum est zéro ou un découvert, en négatif.",
    ]


def test_a_cheque_has_a_number():
    payment = CounterPayment(means="CH", cents=100)
    with pytest.raises(ValidationError) as caught:
        payment.validate_constraints()
    assert caught.value.messages == ["Indiquez le numéro du chèque."]


def test_the_default_purse_and_the_system_accounts_are_always_there():
    call_command("migrate", verbosity=0)
    call_command("migrate", verbosity=0)
    assert list(Purse.objects.values_list("code", "name", "is_default")) == [("principal", "Porte-monnaie", True)]
    assert sorted(Account.objects.values_list("kind", "code")) == sorted((kind, "") for kind in SYSTEM)


@pytest.mark.django_db(transaction=True)
def test_a_flush_empties_the_ledger_of_the_tests_and_its_guards_come_back():
    wallet_with(1000)
    call_command("flush", interactive=False, verbosity=0)
    assert Transfer.objects.count() == 0
    assert Purse.objects.get().is_default
    wallet_with(1000)
    assert refused("DELETE FROM wallet_transfer").sqlstate == "23001"


def test_a_wallet_is_seen_by_its_own_family_only():
    wallet = wallet_with(1000)
    parent, stranger = UserFactory(), UserFactory()
    wallet.family.guardians.create(user=parent)
    assert list(Wallet.objects.of(parent)) == [wallet]
    assert list(Wallet.objects.of(stranger)) == []


def test_only_the_owner_of_the_tables_can_lift_the_guards():
    wallet = wallet_with(1000)
    with guards_lifted("wallet_balance") as cursor:
        cursor.execute("UPDATE wallet_balance SET cents = 7")
    assert balance_of(wallet) == 7
