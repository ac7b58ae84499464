"""Proof of the card payments: whatever becomes of the events, each payment is booked once, to the cent."""

from collections import Counter
from collections.abc import Callable
from uuid import uuid4

import pytest
import stripe
from django.db import transaction
from django.db.models import Count, Sum

from common.writing.once import make_key
from reservations.models import Booking, Cart, CartLine, Session
from tests.concurrency import own_pid, someone_else
from tests.factories.wallet import parent_with
from tests.wallet.storm import FATES, Storm
from wallet import checks
from wallet.actions import AlreadyPosted, balance, cards, system_account
from wallet.actions.reconciling import reconciliation, resume
from wallet.gateways import stripe as gateway
from wallet.models import (
    Account,
    CardDispute,
    CardPayment,
    CardPaymentLine,
    CardRefund,
    StripeEvent,
    Transfer,
)
from wallet.tasks import handle_event

pytestmark = pytest.mark.django_db(transaction=True)
Status = CardPayment.Status


@pytest.fixture
def storm(stripe_double, time_machine, monkeypatch):
    """Make a storm: ``storm(seed=1, families=10)``; its events wake its worker."""
    monkeypatch.setattr(stripe.HTTPClient, "INITIAL_DELAY", 0.001)
    monkeypatch.setattr(stripe.HTTPClient, "MAX_DELAY", 0.001)

    def make(**fields) -> Storm:
        made = Storm(stripe_double, time_machine, **fields)
        monkeypatch.setattr(handle_event, "delay", made.wake_worker)
        return made

    return make


def at_stripe(storm) -> dict[str, int]:
    """What Stripe took, in cents by reference of the payment."""
    paid = [intent for intent in storm.stripe.intents() if intent["status"] == "succeeded"]
    return {intent["metadata"]["payment"]: intent["amount_received"] for intent in paid}


def booked() -> dict[str, int]:
    """What we credited, in cents by reference of the payment: its transfers summed, however many."""
    found = {}
    for payment in CardPayment.objects.all():
        credits = Transfer.objects.filter(reference__startswith=f"topup:{payment.pk}:")
        cents = credits.aggregate(cents=Sum("cents"))["cents"]
        if cents:
            found[str(payment.reference)] = cents
    return found


def gone_at_stripe(storm) -> Counter:
    """What Stripe gave back for good, or may still: (payment of Stripe, cents)."""
    refunds = [each for each in storm.stripe.refunds() if each["status"] != "failed"]
    disputes = [each for each in storm.stripe.disputes() if each["status"] != "won"]
    return Counter((each["payment_intent"], each["amount"]) for each in [*refunds, *disputes])


def gone_here() -> Counter:
    """What we booked of it; what came to nothing is left out, whether we heard of it in time or not at all."""
    return Counter(
        (each.payment.intent, each.cents)
        for model in (CardRefund, CardDispute)
        for each in model.objects.filter(undone=None).select_related("payment")
    )


def span(storm):
    return storm.now.date().replace(day=1), storm.now.date()


@pytest.mark.parametrize(
    ("payments", "families", "silences"),
    [(40, 12, 1), pytest.param(1000, 120, 3, marks=pytest.mark.proof)],
)
def test_each_payment_is_booked_once_whatever_becomes_of_its_events(storm, payments, families, silences, capsys):
    """Events come twice, shuffled, up to 72 hours late, 30 % never; Stripe is silent for hours, cards are refused."""
    it = storm(seed=20261121, families=families)
    it.rage(payments, silences)
    assert (len(it.payments), it.statuses) == (payments, {200})
    assert set(it.payments.values()) == set(FATES)
    assert booked() == at_stripe(it)  # 0 missing, 0 double
    ends = dict(CardPayment.objects.values_list("status").annotate(Count("pk")).order_by())
    assert ends == {Status.PAID: len(at_stripe(it)), Status.EXPIRED: payments - len(at_stripe(it))}
    mended = mend(it)
    assert reconciliation(*span(it)).differences == []
    gone = gone_at_stripe(it)
    assert gone_here() == gone
    given_back = sum(cents * times for (_, cents), times in gone.items())
    assert -balance(system_account("card")) == sum(at_stripe(it).values()) - given_back
    nothing_is_left_over()
    assert list(checks.differences()) == []
    with capsys.disabled():
        made, told = it.stripe.events(), len(it.delivered)
        print(f" {payments} payments, {len(booked())} paid; {len(made)} events, {told} told in {it.sent} deliveries;")
        print(f" {gone.total()} refunds and disputes stand, {mended} found by the reconciliation screen ", end="")


