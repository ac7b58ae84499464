"""A complement by card: rights, complement and fee are paid together once the card has paid, or nothing is."""

from datetime import date, timedelta

import pytest
from django.utils import timezone

from cesu.aid.actions.complements import standing_of
from cesu.aid.actions.funders import fee_account, hold_account, payable_account
from cesu.models import AidAccess, AidPayment
from cesu.rules.aid import PaymentRefused, Use
from cesu.rules.aid_payments import PaymentStands
from common.models import OutgoingEmail
from tests.factories.aid import aid_user, left
from tests.factories.aid_payments import PASSWORD, home_with, pay_for, use
from wallet.actions import balance, cards
from wallet.actions.card_returns import send_owed, sync
from wallet.models import CardPayment, CardRefund, Operation

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("exact_books")]
Status = AidPayment.Status


@pytest.fixture(autouse=True)
def _a_monday(time_machine, stripe_double):
    time_machine.move_to("2026-11-23T10:00:00+01:00", tick=False)


def held(home, minutes=600, complement=150_00, **other):
    """A payment whose card page is open."""
    payment = pay_for(home, [use(home.rights[0], minutes)], complement, **other)
    cards.start(payment.card_payment)
    return AidPayment.objects.select_related("card_payment", "aid_account__holder").get(pk=payment.pk)


def again(payment):
    payment.refresh_from_db()
    return payment


def owed(home):
    return balance(payable_account(home.caregiver))


@pytest.mark.seed("S1-70", "S1-71")
def test_rights_complement_and_fee_are_posted_together_when_the_card_has_paid(stripe_double):
    home = home_with(600)
    payment = held(home)
    assert (payment.status, payment.fee_cents, payment.card_payment.cents) == (Status.HELD, 140, 151_40)
    assert (left(home.rights[0]), owed(home)) == ((0, 0), 0)
    stripe_double.pay(payment.card_payment.session)
    cards.fulfil(payment.card_payment)
    assert again(payment).status == Status.CONFIRMED
    moves = list(payment.operation.transfers.order_by("pk").values_list("target__kind", "cents", "minutes"))
    assert moves == [("caregiver", 4808, 600), ("caregiver", 150_00, None), ("fees", 140, None)]
    assert (owed(home), balance(fee_account()), balance(hold_account(payment.reference))) == (4808 + 150_00, 140, 0)
    assert payment.credited_by == date(2026, 11, 25)
    told = OutgoingEmail.objects.get(template="aid/caregiver_paid")
    assert (told.context["amount"], told.context["hours"]) == ("198,08\u00a0€", "10 h 00")


def test_told_twice_the_card_pays_once(stripe_double):
    home = home_with(600)
    payment = held(home)
    stripe_double.pay(payment.card_payment.session)
    for _ in range(3):
        cards.fulfil(payment.card_payment)
        CardPayment.objects.update(settled_at=None)
    assert Operation.objects.filter(kind=Operation.Kind.AID_PAYMENT).count() == 1
    assert owed(home) == 4808 + 150_00


def test_nothing_is_told_or_owed_while_the_card_has_not_paid(stripe_double):
    home = home_with(600)
    held(home)
    assert not OutgoingEmail.objects.exists()
    with pytest.raises(PaymentRefused, match="tous ces droits ont déjà été utilisés"):
        pay_for(home, [Use(home.rights[0].pk, 600, 4808)])  # a page that was opened before


def test_given_up_the_rights_are_back(stripe_double):
    home = home_with(600)
    payment = held(home)
    cards.abandon(payment.card_payment)
    assert (again(payment).status, left(home.rights[0]), owed(home)) == (Status.ABANDONED, (600, 4808), 0)
    assert pay_for(home, [use(home.rights[0], 600)]).status == Status.CONFIRMED


def test_a_page_that_is_not_what_was_asked_gives_the_rights_back_and_pays_nobody(stripe_double):
    home = home_with(600)
    payment = held(home)
    stranger = stripe_double.open(99_900, reference=str(payment.card_payment.reference))
    CardPayment.objects.update(session=stranger["id"])
    stripe_double.pay(stranger["id"])
    card = CardPayment.objects.get()
    assert [cards.fulfil(card).status for _ in range(2)] == ["to_check", "to_check"]
    assert (again(payment).status, left(home.rights[0]), owed(home)) == (Status.ABANDONED, (600, 4808), 0)


