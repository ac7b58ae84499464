"""The double of Stripe, through the real library and the portal's own gateway."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from uuid import uuid4

import pytest

from wallet import gateway

BACK = "https://portail.example.fr/paiements/retour/"


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
    last = stripe_double.take()[-1]
    assert gateway.read_event(last.body, last.signature) == gateway.Event(last.id, last.type, opened.id, read.intent)
    assert stripe_double.collected == []


def test_asked_twice_stripe_gives_the_same_page(stripe_double):
    payment = a_payment()
    assert gateway.create_checkout(payment, BACK) == gateway.create_checkout(payment, BACK)
    assert len(stripe_double.sessions()) == 1
    payment.cents = 999
    with pytest.raises(gateway.CardsRefused):
        gateway.create_checkout(payment, BACK)


def test_a_page_is_expired_unless_it_was_paid_just_before(stripe_double):
    left, paid = gateway.create_checkout(a_payment(), BACK), gateway.create_checkout(a_payment(), BACK)
    stripe_double.pay(paid.id)
    assert gateway.expire_checkout(left.id).status == "expired"
    assert gateway.expire_checkout(paid.id).status == "complete"
    assert stripe_double.pay(left.id) == "closed"
