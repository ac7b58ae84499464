"""A caregiver is paid out of the rights, exactly once, by who may pay, or nothing is spent."""

from datetime import date, timedelta
from threading import Barrier

import pytest
from django.utils import timezone

from cesu.aid.actions import payments
from cesu.aid.actions.funders import payable_account
from cesu.aid.actions.payments import standings
from cesu.models import AidAccess, AidPayment, Funder, MonthlyRight
from cesu.rules.aid import LookOnly, PaymentRefused, TooManyTries, Use, WrongPassword
from cesu.rules.aid_payments import CaregiverGone, NotThisPayment, RightsChanged
from common.models import OutgoingEmail
from common.refusals import StalePage
from common.writing.once import make_key
from tests.concurrency import someone_else
from tests.factories.aid import aid_account_of, aid_user, caregiver_with, left
from tests.factories.aid_payments import PASSWORD, home_with, key_for, pay_for, use
from wallet.actions import Move, NotEnough, balance, post, system_account
from wallet.actions.wallets import open_ledger_account
from wallet.models import Operation, Transfer

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("exact_books")]
MORNING = "2026-11-23T10:00:00+01:00"
OCTOBER, NOVEMBER = date(2026, 10, 1), date(2026, 11, 1)


@pytest.fixture(autouse=True)
def _a_monday(time_machine):
    time_machine.move_to(MORNING, tick=False)


def nothing_spent(home, *minutes):
    assert [left(right)[0] for right in home.rights] == list(minutes)
    assert not AidPayment.objects.exists()
    assert not OutgoingEmail.objects.exists()


# --- Paid -------------------------------------------------------------------------------------------------------------
@pytest.mark.seed("S1-3", "S1-6", "S1-7", "S1-50", "S1-51")
def test_a_caregiver_is_paid_the_exact_amount_of_the_hours_done():
    home = home_with(2520)
    payment = pay_for(home, [use(home.rights[0], 750)])
    assert (payment.status, payment.minutes, payment.cents) == (AidPayment.Status.CONFIRMED, 750, 6010)
    assert payment.credited_by == date(2026, 11, 25)
    assert left(home.rights[0]) == (1770, 20194 - 6010)
    [moved] = Transfer.objects.filter(target=payable_account(home.caregiver))
    assert (moved.minutes, moved.cents, moved.reference) == (750, 6010, f"aid:{payment.pk}:{home.rights[0].pk}")
    assert (moved.operation.kind, moved.operation.actor) == (Operation.Kind.AID_PAYMENT, home.user)
    assert [(line.right_id, line.minutes, line.cents) for line in payment.lines.all()] == [
        (home.rights[0].pk, 750, 6010)
    ]


def test_the_last_hours_take_exactly_the_last_cents():
    home = home_with(100)
    for minutes in (33, 33, 34):
        pay_for(home, [use(home.rights[0], minutes)])
    assert left(home.rights[0]) == (0, 0)
    assert balance(payable_account(home.caregiver)) == home.rights[0].granted_cents


@pytest.mark.seed("S1-57")
def test_a_payment_takes_of_several_months_in_one_operation():
    home = home_with(600, 2520, months=[OCTOBER, NOVEMBER])
    payment = pay_for(home, [use(home.rights[0], 600), use(home.rights[1], 60)])
    assert [left(right)[0] for right in home.rights] == [0, 2460]
    assert (payment.minutes, payment.operation.transfers.count()) == (660, 2)


@pytest.mark.seed("S1-67")
def test_the_caregiver_reads_what_comes_from_whom_and_when_and_nothing_of_the_rights():
    home = home_with(2520)
    pay_for(home, [use(home.rights[0], 750)])
    told, mine = OutgoingEmail.objects.order_by("pk")
    assert (told.to, told.template) == (home.caregiver.email, "aid/caregiver_paid")
    assert told.context == {
        "caregiver": "Fatima Besson",
        "beneficiary": "Odette Lacoste",
        "hours": "12 h 30",
        "amount": "60,10\u00a0€",
        "credited_by": "mercredi 25 novembre",
    }
    assert (mine.to, mine.template) == (home.user.aid_login.email, "aid/payment_made")


def test_a_payment_names_its_author_and_tells_the_beneficiary_too():
    home = home_with(2520)
    son = aid_user(home.holder, role=AidAccess.Role.HELPER, password=PASSWORD, first_name="Karim")
    payment = pay_for(home, [use(home.rights[0], 60)], user=son)
    assert payment.by == son
    written = OutgoingEmail.objects.filter(template="aid/payment_made").order_by("pk")
    assert [(each.to, each.context["author"], each.context["by_another"]) for each in written] == [
        (home.user.aid_login.email, "Karim Lacoste", True),
        (son.aid_login.email, "Karim Lacoste", False),
    ]


def test_e_cesu_pays_in_euros():
    home = home_with(60)
    account, right = _ecesu(home, 5000)
    payment = pay_for(home, uses := [Use(right.pk, None, 1250)], key=_key(home, account, uses), aid_account=account)
    assert (payment.minutes, payment.cents, left(right)) == (None, 1250, (None, 3750))


