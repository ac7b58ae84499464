"""Hours not used in time go back to their funder once, reopened ones later; who may pay was warned twice."""

from datetime import date, timedelta

import pytest
import time_machine

from cesu.aid.actions.rights.expiry import return_expired, returns_of, warn_of_expiry
from cesu.models import AidAccess, AidAccount, MonthlyRight
from common.background.mailing import render
from common.models import OutgoingEmail
from tests.cesu.aid.actions.rights.test_plans import use
from tests.concurrency import someone_else
from tests.factories.aid import aid_account_of, aid_user, funder_with, holder_with, left, right_with
from wallet.actions.ledger import reverse
from wallet.models import Operation, Transfer

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("exact_books")]
AUGUST, END = date(2026, 8, 1), date(2026, 10, 31)
NIGHT = date(2026, 11, 1)


@pytest.fixture(autouse=True)
def _on_a_night():
    with time_machine.travel("2026-11-01T02:00:00+01:00", tick=True):
        yield


def apa(**fields):
    return aid_account_of(holder_with(), funder_with(**fields))


def test_what_is_left_goes_back_the_night_after_the_last_day_once():
    account = apa(email="apa@departement.example")
    right = right_with(account, 600, month=AUGUST)
    use(right, 240, 19_23)
    right_with(account, 600, month=date(2026, 9, 1))
    assert return_expired(END)["rights"] == 0
    assert [return_expired(NIGHT) for _ in range(3)] == [{"rights": 1, "cents": 28_85}] + [
        {"rights": 0, "cents": 0}
    ] * 2
    assert left(right) == (0, 0)
    [move] = returns_of(account.funder, NIGHT)
    assert (move.minutes, move.cents, move.reference) == (360, 28_85, f"return:{right.pk}:0")
    assert (move.target_id, move.operation.label) == (account.funder.account_id, "Droits expirés")
    [letter] = OutgoingEmail.objects.all()
    subject, text, _ = render(letter)
    assert (letter.to, subject) == ("apa@departement.example", "Droits expirés : 28,85 € vous reviennent")
    assert "6 h 00 de 1 personne, soit 28,85\u00a0€" in text


def test_a_right_reopened_after_a_rejected_transfer_waits_for_its_new_day_and_goes_back_again():
    account = apa()
    right = right_with(account, 600, month=AUGUST)
    use(right, 240, 19_23)
    return_expired(NIGHT)
    paid = Transfer.objects.get(reference=f"used:{right.pk}").operation
    reverse(paid, actor=None, label="Virement rejeté", kind=Operation.Kind.AID_REJECT)
    MonthlyRight.objects.filter(pk=right.pk).update(reopened_until=date(2026, 11, 30))
    assert return_expired(date(2026, 11, 30))["rights"] == 0
    assert return_expired(date(2026, 12, 1)) == {"rights": 1, "cents": 19_23}
    references = (
        Transfer.objects.filter(reference__startswith="return:").order_by("pk").values_list("reference", flat=True)
    )
    assert list(references) == [f"return:{right.pk}:0", f"return:{right.pk}:1"]


def test_a_closed_account_gives_everything_back_the_day_after():
    account = apa()
    right = right_with(account, 600, month=date(2026, 10, 1))
    closed = {"ended_on": date(2026, 10, 15), "end_reason": "death", "closes_on": END}
    AidAccount.objects.filter(pk=account.pk).update(**closed)
    MonthlyRight.objects.filter(pk=right.pk).update(reopened_until=date(2026, 12, 31))
    assert return_expired(END)["rights"] == 0
    assert return_expired(NIGHT)["rights"] == 1


def test_each_funder_has_its_own_and_the_questions_are_as_many_for_one_right_and_for_three(django_assert_num_queries):
    one, other = apa(), apa()
    right_with(one, 600, month=AUGUST)
    right_with(other, 300, month=AUGUST)
    return_expired(NIGHT)
    assert [[move.minutes for move in returns_of(each.funder, NIGHT)] for each in (one, other)] == [[600], [300]]
    for number in (1, 3):
        for _ in range(number):
            right_with(aid_account_of(holder_with(), one.funder), 60, month=AUGUST)
        with django_assert_num_queries(13):
            assert return_expired(NIGHT)["rights"] == number


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_give_back_once():
    account = apa()
    right_with(account, 600, month=AUGUST)
    rivals = [someone_else(return_expired, NIGHT) for _ in range(2)]
    assert sum(rival.result()["rights"] for rival in rivals) == 1
    assert [move.minutes for move in returns_of(account.funder, NIGHT)] == [600]


# --- Warned before ------------------------------------------------------------------------------------------------------
def told():
    return list(OutgoingEmail.objects.order_by("pk").values_list("template", "to"))


def test_who_may_pay_is_warned_thirty_and_seven_days_before_once_each():
    account = apa()
    own = aid_user(account.holder)
    helper = aid_user(account.holder, role=AidAccess.Role.HELPER)
    aid_user(account.holder, role=AidAccess.Role.HELPER, may_pay=False)
    right_with(account, 600, month=date(2026, 9, 1))
    until = date(2026, 11, 30)
    nights = [until - timedelta(days) for days in (31, 30, 29, 8, 6, 5, 0)]
    assert [warn_of_expiry(night)["told"] for night in nights] == [0, 2, 0, 0, 2, 0, 0]
    assert [to for _, to in told()] == [own.aid_login.email, helper.aid_login.email] * 2
    subject, text, _ = render(OutgoingEmail.objects.earliest("pk"))
    assert subject == "Des heures à utiliser bientôt"
    assert "Septembre 2026 : 10 h 00, à utiliser jusqu’au lundi 30 novembre inclus." in text


def test_a_right_of_one_month_is_warned_of_in_its_last_week_only():
    account = apa()
    aid_user(account.holder)
    right_with(account, 600, month=date(2026, 11, 1), months=1)
    assert [warn_of_expiry(date(2026, 11, day))["told"] for day in (1, 22, 23)] == [0, 0, 1]


def test_after_a_death_the_helper_alone_is_warned():
    account = apa()
    aid_user(account.holder)
    helper = aid_user(account.holder, role=AidAccess.Role.HELPER)
    right_with(account, 600, month=date(2026, 10, 1))
    closed = {"ended_on": date(2026, 10, 15), "end_reason": "death", "closes_on": date(2026, 11, 5)}
    AidAccount.objects.filter(pk=account.pk).update(**closed)
    warn_of_expiry(NIGHT)
    assert told() == [("aid/rights_ending", helper.aid_login.email)]
