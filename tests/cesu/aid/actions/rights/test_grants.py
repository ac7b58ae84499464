"""What a funder gives for a month reaches the right once, and corrections take back no more than is left."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cesu.aid.actions.rights.grants import Grant, _Right, change, set_rights
from cesu.models import MonthlyRight
from tests.concurrency import someone_else
from tests.factories.aid import aid_account_of, funder_with, holder_with, left, right_with
from tests.factories.wallet import guards_lifted
from wallet import checks
from wallet.models import Operation, Transfer

pytestmark = pytest.mark.django_db
MONTH, END = date(2026, 11, 1), date(2027, 1, 31)


def grant(account, minutes, cents, month=MONTH):
    return Grant(account.pk, month, minutes, cents, END)


def apa():
    return aid_account_of(holder_with(), funder_with())


@pytest.mark.seed("S1-2", "S1-57")
def test_a_month_s_right_is_credited_once_however_often_it_is_said(exact_books):
    account = apa()
    done = [set_rights(account.funder, [grant(account, 2520, 20194)]) for _ in range(5)]
    right = MonthlyRight.objects.get(aid_account=account)
    assert [(each["credited"], each["unchanged"]) for each in done] == [(1, 0), (0, 1), (0, 1), (0, 1), (0, 1)]
    assert (right.month, right.expires_on, left(right)) == (MONTH, END, (2520, 20194))
    [transfer] = Transfer.objects.filter(target=right.account_id)
    assert (transfer.cents, transfer.minutes, transfer.label) == (20194, 2520, "Novembre 2026")
    assert transfer.source_id == account.funder.account_id
    assert transfer.operation.kind == Operation.Kind.AID_CREDIT


def test_each_month_and_each_account_has_its_right(exact_books):
    funder = funder_with()
    one, two = (aid_account_of(holder_with(), funder) for _ in range(2))
    december = date(2026, 12, 1)
    set_rights(funder, [grant(one, 60, 480), grant(two, 120, 960), grant(one, 90, 720, december)])
    assert sorted(map(left, MonthlyRight.objects.all())) == [(60, 480), (90, 720), (120, 960)]


@pytest.mark.parametrize(
    ("minutes", "cents", "kept"), [(3000, 24041, (3000, 24041)), (1260, 10097, (1260, 10097)), (0, 0, (0, 0))]
)
def test_a_right_that_was_said_wrong_is_put_right_by_the_difference(exact_books, minutes, cents, kept):
    account = apa()
    right = right_with(account, 2520, month=MONTH)
    assert set_rights(account.funder, [grant(account, minutes, cents)])["corrected"] == 1
    assert left(right) == kept
    correction = Operation.objects.get(kind=Operation.Kind.AID_CORRECTION)
    assert (correction.label, correction.transfers.count()) == ("Correction : Novembre 2026", 1)


def test_another_funder_s_account_gets_nothing(exact_books):
    account = apa()
    assert set_rights(funder_with(), [grant(account, 60, 480)]) == {
        "credited": 0,
        "corrected": 0,
        "unchanged": 0,
        "unrecovered": 0,
    }


WORTH = st.integers(0, 6000).flatmap(lambda n: st.tuples(st.just(n), st.integers(n, 20 * n) if n else st.just(0)))


@given(WORTH, WORTH, st.data())
def test_a_correction_takes_no_more_than_is_left_and_ends_hours_and_cents_together(granted, wanted, data):
    minutes = data.draw(st.integers(0, granted[0]))
    cents = data.draw(st.integers(minutes, granted[1] - (granted[0] - minutes))) if minutes else 0
    right = _Right(1, 1, granted, (minutes, cents), 1)
    more, money = change(right, Grant(1, MONTH, *wanted, END))
    after = minutes + more, cents + money
    assert 0 <= after[0] <= after[1]
    assert (after[0] == 0) == (after[1] == 0)
    assert more <= 0 or granted[0] + more == wanted[0]
    assert more >= 0 or granted[0] + more >= wanted[0]


def test_a_right_lowered_to_nothing_is_whole_again_at_nothing(exact_books):
    account = apa()
    right = right_with(account, 600, month=MONTH)
    set_rights(account.funder, [grant(account, 60, 481)])
    again = set_rights(account.funder, [grant(account, 0, 0)])
    assert (left(right), again["unrecovered"]) == ((0, 0), 0)


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_credit_a_month_once(exact_books):
    account = apa()
    rivals = [someone_else(set_rights, account.funder, [grant(account, 2520, 20194)]) for _ in range(2)]
    assert sum(rival.result()["credited"] for rival in rivals) == 1
    assert left(MonthlyRight.objects.get(aid_account=account)) == (2520, 20194)


@pytest.mark.django_db(transaction=True)
def test_a_minute_or_a_cent_of_difference_is_found():
    """Control of ``exact_books``: what the checks of hours and of rights would say."""
    account = apa()
    right = right_with(account, 600, month=MONTH)
    with guards_lifted("wallet_balance") as cursor:
        cursor.execute("UPDATE wallet_balance SET minutes = 601 WHERE minutes = 600")
    MonthlyRight.objects.filter(pk=right.pk).update(granted_cents=right.granted_cents + 1)
    assert list(checks.differences()) == [
        f"account {right.account_id}: 601 minutes, transfers 600",
        f"right {right.pk}: granted (600,4809), the ledger (600,4808)",
    ]
