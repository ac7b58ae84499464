"""Plans of aid give their month once; what agents decide of them reaches the rights, never what was paid."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
import time_machine
from django.contrib.auth.models import Group

from accounts.models import User
from cesu.access import FUNDER_STAFF
from cesu.aid.actions.rights import changes
from cesu.aid.actions.rights.grants import Grant, set_few, set_rights
from cesu.aid.actions.rights.plans import credit_month
from cesu.models import AidAccess, AidAccount, AidPlan, AidRule, AidSuspension, MonthlyRight
from cesu.rules.aid import minutes_of, worth_of
from common.background.mailing import render
from common.models import OutgoingEmail
from common.refusals import StalePage
from common.writing.once import make_key
from common.writing.transactions import outermost
from tests.concurrency import someone_else
from tests.factories.accounts import AgentFactory
from tests.factories.aid import aid_account_of, aid_user, funder_with, holder_with, left, right_with
from wallet.actions import post
from wallet.actions.ledger import Move
from wallet.actions.wallets import system_account
from wallet.models import AccountKind, Operation

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("exact_books")]
TODAY, MONTH = date(2026, 11, 21), date(2026, 11, 1)


@pytest.fixture(autouse=True)
def _on_a_day():
    with time_machine.travel("2026-11-21T10:00:00+01:00", tick=True):
        yield


@pytest.fixture
def funder(db):
    return funder_with()


@pytest.fixture
def agent(funder):
    agent = AgentFactory(first_name="Inès")
    agent.groups.add(Group.objects.get(name=FUNDER_STAFF))
    funder.staff.add(agent)
    return User.objects.get(pk=agent.pk)


def account_with(funder, *plans, **fields):
    """An APA account with plans: (since, hours) and perhaps its own rate."""
    account = aid_account_of(holder_with(**fields), funder)
    for since, hours, *rate in plans or [(date(2026, 1, 1), 42)]:
        AidPlan.objects.create(
            aid_account=account, since=since, minutes=hours * 60, hourly_rate=rate[0] if rate else None
        )
    return account


def use(right, minutes, cents):
    """Something was paid with it, as far as the ledger knows."""
    bank = system_account(AccountKind.BANK_TRANSFER).pk
    post(
        Operation.Kind.AID_PAYMENT,
        [Move(right.account_id, bank, cents, f"used:{right.pk}", minutes=minutes)],
        actor=None,
        label="Paiement",
    )


def do(agent, action, account, times=2, **said):
    """Decide, the page sent twice: the last outcome."""
    key = make_key(agent.owner, changes.deciding(account))
    return [action(agent=agent, account=account, key=key, **said) for _ in range(times)][-1]


def the_right(account, month=MONTH):
    return MonthlyRight.objects.get(aid_account=account, month=month)


# --- The night --------------------------------------------------------------------------------------------------------
@pytest.mark.seed("S1-2", "S1-57")
def test_the_plan_of_a_month_is_credited_once_whatever_the_day_and_the_number_of_nights(funder):
    account = account_with(funder)
    done = [credit_month(day) for day in (date(2026, 11, 1), date(2026, 11, 2), TODAY)]
    assert [each["credited"] for each in done] == [1, 0, 0]
    right = the_right(account)
    assert (left(right), right.expires_on) == ((2520, 201_94), date(2027, 1, 31))
    credit_month(date(2026, 12, 1))
    assert sorted(account.rights.values_list("month", flat=True)) == [MONTH, date(2026, 12, 1)]


def test_each_account_has_its_plan_its_rate_its_suspensions_and_its_end(funder):
    whole = account_with(funder)
    own_rate = account_with(funder, (date(2026, 1, 1), 10, Decimal("12.5")))
    half = account_with(funder, (date(2026, 1, 1), 42), (date(2026, 11, 16), 21))
    away = account_with(funder)
    AidSuspension.objects.create(aid_account=away, since=date(2026, 11, 11), until=date(2026, 11, 20))
    dead = account_with(funder)
    AidAccount.objects.filter(pk=dead.pk).update(
        ended_on=date(2026, 10, 30), end_reason="death", closes_on=date(2026, 12, 31)
    )
    later, by_file = account_with(funder, (date(2026, 12, 1), 42)), aid_account_of(holder_with(), funder)
    right_with(by_file, 600, month=MONTH)
    assert credit_month(TODAY) == {"credited": 4, "without_rule": 0}
    assert [left(the_right(each)) for each in (whole, own_rate, half, away, by_file)] == [
        (2520, 201_94),
        (600, 125_00),
        (1890, 151_46),
        (1680, 134_63),
        (600, 48_08),
    ]
    assert not MonthlyRight.objects.filter(aid_account__in=[dead, later]).exists()


def test_a_funder_at_rest_gives_nothing_and_a_nature_without_its_rule_is_counted(funder):
    account_with(funder_with(is_active=False))
    account_with(funder)
    AidRule.objects.filter(funder=funder).delete()
    assert credit_month(TODAY) == {"credited": 0, "without_rule": 1}
    assert not MonthlyRight.objects.exists()


def test_a_right_that_was_put_right_stays_so_the_next_night(funder, agent):
    account = account_with(funder)
    credit_month(TODAY)
    right = the_right(account)
    key = make_key(agent.owner, changes.correcting(right))
    changes.correct_right(agent=agent, right=right, minutes=600, cents=None, reason="Erreur de saisie", key=key)
    credit_month(TODAY + timedelta(1))
    assert left(right) == (600, 48_08)


def test_the_night_asks_the_same_questions_for_one_account_and_for_three(funder, django_assert_num_queries):
    account_with(funder)
    with django_assert_num_queries(17):
        credit_month(TODAY)
    for _ in range(3):
        account_with(funder)
    with django_assert_num_queries(17):
        credit_month(TODAY)


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_credit_a_month_once(funder):
    account = account_with(funder)
    rivals = [someone_else(credit_month, TODAY) for _ in range(2)]
    assert sum(rival.result()["credited"] for rival in rivals) == 1
    assert left(the_right(account)) == (2520, 201_94)


@pytest.mark.django_db(transaction=True)
def test_a_plan_that_changes_at_that_moment_is_the_one_that_is_given(funder):
    account = account_with(funder)

    @outermost
    def agent_first():
        AidAccount.objects.locked().get(pk=account.pk)
        AidPlan.objects.filter(aid_account=account).update(minutes=600)
        rival = someone_else(credit_month, TODAY)
        rival.wait_until_blocked()
        return rival

    assert agent_first().result()["credited"] == 1
    assert left(the_right(account)) == (600, 48_08)


# --- Rates of several plans ---------------------------------------------------------------------------------------------
def test_a_month_of_two_rates_is_worth_each_for_its_days():
    plans = [(date(2026, 1, 1), 1200, Decimal(10)), (date(2026, 11, 16), 1200, Decimal(20))]
    assert worth_of(MONTH, plans, [], None) == (1200, 300_00)
    assert worth_of(MONTH, plans, [(date(2026, 11, 16), None)], None) == (600, 100_00)
    assert worth_of(MONTH, plans, [(MONTH, None)], None) == (0, 0)


@pytest.mark.parametrize(
    ("typed", "minutes"),
    [("42:00", 2520), ("42h00", 2520), ("42 h 05", 2525), ("42,5", 2550), ("42.25", 2535), ("7", 420), ("0", 0)],
)
def test_hours_are_read_as_people_type_them(typed, minutes):
    assert minutes_of(typed) == minutes


@pytest.mark.parametrize("typed", ["", "h", "42:60", "-1", "745", "4 2", "42:5", "=42", "٤٢"])
def test_what_is_no_number_of_hours_is_none(typed):
    assert minutes_of(typed) is None


# --- What agents decide -------------------------------------------------------------------------------------------------
def test_a_plan_that_changes_in_mid_month_reaches_this_month_s_right_at_once(funder, agent):
    account = account_with(funder)
    aid_user(account.holder)
    credit_month(TODAY)
    outcome = do(agent, changes.change_plan, account, since=date(2026, 11, 16), minutes=21 * 60)
    assert left(the_right(account)) == (1890, 151_46)
    assert outcome.sentences == ["Novembre 2026 : 31 h 30, soit 151,46\u00a0€, au lieu de 42 h 00."]
    [letter] = OutgoingEmail.objects.all()
    subject, text, _ = render(letter)
    assert subject == "Votre plan d’aide"
    assert "À partir du lundi 16 novembre, votre plan d’aide APA est de 21 h 00 par mois." in text
    operation = Operation.objects.get(kind=Operation.Kind.AID_CORRECTION)
    assert (operation.actor, operation.label) == (agent, "Correction : Novembre 2026 – Nouveau plan d’aide")


def test_a_first_plan_in_the_past_gives_the_months_that_may_still_be_used(funder, agent):
    account = aid_account_of(holder_with(), funder)
    do(agent, changes.change_plan, account, since=date(2026, 7, 1), minutes=600)
    assert sorted(account.rights.values_list("month", flat=True)) == [date(2026, 9, 1), date(2026, 10, 1), MONTH]


def test_a_month_of_a_file_is_left_alone_by_a_first_plan(funder, agent):
    account = aid_account_of(holder_with(), funder)
    right = right_with(account, 600, month=MONTH)
    do(agent, changes.change_plan, account, since=MONTH, minutes=1200)
    assert left(right) == (600, 48_08)


def test_what_is_tried_is_told_and_undone(funder, agent):
    account = account_with(funder)
    aid_user(account.holder)
    credit_month(TODAY)
    outcome = changes.change_plan(agent=agent, account=account, since=MONTH, minutes=0, trial=True)
    assert outcome.sentences == ["Novembre 2026 : 0 h 00, soit 0,00\u00a0€, au lieu de 42 h 00."]
    assert [email.template for email in outcome.emails] == ["aid/plan_changed"]
    assert (left(the_right(account)), account.plans.count()) == ((2520, 201_94), 1)
    assert not OutgoingEmail.objects.exists()


def test_a_stay_in_hospital_takes_back_its_days_and_its_end_gives_them_again(funder, agent):
    account = account_with(funder)
    aid_user(account.holder)
    credit_month(TODAY)
    do(agent, changes.suspend, account, since=date(2026, 11, 11), until=None, reason="hospital")
    assert left(the_right(account)) == (840, 67_31)
    with pytest.raises(changes.AlreadySuspended, match="déjà suspendue du 11-11-2026 jusqu’à nouvel ordre"):
        do(agent, changes.suspend, account, since=date(2026, 11, 20), until=None, reason="other")
    do(agent, changes.resume, account, since=date(2026, 11, 21))
    assert left(the_right(account)) == (1680, 134_63)
    with pytest.raises(changes.NotSuspended):
        do(agent, changes.resume, account, since=date(2026, 11, 21))
    assert [email.template for email in OutgoingEmail.objects.order_by("pk")] == ["aid/suspended", "aid/resumed"]


def test_a_suspension_noted_by_mistake_has_never_been(funder, agent):
    account = account_with(funder)
    credit_month(TODAY)
    do(agent, changes.suspend, account, since=MONTH, until=date(2026, 11, 30), reason="other")
    assert left(the_right(account)) == (0, 0)
    do(agent, changes.resume, account, since=MONTH)
    assert (left(the_right(account)), account.suspensions.count()) == ((2520, 201_94), 0)


def test_what_was_used_is_not_taken_back_and_the_agent_reads_it(funder, agent):
    account = account_with(funder)
    credit_month(TODAY)
    use(the_right(account), 2100, 168_28)
    outcome = do(agent, changes.suspend, account, since=date(2026, 11, 2), until=None, reason="hospital")
    assert left(the_right(account)) == (0, 0)
    assert outcome.sentences == [
        "Novembre 2026 : 35 h 00, soit 168,28\u00a0€, au lieu de 42 h 00.",
        "Novembre 2026 : 33 h 36 de trop ont déjà été utilisées ; elles ne peuvent pas être reprises.",
    ]


def test_after_a_death_nobody_writes_to_who_died_and_the_helper_learns_until_when_to_pay(funder, agent):
    account = account_with(funder)
    aid_user(account.holder)
    helper = aid_user(account.holder, role=AidAccess.Role.HELPER, first_name="Paul")
    aid_user(account.holder, role=AidAccess.Role.HELPER, may_pay=False)
    credit_month(TODAY)
    end = {"ended_on": date(2026, 11, 15), "reason": "death", "closes_on": date(2026, 12, 31)}
    do(agent, changes.end_account, account, **end)
    account.refresh_from_db()
    assert (left(the_right(account)), account.closes_on) == ((1260, 100_97), date(2026, 12, 31))
    [letter] = OutgoingEmail.objects.all()
    assert letter.to == helper.aid_login.email
    subject, text, _ = render(letter)
    assert subject == "L’aide de Odette Lacoste"
    assert "Nous vous présentons nos condoléances." in text
    assert "jusqu’au jeudi 31 décembre inclus" in text
    do(agent, changes.change_plan, account, since=MONTH, minutes=600)
    assert OutgoingEmail.objects.count() == 1


def test_an_end_noted_by_mistake_is_undone(funder, agent):
    account = account_with(funder)
    credit_month(TODAY)
    do(agent, changes.end_account, account, ended_on=MONTH, reason="other", closes_on=TODAY)
    assert left(the_right(account)) == (84, 6_73)
    do(agent, changes.reopen_account, account)
    assert left(the_right(account)) == (2520, 201_94)
    with pytest.raises(changes.NotEnded):
        do(agent, changes.reopen_account, account)


@pytest.mark.parametrize(
    ("said", "refusal"),
    [
        ({"ended_on": TODAY, "reason": "other", "closes_on": MONTH}, changes.WrongEnd),
        ({"ended_on": date(2026, 11, 22), "reason": "death", "closes_on": date(2026, 12, 1)}, changes.WrongEnd),
        ({"ended_on": TODAY, "reason": "other", "closes_on": date(2029, 1, 1)}, changes.TooFar),
    ],
)
def test_an_end_that_makes_no_sense_is_refused(funder, agent, said, refusal):
    with pytest.raises(refusal):
        do(agent, changes.end_account, account_with(funder), **said)


def test_a_decision_without_its_rule_or_its_key_changes_nothing(funder, agent):
    account = account_with(funder)
    with pytest.raises(StalePage):
        changes.change_plan(agent=agent, account=account, since=MONTH, minutes=60, key="x")
    AidRule.objects.all().delete()
    with pytest.raises(changes.NoRule, match="Aucune règle du compte APA n’est en vigueur en novembre 2026"):
        do(agent, changes.change_plan, account, since=MONTH, minutes=60)
    assert account.plans.get().minutes == 2520


def test_another_funder_s_agent_decides_nothing(funder):
    stranger = AgentFactory()
    funder_with().staff.add(stranger)
    with pytest.raises(AidAccount.DoesNotExist):
        do(stranger, changes.change_plan, account_with(funder), since=MONTH, minutes=60)


# --- One right ----------------------------------------------------------------------------------------------------------
def correct(agent, right, minutes, cents=None, **more):
    key = make_key(agent.owner, changes.correcting(right))
    return changes.correct_right(
        agent=agent, right=right, minutes=minutes, cents=cents, reason="Erreur", key=key, **more
    )


def test_a_correction_below_what_was_used_takes_what_is_left_and_says_the_rest(funder, agent):
    right = right_with(aid_account_of(holder_with(), funder), 2520, month=MONTH)
    aid_user(right.aid_account.holder)
    use(right, 600, 48_08)
    outcome = correct(agent, right, 300)
    assert left(right) == (0, 0)
    assert outcome.sentences[1] == (
        "Novembre 2026 : 5 h 00 de trop ont déjà été utilisées ; elles ne peuvent pas être reprises."
    )
    [letter] = OutgoingEmail.objects.all()
    assert "Motif : Erreur" in render(letter)[1]


@pytest.mark.parametrize(("minutes", "cents"), [(0, 100), (60, 0), (60, 59)])
def test_hours_without_an_amount_or_an_amount_without_hours_are_refused(funder, agent, minutes, cents):
    right = right_with(aid_account_of(holder_with(), funder), 600, month=MONTH)
    with pytest.raises(changes.WrongRight):
        correct(agent, right, minutes, cents)


def test_a_right_that_expired_is_raised_no_more(funder, agent):
    right = right_with(aid_account_of(holder_with(), funder), 600, month=date(2026, 6, 1))
    with pytest.raises(changes.WrongRight, match="a expiré"):
        correct(agent, right, 1200)


# --- An end against a payment -------------------------------------------------------------------------------------------
def pay_slowly(account, right, locked):
    """A payment of all that is left, holding what a payment holds; ``locked`` off: the control, without the lock."""

    @outermost
    def pay():
        rows = AidAccount.objects.filter(pk=account.pk)
        (rows.locked() if locked else rows).get()
        seen = left(right)
        rival = someone_else(set_rights, account.funder, [Grant(account.pk, MONTH, 60, 481, date(2027, 1, 31))])
        if locked:
            rival.wait_until_blocked()
        else:
            rival.result()
        try:
            use(right, *seen)
        except Exception as error:  # what the ledger says of hours that went meanwhile
            return rival, error
        return rival, None

    return pay()


@pytest.mark.django_db(transaction=True)
def test_a_correction_waits_for_the_payment_that_goes_on_and_takes_only_what_it_left(funder):
    account = account_with(funder)
    right = right_with(account, 2520, month=MONTH)
    rival, error = pay_slowly(account, right, locked=True)
    assert (error, rival.result()["unrecovered"], left(right)) == (None, 1, (0, 0))


@pytest.mark.django_db(transaction=True)
def test_without_the_lock_the_payment_would_have_lost_its_hours(funder):
    account = account_with(funder)
    right = right_with(account, 2520, month=MONTH)
    _, error = pay_slowly(account, right, locked=False)
    assert type(error).__name__ in ("NotEnough", "HoursAway")


def test_the_caller_s_transaction_is_all_or_nothing(funder):
    account = account_with(funder)

    @outermost
    def broken():
        set_few(funder, [Grant(account.pk, MONTH, 60, 481, date(2027, 1, 31))])
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        broken()
    assert not MonthlyRight.objects.exists()