def mend(storm) -> int:
    """What was made at Stripe and no event told is found by the agent's screen: take all of it up; return how many."""
    done = 0
    while True:
        found, failed = resume(*span(storm))
        assert failed == 0
        if not found:
            return done
        done += found


def nothing_is_left_over():
    """No page goes on, nothing is held or put aside, each cart that was paid has its order, nothing is owed."""
    assert not CardPayment.objects.going().exists()
    assert not CardPayment.objects.unsettled().exists()
    assert not Cart.objects.exclude(payment=None).exists()
    assert not CartLine.objects.filter(held=True).exists()
    assert not Session.objects.exclude(held=0).exists()
    assert {balance(account) for account in Account.objects.filter(kind="hold")} <= {0}
    assert not StripeEvent.objects.filter(handled_at=None).exists()
    assert Booking.objects.active().exists()


def test_with_events_only_the_payments_whose_events_are_lost_would_be_missing(storm):
    """The control: nobody comes back and nothing is reconciled; what is missing is what no event told."""
    it = storm(seed=7, families=60, is_reconciled=False, come_back=0, worker=1)
    it.rage(40)
    told = {each["data"]["object"]["id"] for each in it.stripe.events() if each["id"] in it.delivered}
    lost = {
        each["client_reference_id"]
        for each in it.stripe.sessions()
        if each["payment_status"] == "paid" and each["id"] not in told
    }
    backed = CardPayment.objects.filter(pk__in=[pk for pk, fate in it.payments.items() if fate == "paid, then back"])
    missing = at_stripe(it).keys() - booked().keys()
    assert len(missing) > 3
    assert missing == lost - {str(payment.reference) for payment in backed}
    it.is_reconciled = True
    it.stripe.calm()
    it.round()
    assert booked() == at_stripe(it)


# Two workers and one payment


def paid_at_stripe(double) -> CardPayment:
    """A top-up of 50 € that Stripe has taken and nobody has booked yet."""
    parent, wallet = parent_with(0)
    key = make_key(parent.owner, "top-up")
    payment = cards.start(cards.open_top_up(user=parent, cents_by_wallet={wallet.pk: 5000}, key=key))
    double.pay(payment.session)
    return payment


def two_workers(payment: CardPayment) -> Callable:
    """The first has asked Stripe and books, the second has asked too and comes before the first has committed."""
    checkout = gateway.read_checkout(payment.session)
    with transaction.atomic():
        cards._record.__wrapped__(payment.pk, checkout)
        rival = someone_else(cards.fulfil, payment)
        assert rival.wait_until_blocked() == [own_pid()]
    return rival.result


def test_two_workers_book_a_payment_once(stripe_double):
    payment = paid_at_stripe(stripe_double)
    assert two_workers(payment)().status == Status.PAID
    assert (booked(), Transfer.objects.count()) == ({str(payment.reference): 5000}, 1)


def test_without_the_payment_s_lock_the_unique_reference_still_stops_the_second(stripe_double, monkeypatch):
    monkeypatch.setattr(cards, "locked", lambda pk: CardPayment.objects.get(pk=pk))
    payment = paid_at_stripe(stripe_double)
    with pytest.raises(AlreadyPosted):
        two_workers(payment)()
    assert (booked(), Transfer.objects.count()) == ({str(payment.reference): 5000}, 1)


def test_without_the_lock_and_without_the_reference_a_payment_would_be_booked_twice(stripe_double, monkeypatch):
    """The control: this is what both are for."""
    monkeypatch.setattr(cards, "locked", lambda pk: CardPayment.objects.get(pk=pk))
    monkeypatch.setattr(CardPaymentLine, "reference", property(lambda line: f"topup:{line.payment_id}:{uuid4()}"))
    payment = paid_at_stripe(stripe_double)
    two_workers(payment)()
    assert (booked(), Transfer.objects.count()) == ({str(payment.reference): 10_000}, 2)
    assert len(list(checks.differences())) == 1