def _ecesu(home, cents):
    """An e-CESU account with a right in euros."""
    account = aid_account_of(home.holder, None, "ecesu")
    ledger = open_ledger_account("aid_right", f"ecesu:{account.pk}", floor=0)
    right = MonthlyRight.objects.create(
        aid_account=account, month=NOVEMBER, expires_on=date(2027, 1, 31), account=ledger
    )
    source = system_account("bank_transfer").pk
    post("ecesu_credit", [Move(source, ledger.pk, cents, f"test:{right.pk}")], actor=None, label="e-CESU")
    return account, right


def _key(home, account, uses):
    return key_for(type(home)(home.holder, home.user, account, home.caregiver, home.rights), uses)


# --- Refused: nothing spent -------------------------------------------------------------------------------------------
@pytest.mark.seed("S1-61")
def test_more_hours_than_the_right_has_are_refused():
    home = home_with(60)
    with pytest.raises(PaymentRefused, match="il reste 1 h 00, vous ne pouvez pas payer 1 h 01"):
        pay_for(home, [Use(home.rights[0].pk, 61, 490)])
    nothing_spent(home, 60)


def test_an_expired_right_is_refused_with_its_day():
    home = home_with(600, 60, months=[date(2026, 8, 1), NOVEMBER])
    with pytest.raises(PaymentRefused, match="Août 2026 : ces droits ont expiré le 31 octobre 2026"):
        pay_for(home, [use(home.rights[0], 60)])
    assert [standing.month for standing in standings(home.account, timezone.localdate())] == [NOVEMBER]
    nothing_spent(home, 600, 60)


def test_a_reopened_right_pays_again_until_its_day():
    home = home_with(600, months=[date(2026, 8, 1)])
    MonthlyRight.objects.filter(pk=home.rights[0].pk).update(reopened_until=date(2026, 11, 23))
    assert pay_for(home, [use(home.rights[0], 60)]).minutes == 60


def test_a_later_month_waits_for_the_older_one_to_be_used_up():
    home = home_with(600, 2520, months=[OCTOBER, NOVEMBER])
    with pytest.raises(PaymentRefused) as refused:
        pay_for(home, [use(home.rights[0], 540), use(home.rights[1], 60)])
    assert refused.value.sentences == [
        "Utilisez d’abord tout ce qui reste du mois le plus ancien : Octobre 2026 (encore 1 h 00), avant de prendre sur Novembre 2026."
    ]
    nothing_spent(home, 600, 2520)


def test_a_funder_may_leave_the_order_to_the_person():
    home = home_with(600, 2520, months=[OCTOBER, NOVEMBER], order=Funder.OrderOfUse.FREE)
    assert pay_for(home, [use(home.rights[1], 60)]).minutes == 60


def test_nothing_is_no_payment():
    home = home_with(60)
    with pytest.raises(PaymentRefused, match="Indiquez ce que vous payez"):
        pay_for(home, [])
    nothing_spent(home, 60)


def test_a_closed_account_pays_nothing():
    home = home_with(60)
    home.account.ended_on = home.account.closes_on = date(2026, 11, 22)
    home.account.end_reason = "death"
    home.account.save()
    with pytest.raises(PaymentRefused, match="Ce compte est fermé depuis le 22 novembre 2026"):
        pay_for(home, [use(home.rights[0], 60)])
    assert standings(home.account, timezone.localdate()) == []
    nothing_spent(home, 60)


def test_a_caregiver_whose_affiliation_ended_is_not_paid():
    home = home_with(60)
    type(home.caregiver).objects.update(ended_on=date(2026, 11, 1))
    with pytest.raises(CaregiverGone):
        pay_for(home, [use(home.rights[0], 60)])
    nothing_spent(home, 60)


def test_another_person_s_caregiver_is_not_paid():
    home, stranger = home_with(60), caregiver_with()
    home.caregiver = stranger
    with pytest.raises(CaregiverGone):
        pay_for(home, [use(home.rights[0], 60)])
    nothing_spent(home, 60)


def test_rights_that_changed_price_since_the_page_are_shown_again():
    home = home_with(600)
    uses = [use(home.rights[0], 60)]
    with pytest.raises(RightsChanged):
        pay_for(home, [Use(uses[0].right, 60, uses[0].cents + 1)])
    nothing_spent(home, 600)


@pytest.mark.parametrize("access", [{"may_pay": False}, {"confirmed": False}])
def test_who_only_looks_pays_nothing(access):
    home = home_with(60)
    looker = aid_user(home.holder, role=AidAccess.Role.HELPER, password=PASSWORD, **access)
    with pytest.raises(LookOnly):
        pay_for(home, [use(home.rights[0], 60)], user=looker)
    nothing_spent(home, 60)


