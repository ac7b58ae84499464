"""The double answers what Stripe's API description says, and asks for nothing that it does not know."""

import json
import urllib.error
import urllib.request

import pytest
import stripe
from stripe.params import DisputeListParams, EventListParams, RefundCreateParams, RefundListParams
from stripe.params.checkout import (
    SessionCreateParams,
    SessionCreateParamsLineItem,
    SessionCreateParamsLineItemPriceData,
    SessionCreateParamsPaymentIntentData,
    SessionListParams,
)

from tests.doubles import description
from tests.doubles.stripe import api, cards, orders, shapes
from tests.doubles.test_stripe import BACK, a_payment
from wallet.gateways import stripe as gateway

KINDS = ("checkout.session", "payment_intent", "charge", "refund", "dispute", "event")


def ask(double, path, key="sk_test_raw", **headers):
    """The status and the bytes that the API answers to a GET."""
    request = urllib.request.Request(double.address + path, headers={"Authorization": f"Bearer {key}"} | headers)
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


def everything(double):
    """Each object of each kind, as the API answers it alone, and as lists hold them."""
    paths = {"checkout.session": "checkout/sessions"}
    for kind in KINDS:
        path = f"/v1/{paths.get(kind, kind + 's')}"
        for thing in double.order("objects", kind=kind):
            yield json.loads(ask(double, f"{path}/{thing['id']}")[1])
        if kind not in ("payment_intent", "charge"):
            yield json.loads(ask(double, f"{path}?limit=100")[1])


@pytest.fixture
def busy_double(stripe_double):
    """One payment with each card, and all that may follow."""
    sessions = [gateway.create_checkout(a_payment(), BACK).id for _ in cards.KNOWN]
    for session, card in zip(sessions, cards.KNOWN, strict=True):
        stripe_double.pay(session, card.number, confirmed=None)
    asked = sessions[[card.challenge for card in cards.KNOWN].index(True)]
    stripe_double.pay(asked, "4000002500003155", confirmed=False)
    for refund in [stripe_double.refund(sessions[0], 100), stripe_double.refund(sessions[1])]:
        stripe_double.settle(refund["id"], "failed")
    slow = stripe_double.refund(sessions[[card.refund[0] for card in cards.KNOWN].index("pending")])
    assert slow["status"] == "pending"
    for status in ("won", "lost", "warning_closed"):
        contested = gateway.create_checkout(a_payment(email=""), BACK).id
        stripe_double.pay(contested)
        first = "warning_needs_response" if status.startswith("warning") else "needs_response"
        dispute = stripe_double.dispute(contested, 700, first)
        stripe_double.move_dispute(dispute["id"], status)
    stripe_double.expire(asked)
    return stripe_double


def test_every_object_answered_is_as_described(busy_double):
    seen = list(everything(busy_double))
    assert {thing["object"] for thing in seen} == {*KINDS, "list"}
    assert [fault for thing in seen for fault in description.faults(thing)] == []


def test_each_end_that_an_object_may_have_was_looked_at(busy_double):
    def ends(kind, field="status"):
        return {thing[field] for thing in busy_double.order("objects", kind=kind)}

    assert ends("checkout.session") == {"open", "complete", "expired"}
    assert ends("payment_intent") == {"succeeded", "requires_payment_method", "requires_action", "canceled"}
    assert ends("charge") == {"succeeded", "failed"}
    assert ends("refund") == {"pending", "failed"}
    assert ends("dispute") == {"needs_response", "warning_needs_response", "won", "lost", "warning_closed"}


def sound():
    """An object of each kind."""
    session = shapes.session(orders.Order(1520, "Cantine", BACK), 1, "http://stripe")
    intent = shapes.intent(session, {}, None, 1)
    charge = shapes.charge(intent, cards.ACCEPTED, None, 1, False)
    refund = shapes.refund(charge, 100, {}, None, "succeeded", 1)
    dispute = shapes.dispute(charge, 100, "fraudulent", "needs_response", 1)
    event = shapes.event("refund.created", refund, None, {"id": None, "idempotency_key": None}, 1)
    return {each["object"]: each for each in (session, intent, charge, refund, dispute, event)}


def change(thing, path, value):
    *way, last = path.split(".")
    for name in way:
        thing = thing[name]
    if value is None:
        del thing[last]
    else:
        thing[last] = value


