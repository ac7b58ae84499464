"""The double of Stripe, through the real library and the portal's own gateway."""

import dataclasses
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from uuid import uuid4

import pytest
import stripe
import time_machine

from wallet.gateways import stripe as gateway

BACK = "https://portail.example.fr/paiements/retour/"
NOW = datetime(2027, 3, 1, 9, tzinfo=UTC)


def a_payment(cents=1520, **changes):
    """What the gateway reads of a card payment."""
    values = {
        "reference": uuid4(),
        "cents": cents,
        "label": "Porte-monnaie RESTAURATION",
        "email": "claire@example.org",
        "expires_at": datetime.now(UTC) + timedelta(minutes=40),
    }
    return SimpleNamespace(**values | changes)


def a_paid_page(double, cents=1520, card="4242424242424242"):
    """The page as the gateway reads it once it is paid."""
    opened = gateway.create_checkout(a_payment(cents), BACK)
    assert double.pay(opened.id, card) == "paid"
    return gateway.read_checkout(opened.id)


def a_refund(page, cents):
    """What the gateway reads of a refund to make."""
    return SimpleNamespace(reference=uuid4(), cents=cents, payment=SimpleNamespace(intent=page.intent))


def library(double):
    return stripe.StripeClient("sk_test_direct", base_addresses={"api": double.address})


# --- Pages
def test_a_page_is_opened_read_paid_and_told(stripe_double):
    payment = a_payment()
    opened = gateway.create_checkout(payment, BACK)
    assert (opened.status, opened.paid, opened.cents, opened.currency) == ("open", False, 1520, "eur")
    assert (opened.reference, opened.intent) == (str(payment.reference), "")
    assert opened.url == f"{stripe_double.address}/c/pay/{opened.id}"
    assert stripe_double.pay(opened.id) == "paid"
    read = gateway.read_checkout(opened.id)
    assert (read.status, read.paid, read.url) == ("complete", True, "")
    types = [delivery.type for delivery in stripe_double.collected]
    assert types == [
        "payment_intent.created",
        "charge.succeeded",
        "payment_intent.succeeded",
        "checkout.session.completed",
    ]


def test_what_the_page_was_opened_with_is_kept(stripe_double):
    payment = a_payment()
    page = gateway.create_checkout(payment, BACK)
    stripe_double.pay(page.id)
    session = library(stripe_double).v1.checkout.sessions.retrieve(page.id, {"expand": ["payment_intent"]})
    assert (session.success_url, session.cancel_url, session.locale) == (BACK, f"{BACK}?retour=1", "fr")
    assert (session.customer_email, session.customer_details.email) == ("claire@example.org", "claire@example.org")
    assert session.expires_at == int(payment.expires_at.timestamp())
    assert session.payment_intent.metadata.to_dict() == {"payment": str(payment.reference)}
    assert (session.payment_intent.amount_received, session.payment_intent.status) == (1520, "succeeded")
    charge = library(stripe_double).v1.charges.retrieve(session.payment_intent.latest_charge)
    assert (charge.amount, charge.paid, charge.payment_method_details.card.last4) == (1520, True, "4242")


def test_a_page_is_expired_unless_it_was_paid_just_before(stripe_double):
    left, paid = gateway.create_checkout(a_payment(), BACK), gateway.create_checkout(a_payment(), BACK)
    stripe_double.pay(paid.id)
    assert gateway.expire_checkout(left.id).status == "expired"
    assert gateway.expire_checkout(paid.id).status == "complete"
    assert stripe_double.pay(left.id) == "closed"
    assert [event["data"]["object"]["id"] for event in stripe_double.events("checkout.session.expired")] == [left.id]


def test_a_page_whose_time_is_over_takes_no_card(stripe_double):
    with time_machine.travel(NOW, tick=False) as clock:
        page = gateway.create_checkout(a_payment(), BACK)
        clock.shift(timedelta(minutes=39))
        assert gateway.read_checkout(page.id).status == "open"
        clock.shift(timedelta(minutes=1))
        assert stripe_double.pay(page.id) == "closed"
        assert gateway.read_checkout(page.id).status == "expired"
    assert len(stripe_double.events("checkout.session.expired")) == 1