# --- The password -----------------------------------------------------------------------------------------------------
@pytest.mark.seed("S1-4", "S1-66")
def test_five_wrong_passwords_block_payments_for_fifteen_minutes(time_machine):
    home = home_with(60)
    uses = [use(home.rights[0], 60)]
    for refusal in (WrongPassword, WrongPassword, WrongPassword, WrongPassword, TooManyTries):
        with pytest.raises(refusal):
            pay_for(home, uses, password="faux")
    with pytest.raises(TooManyTries):
        pay_for(home, uses)
    nothing_spent(home, 60)
    time_machine.move_to(timezone.now() + timedelta(minutes=16), tick=False)
    assert pay_for(home, uses).minutes == 60


def test_the_right_password_forgets_the_wrong_ones():
    home = home_with(600)
    for _ in range(2):
        for _ in range(4):
            with pytest.raises(WrongPassword):
                pay_for(home, [use(home.rights[0], 60)], password="faux")
        pay_for(home, [use(home.rights[0], 60)])
    assert left(home.rights[0])[0] == 480


def test_a_stale_page_neither_counts_as_a_wrong_password_nor_forgets_one():
    home = home_with(600)
    uses = [use(home.rights[0], 60)]
    for _ in range(4):
        with pytest.raises(WrongPassword):
            pay_for(home, uses, password="faux")
        with pytest.raises(StalePage):
            pay_for(home, uses, password="faux", key="faux")
    with pytest.raises(TooManyTries):
        pay_for(home, uses, password="faux")


# --- The page ---------------------------------------------------------------------------------------------------------
def test_the_page_sent_twice_pays_once():
    home = home_with(600)
    uses = [use(home.rights[0], 60)]
    key = key_for(home, uses)
    assert pay_for(home, uses, key=key) == pay_for(home, uses, key=key)
    assert left(home.rights[0])[0] == 540
    assert OutgoingEmail.objects.count() == 2


def test_a_page_pays_no_other_amount_payee_or_account_even_after_it_paid():
    home = home_with(600)
    uses, other = [use(home.rights[0], 60)], caregiver_with(home.holder)
    key = key_for(home, uses)
    for _ in range(2):
        with pytest.raises(NotThisPayment):
            pay_for(home, [use(home.rights[0], 120)], key=key)
        with pytest.raises(NotThisPayment):
            pay_for(home, uses, 1000, key=key)
        with pytest.raises(NotThisPayment):
            pay_for(home, uses, key=key, caregiver=other)
        pay_for(home, uses, key=key)
    assert AidPayment.objects.count() == 1
    assert left(home.rights[0])[0] == 540


def test_another_person_s_page_pays_nothing():
    home, stranger = home_with(60), home_with(60)
    uses = [use(home.rights[0], 60)]
    for key in (key_for(home, uses, user=stranger.user), make_key(home.user.owner, "autre")):
        with pytest.raises(StalePage):
            pay_for(home, uses, key=key)
    nothing_spent(home, 60)


# --- At once ----------------------------------------------------------------------------------------------------------
@pytest.mark.django_db(transaction=True)
def test_twenty_at_once_spend_the_last_hours_once():
    home = home_with(60)
    uses = [use(home.rights[0], 60)]
    ends = _twenty(home, uses)
    assert sorted(ends, key=str) == [AidPayment] + [PaymentRefused] * 19
    assert left(home.rights[0]) == (0, 0)
    assert balance(payable_account(home.caregiver)) == uses[0].cents


@pytest.mark.django_db(transaction=True)
def test_twenty_clicks_on_one_page_pay_once():
    home = home_with(600)
    uses = [use(home.rights[0], 60)]
    ends = _twenty(home, uses, key_for(home, uses))
    assert ends == [AidPayment] * 20
    assert left(home.rights[0])[0] == 540


def _twenty(home, uses, key=None):
    rivals = [someone_else(pay_for, home, uses, key=key or key_for(home, uses)) for _ in range(20)]
    return [_end(rival) for rival in rivals]


@pytest.mark.django_db(transaction=True)
def test_without_the_lock_who_comes_second_is_told_that_the_ledger_is_in_trouble(monkeypatch):
    """Control: what the lock of the holder's accounts protects from."""
    home = home_with(600)
    uses = [use(home.rights[0], 600)]
    home.account.funder  # noqa: B018 loaded before the rival needs it
    monkeypatch.setattr(payments, "lock_account", lambda holder, pk: home.account)
    check, met = payments._check, Barrier(2, timeout=20)
    monkeypatch.setattr(payments, "_check", lambda *asked: (check(*asked), met.wait()))
    sons = [aid_user(home.holder, role=AidAccess.Role.HELPER, password=PASSWORD) for _ in range(2)]
    rivals = [someone_else(pay_for, home, uses, user=son) for son in sons]
    ends = {_end(rival, NotEnough) for rival in rivals}
    assert ends == {AidPayment, NotEnough}  # both were told yes; only the floor of the ledger said no


def _end(rival, *refusals):
    try:
        return type(rival.result())
    except (PaymentRefused, *refusals) as refused:
        return type(refused)