@pytest.mark.parametrize(
    ("kind", "path", "value", "fault"),
    [
        ("checkout.session", "amount_total", "1520", "checkout.session.amount_total is '1520', not <class 'int'>"),
        ("checkout.session", "livemode", None, "checkout.session.livemode is missing"),
        ("checkout.session", "paid", True, "checkout.session.paid does not exist"),
        ("checkout.session", "status", "closed", "checkout.session.status is 'closed', none of "),
        ("checkout.session", "automatic_tax.enabled", None, "checkout.session.automatic_tax.enabled is missing"),
        ("refund", "status", 1, "refund.status is 1, not <class 'str'>"),
        ("refund", "payment_intent", {"object": "payment_intent"}, "refund.payment_intent.amount is missing"),
        ("refund", "payment_intent", {"object": "charge"}, "refund.payment_intent is no PaymentIntent"),
        ("refund", "created", True, "refund.created is True, not <class 'int'>"),
        ("dispute", "evidence_details", [], "dispute.evidence_details is no object"),
        ("dispute", "balance_transactions", [{"object": "balance_transaction"}], "transactions[0].amount is missing"),
        ("dispute", "reason", None, "dispute.reason is missing"),
        ("event", "type", "checkout.session.paid", "event.type is 'checkout.session.paid', none of "),
        ("event", "data.object.created", None, ".created is missing"),
        ("charge", "metadata", "x", "charge.metadata is no object"),
        ("payment_intent", "payment_method_types", "card", "payment_intent.payment_method_types is no list"),
    ],
)
def test_an_object_that_strays_is_told(kind, path, value, fault):
    thing = sound()[kind]
    assert description.faults(thing) == []
    change(thing, path, value)
    found = description.faults(thing)
    assert len(found) > 0
    assert any(fault in each for each in found)


def test_the_version_is_that_of_the_library():
    assert stripe.api_version == shapes.API_VERSION


LISTED = {"created", "expand", "limit", "starting_after"}


@pytest.mark.parametrize(
    ("kept", "described", "strays"),
    [
        (set(orders.KNOWN), SessionCreateParams, set()),
        (set(orders.KNOWN_OF_INTENT), SessionCreateParamsPaymentIntentData, set()),
        (set(orders.KNOWN_OF_ITEM), SessionCreateParamsLineItem, set()),
        (set(orders.KNOWN_OF_PRICE), SessionCreateParamsLineItemPriceData, set()),
        (set(api.OF_REFUND), RefundCreateParams, set()),
        ({*LISTED, "payment_intent"}, SessionListParams, set()),
        ({*LISTED, "payment_intent"}, RefundListParams, set()),
        ({*LISTED, "payment_intent"}, DisputeListParams, set()),
        (LISTED, EventListParams, set()),
    ],
)
def test_the_parameters_kept_are_parameters_of_stripe(kept, described, strays):
    assert kept - set(described.__annotations__) == strays


@pytest.mark.parametrize(
    ("path", "key", "headers", "status", "error"),
    [
        (
            "/v1/refunds/re_none",
            "sk_test_raw",
            {},
            404,
            {
                "code": "resource_missing",
                "message": "No such refund: 're_none'",
                "param": "id",
                "type": "invalid_request_error",
            },
        ),
        (
            "/v1/refunds",
            "sk_live_raw",
            {},
            401,
            {"message": "Invalid API Key provided: it is no test key.", "type": "invalid_request_error"},
        ),
        ("/v1/refunds", "", {}, 401, {"message": "You did not provide an API key.", "type": "invalid_request_error"}),
        (
            "/v1/refunds",
            "sk_test_raw",
            {"Stripe-Version": "2019-01-01"},
            400,
            {"message": "Invalid Stripe API version: 2019-01-01", "type": "invalid_request_error"},
        ),
        (
            "/v1/accounts",
            "sk_test_raw",
            {},
            404,
            {"message": "Unrecognized request URL (GET: /v1/accounts).", "type": "invalid_request_error"},
        ),
        (
            "/v1/refunds?limit=0",
            "sk_test_raw",
            {},
            400,
            {
                "code": "parameter_invalid_integer",
                "message": "Invalid limit: must be between 1 and 100",
                "param": "limit",
                "type": "invalid_request_error",
            },
        ),
        (
            "/v1/events?colour=blue",
            "sk_test_raw",
            {},
            400,
            {
                "code": "parameter_unknown",
                "message": "Received unknown parameter: colour",
                "param": "colour",
                "type": "invalid_request_error",
            },
        ),
    ],
)
def test_a_refusal_has_the_shape_of_stripe(stripe_double, path, key, headers, status, error):
    answered, body = ask(stripe_double, path, key, **headers)
    assert (answered, json.loads(body)) == (status, {"error": error})