def test_the_clock_of_stripe_can_run_ahead(stripe_double):
    page = gateway.create_checkout(a_payment(), BACK)
    stripe_double.clock(offset=2400)
    assert gateway.read_checkout(page.id).status == "expired"


def test_a_page_that_a_card_was_tried_on_takes_its_payment_with_it(stripe_double):
    page = gateway.create_checkout(a_payment(), BACK)
    assert stripe_double.pay(page.id, "4000 0000 0000 9995") == "refused"
    intent = gateway.read_checkout(page.id).intent
    assert gateway.expire_checkout(page.id).intent == intent
    assert library(stripe_double).v1.payment_intents.retrieve(intent).status == "canceled"


@pytest.mark.parametrize(
    ("card", "confirmed", "end"),
    [
        ("5555555555554444", None, "paid"),
        ("4000002500003155", None, "confirm"),
        ("4000002500003155", True, "paid"),
        ("4000002500003155", False, "refused"),
        ("4000008400001629", True, "refused"),
        ("4000000000000002", None, "refused"),
        ("4242424242424241", None, "refused"),
        ("4970101234567898", None, "refused"),
        ("carte", None, "refused"),
        ("", None, "refused"),
    ],
)
def test_a_card_number_says_how_the_payment_ends(stripe_double, card, confirmed, end):
    page = gateway.create_checkout(a_payment(), BACK)
    assert stripe_double.pay(page.id, card, confirmed) == end
    assert gateway.read_checkout(page.id).paid == (end == "paid")


def test_a_refused_card_can_be_followed_by_another_on_the_same_payment(stripe_double):
    page = gateway.create_checkout(a_payment(), BACK)
    stripe_double.pay(page.id, "4000000000009995")
    (intent,) = stripe_double.intents()
    assert intent["status"] == "requires_payment_method"
    assert intent["last_payment_error"]["decline_code"] == "insufficient_funds"
    assert stripe_double.pay(page.id) == "paid"
    assert [(each["id"], each["status"]) for each in stripe_double.intents()] == [(intent["id"], "succeeded")]


@pytest.mark.parametrize(
    ("changes", "code", "param"),
    [
        ({"cents": 49}, "amount_too_small", None),
        ({"cents": 100_000_000}, "amount_too_large", None),
        ({"cents": -5}, "parameter_invalid_integer", "line_items[0][price_data][unit_amount]"),
        ({"expires_at": timedelta(minutes=29, seconds=50)}, None, "expires_at"),
        ({"expires_at": timedelta(hours=24, seconds=10)}, None, "expires_at"),
        ({"email": "claire"}, "email_invalid", "customer_email"),
        ({"label": ""}, "parameter_missing", "line_items[0][price_data][product_data][name]"),
    ],
)
def test_a_page_that_stripe_would_not_open_is_refused(stripe_double, changes, code, param):
    if "expires_at" in changes:
        changes["expires_at"] = datetime.now(UTC) + changes["expires_at"]
    with pytest.raises(gateway.CardsRefused) as refused:
        gateway.create_checkout(a_payment(**changes), BACK)
    assert (refused.value.__cause__.code, refused.value.__cause__.param) == (code, param)
    assert stripe_double.sessions() == []


def test_50_cents_and_the_bounds_of_the_time_are_taken(stripe_double):
    for minutes in (30.1, 24 * 60 - 0.1):
        end = datetime.now(UTC) + timedelta(minutes=minutes)
        assert gateway.create_checkout(a_payment(cents=50, expires_at=end), BACK).cents == 50


def test_an_address_that_is_none_is_refused(stripe_double):
    with pytest.raises(gateway.CardsRefused) as refused:
        gateway.create_checkout(a_payment(), "/paiements/retour/")
    assert refused.value.__cause__.code == "url_invalid"