def test_left_open_it_ends_by_itself_and_the_rights_are_back(stripe_double, time_machine):
    home = home_with(600)
    payment = held(home)
    time_machine.move_to(timezone.now() + timedelta(hours=2), tick=False)
    stripe_double.expire(payment.card_payment.session)
    cards.reconcile()
    assert (again(payment).status, left(home.rights[0])) == (Status.ABANDONED, (600, 4808))


@pytest.mark.parametrize("used_meanwhile", [False, True])
def test_a_card_that_pays_too_late_spends_nothing_and_gets_all_back(stripe_double, used_meanwhile):
    home = home_with(600)
    payment = held(home)
    cards._end(payment.card_payment_id)  # Stripe was silent past its hour
    cards.serve(CardPayment.objects.get())
    if used_meanwhile:
        pay_for(home, [use(home.rights[0], 600)])
    kept = left(home.rights[0]), owed(home)
    stripe_double.pay(payment.card_payment.session)
    for _ in range(2):
        cards.reconcile()
    assert (again(payment).status, (left(home.rights[0]), owed(home))) == (Status.ABANDONED, kept)
    refund = CardRefund.objects.get()
    assert (refund.cents, refund.by, refund.status) == (151_40, None, CardRefund.Status.DONE)
    assert [each["amount"] for each in stripe_double.refunds()] == [151_40]
    assert balance(hold_account(payment.reference)) == 0
    letter = OutgoingEmail.objects.get(template="aid/paid_too_late")
    assert (letter.to, letter.context["card"]) == (home.user.aid_login.email, "151,40\u00a0€")


def test_while_stripe_is_silent_what_goes_back_stays_owed(stripe_double):
    home = home_with(600)
    payment = held(home)
    cards._end(payment.card_payment_id)
    cards.serve(CardPayment.objects.get())
    stripe_double.pay(payment.card_payment.session)
    stripe_double.fault("error_500", next=9, on="POST /v1/refunds")
    cards.reconcile()
    assert CardRefund.objects.get().status == CardRefund.Status.REQUESTED
    stripe_double.calm()
    send_owed()
    assert CardRefund.objects.get().status == CardRefund.Status.DONE


def test_a_right_that_ends_while_the_page_is_open_still_pays(stripe_double, time_machine):
    home = home_with(600, months=[date(2026, 9, 1)])
    time_machine.move_to("2026-11-30T23:55:00+01:00", tick=False)
    payment = held(home)
    time_machine.move_to("2026-12-01T00:05:00+01:00", tick=False)
    stripe_double.pay(payment.card_payment.session)
    cards.fulfil(payment.card_payment)
    assert again(payment).status == Status.CONFIRMED


def test_a_holder_has_one_payment_that_waits_for_a_card_whoever_asks(stripe_double):
    home = home_with(600)
    payment = held(home, minutes=60)
    son = aid_user(home.holder, role=AidAccess.Role.HELPER, password=PASSWORD)
    with pytest.raises(PaymentStands):
        held(home, minutes=60, user=son)
    assert standing_of(home.holder) == payment
    assert pay_for(home, [use(home.rights[0], 60)], user=son).status == Status.CONFIRMED


@pytest.mark.parametrize(
    ("complement", "reason"),
    [
        (1000_01, "1\u202f000,00\u00a0€ au plus"),
        (-5, "supérieur à zéro"),
        (49, "une carte ne peut pas payer moins de 0,50\u00a0€"),
    ],
)
def test_a_complement_out_of_bounds_is_refused(complement, reason):
    home = home_with(600, fee_cents=0)
    with pytest.raises(PaymentRefused, match=reason):
        held(home, complement=complement)
    assert left(home.rights[0]) == (600, 4808)


def test_a_card_holder_who_contests_leaves_exact_books_and_the_caregiver_paid(stripe_double, time_machine):
    home = home_with(600)
    payment = held(home)
    stripe_double.pay(payment.card_payment.session)
    card = cards.fulfil(payment.card_payment)
    time_machine.move_to(timezone.now() + timedelta(days=1), tick=False)
    stripe_double.dispute(card.intent)
    sync(card)
    assert (again(payment).status, owed(home)) == (Status.CONFIRMED, 4808 + 150_00)
    assert balance(hold_account(payment.reference)) == -151_40  # what the bank took back, owed to nobody but us