# --- Keys of idempotency
def test_asked_twice_stripe_gives_the_same_page(stripe_double):
    payment = a_payment()
    assert gateway.create_checkout(payment, BACK) == gateway.create_checkout(payment, BACK)
    assert len(stripe_double.sessions()) == 1


def test_the_same_key_gets_the_same_bytes_even_when_the_page_has_changed(stripe_double):
    payment = a_payment()
    first = gateway.create_checkout(payment, BACK)
    stripe_double.pay(first.id)
    assert gateway.create_checkout(payment, BACK) == first
    client = library(stripe_double)
    params = {"payment_intent": gateway.read_checkout(first.id).intent, "amount": 100}
    answers = [client.v1.refunds.create(params, {"idempotency_key": "once"}).last_response for _ in range(2)]
    assert answers[0].body == answers[1].body
    assert [answer.headers.get("Idempotent-Replayed") for answer in answers] == [None, "true"]


def test_a_key_used_for_something_else_is_refused(stripe_double):
    payment = a_payment()
    gateway.create_checkout(payment, BACK)
    payment.cents = 999
    with pytest.raises(gateway.CardsRefused) as refused:
        gateway.create_checkout(payment, BACK)
    assert isinstance(refused.value.__cause__, stripe.IdempotencyError)
    assert [session["amount_total"] for session in stripe_double.sessions()] == [1520]


def test_a_request_that_was_not_valid_leaves_its_key_free(stripe_double):
    payment = a_payment(cents=49)
    with pytest.raises(gateway.CardsRefused):
        gateway.create_checkout(payment, BACK)
    payment.cents = 50
    assert gateway.create_checkout(payment, BACK).cents == 50


def test_a_refusal_made_after_the_work_began_stays(stripe_double):
    page = a_paid_page(stripe_double, 1000)
    first, refund = stripe_double.refund(page.id, 900), a_refund(page, 500)
    with pytest.raises(gateway.CardsRefused):
        gateway.create_refund(refund)
    stripe_double.settle(first["id"], "failed")  # now there would be enough
    with pytest.raises(gateway.CardsRefused) as refused:
        gateway.create_refund(refund)
    assert "greater than unrefunded amount" in str(refused.value.__cause__)
    assert gateway.create_refund(a_refund(page, 500)).cents == 500


# --- Refunds
def test_a_refund_is_made_once_and_told(stripe_double):
    page = a_paid_page(stripe_double, 1000)
    refund = a_refund(page, 400)
    stripe_double.take()
    made = gateway.create_refund(refund)
    assert (made.status, made.cents, made.intent, made.reference) == (
        "succeeded",
        400,
        page.intent,
        str(refund.reference),
    )
    assert gateway.create_refund(refund) == made
    assert gateway.refunds_of(page.intent) == [made]
    assert [each.type for each in stripe_double.collected] == ["refund.created", "charge.refunded"]
    charge = stripe_double.collected[-1].event["data"]
    assert (charge["object"]["amount_refunded"], charge["object"]["refunded"]) == (400, False)
    assert charge["previous_attributes"] == {"amount_refunded": 0, "refunded": False}


def test_no_more_is_refunded_than_was_paid(stripe_double):
    page = a_paid_page(stripe_double, 1000)
    gateway.create_refund(a_refund(page, 400))
    with pytest.raises(gateway.CardsRefused):
        gateway.create_refund(a_refund(page, 601))
    gateway.create_refund(a_refund(page, 600))
    with pytest.raises(gateway.CardsRefused) as refused:
        gateway.create_refund(a_refund(page, 1))
    assert refused.value.__cause__.code == "charge_already_refunded"
    assert sum(each.cents for each in gateway.refunds_of(page.intent)) == 1000


def test_a_slow_refund_waits_then_succeeds(stripe_double):
    page = a_paid_page(stripe_double, card="4000000000007726")
    refund = gateway.create_refund(a_refund(page, 500))
    assert refund.status == "pending"
    stripe_double.take()
    stripe_double.order("ripen")
    assert gateway.refunds_of(page.intent) == [dataclasses.replace(refund, status="succeeded")]
    assert [each.type for each in stripe_double.collected] == ["refund.updated", "charge.refund.updated"]


def test_a_refund_may_fail_after_it_succeeded_and_its_money_can_be_refunded_again(stripe_double):
    page = a_paid_page(stripe_double, 1000, card="4000000000005126")
    refund = gateway.create_refund(a_refund(page, 1000))
    assert refund.status == "succeeded"
    stripe_double.take()
    stripe_double.order("ripen")
    assert [each.status for each in gateway.refunds_of(page.intent)] == ["failed"]
    assert [each.type for each in stripe_double.collected] == [
        "refund.updated",
        "charge.refund.updated",
        "refund.failed",
        "charge.updated",
    ]
    assert gateway.create_refund(a_refund(page, 1000)).cents == 1000


def test_a_refund_made_at_stripe_names_none_of_ours(stripe_double):
    page = a_paid_page(stripe_double, 1000)
    stripe_double.refund(page.id)
    assert [(each.cents, each.reference) for each in gateway.refunds_of(page.intent)] == [(1000, "")]


def test_what_was_not_paid_is_not_refunded(stripe_double):
    page = gateway.create_checkout(a_payment(), BACK)
    stripe_double.pay(page.id, "4000000000000002")
    with pytest.raises(gateway.CardsRefused) as refused:
        gateway.create_refund(a_refund(gateway.read_checkout(page.id), 100))
    assert refused.value.__cause__.code == "payment_intent_unexpected_state"


# --- Disputes
@pytest.mark.parametrize(
    ("status", "types"),
    [
        ("won", ["charge.dispute.funds_reinstated", "charge.dispute.closed"]),
        ("lost", ["charge.dispute.closed"]),
        ("under_review", ["charge.dispute.updated"]),
    ],
)
def test_a_dispute_takes_the_money_and_gives_it_back_when_won(stripe_double, status, types):
    page = a_paid_page(stripe_double, 1000)
    stripe_double.take()
    dispute = stripe_double.dispute(page.id)
    assert [each.type for each in stripe_double.take()] == ["charge.dispute.created", "charge.dispute.funds_withdrawn"]
    assert [(each.status, each.cents, each.takes_money) for each in gateway.disputes_of(page.intent)] == [
        ("needs_response", 1000, True)
    ]
    stripe_double.move_dispute(dispute["id"], status)
    assert [each.type for each in stripe_double.take()] == types
    moved = [move["amount"] for move in stripe_double.disputes()[0]["balance_transactions"]]
    assert moved == ([-1000, 1000] if status == "won" else [-1000])
    assert library(stripe_double).v1.disputes.retrieve(dispute["id"]).status == status


def test_an_inquiry_takes_nothing_until_it_becomes_a_dispute(stripe_double):
    page = a_paid_page(stripe_double, card="4000000000001976")
    (inquiry,) = gateway.disputes_of(page.intent)
    assert (inquiry.status, inquiry.takes_money) == ("warning_needs_response", False)
    assert stripe_double.events("charge.dispute.funds_withdrawn") == []
    stripe_double.move_dispute(inquiry.id, "needs_response")
    assert [each.takes_money for each in gateway.disputes_of(page.intent)] == [True]
    assert len(stripe_double.events("charge.dispute.funds_withdrawn")) == 1


def test_a_contested_payment_is_not_refunded(stripe_double):
    page = a_paid_page(stripe_double, card="4000000000000259")
    with pytest.raises(gateway.CardsRefused) as refused:
        gateway.create_refund(a_refund(page, 100))
    assert refused.value.__cause__.code == "charge_disputed"


def test_a_closed_dispute_does_not_move(stripe_double):
    dispute = stripe_double.dispute(a_paid_page(stripe_double).id)
    stripe_double.move_dispute(dispute["id"], "lost")
    with pytest.raises(AssertionError, match="already closed"):
        stripe_double.move_dispute(dispute["id"], "won")


# --- Lists
def test_lists_are_read_whole_page_after_page(stripe_double):
    page = a_paid_page(stripe_double, 1000)
    made = [stripe_double.refund(page.id, 1)["id"] for _ in range(23)]
    pages = library(stripe_double).v1.refunds.list({"payment_intent": page.intent, "limit": 10})
    assert (len(pages.data), pages.has_more) == (10, True)
    assert [each.id for each in pages.auto_paging_iter()] == made[::-1]
    last = library(stripe_double).v1.refunds.list({"limit": 10, "starting_after": made[10]})
    assert ([each.id for each in last.data], last.has_more) == (made[:10][::-1], False)


def test_lists_hold_what_was_made_between_two_instants(stripe_double):
    ids = []
    with time_machine.travel(NOW, tick=False) as clock:
        for _ in range(3):
            page = a_paid_page(stripe_double)
            ids.append((page.id, stripe_double.refund(page.id)["id"]))
            clock.shift(timedelta(hours=1))
        span = (NOW + timedelta(hours=1), NOW + timedelta(hours=2))
        assert [each.id for each in gateway.checkouts_between(*span)] == [ids[1][0]]
        assert [each.id for each in gateway.refunds_between(*span)] == [ids[1][1]]
        assert gateway.disputes_between(*span) == []
        whole = (NOW, NOW + timedelta(hours=3))
        assert [each.id for each in gateway.checkouts_between(*whole)] == [each for each, _ in ids[::-1]]
        assert [each.created for each in gateway.checkouts_between(*whole)][-1] == NOW


def test_a_list_of_one_payment_holds_no_other(stripe_double):
    one, other = a_paid_page(stripe_double), a_paid_page(stripe_double)
    for page in (one, other):
        stripe_double.refund(page.id, 100)
        stripe_double.dispute(page.id, 100)
    assert [each.intent for each in gateway.refunds_of(one.intent)] == [one.intent]
    assert [each.intent for each in gateway.disputes_of(other.intent)] == [other.intent]
    sessions = library(stripe_double).v1.checkout.sessions.list({"payment_intent": one.intent})
    assert [session.id for session in sessions.data] == [one.id]


def test_events_are_kept_and_say_what_caused_them(stripe_double):
    page = a_paid_page(stripe_double)
    refund = a_refund(page, 100)
    gateway.create_refund(refund)
    newest = library(stripe_double).v1.events.list({"limit": 2})
    assert [event.type for event in newest.data] == ["charge.refunded", "refund.created"]
    assert newest.data[1].request.idempotency_key == f"refund-{refund.reference}"
    again = library(stripe_double).v1.events.retrieve(newest.data[1].id)
    assert again.data.object["id"] == gateway.refunds_of(page.intent)[0].id


# --- What is not there
@pytest.mark.parametrize("kind", ["checkout.sessions", "payment_intents", "refunds", "disputes", "events", "charges"])
def test_what_does_not_exist_is_not_found(stripe_double, kind):
    service = library(stripe_double).v1
    for name in kind.split("."):
        service = getattr(service, name)
    with pytest.raises(stripe.InvalidRequestError) as refused:
        service.retrieve("none")
    assert (refused.value.http_status, refused.value.code) == (404, "resource_missing")


def test_a_key_that_is_no_test_key_opens_nothing(stripe_double, settings):
    settings.STRIPE_SECRET_KEY = "sk_live_by_mistake"
    with pytest.raises(gateway.CardsUnavailable) as refused:
        gateway.create_checkout(a_payment(), BACK)
    assert isinstance(refused.value.__cause__, stripe.AuthenticationError)


def test_a_page_opened_at_stripe_is_unknown_here(stripe_double):
    session = stripe_double.open(1200)
    stripe_double.pay(session["id"])
    page = gateway.read_checkout(session["id"])
    assert (page.paid, page.cents, page.reference) == (True, 1200, "")


def test_each_test_finds_the_double_as_new(stripe_double):
    a_paid_page(stripe_double)
    stripe_double.fault("error_500", share=1)
    stripe_double.reset()
    assert stripe_double.sessions() == stripe_double.events() == stripe_double.collected == []
    assert gateway.create_checkout(a_payment(), BACK).status == "open"
