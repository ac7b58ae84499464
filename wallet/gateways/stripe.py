"""Stripe, spoken to through its own library: the only module that imports it.

Hosted payment page by redirect, card only. Nothing here touches the database; every call may take seconds and is made
outside any transaction, or refused with RuntimeError. Amounts are euro cents. Settings: STRIPE_SECRET_KEY, STRIPE_WEBHOOK_SECRET, STRIPE_API_BASE.
"""

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache

import stripe
from django.conf import settings
from requests import Timeout

from common.refusals import Refusal
from common.writing.transactions import require_no_transaction
from wallet.models import CardPayment, CardRefund

SILENCE = (3, 6)  # seconds for a connection and for a word: with both, a page has its answer within 10
RETRIES = 2  # of what failed at once; who is silent is not asked again


class CardsUnavailable(Refusal):
    """Stripe does not answer, or card payment is not set up: nothing was paid."""

    sentence = (
        "Le paiement par carte est momentanément indisponible. Rien n’a été débité : réessayez dans quelques minutes."
    )
    status = 503


class CardsRefused(Refusal):
    """Stripe answered, and says no: asking again changes nothing."""

    sentence = "Le paiement par carte a été refusé par notre prestataire. Rien n’a été débité."


class ForgedEvent(Exception):
    """A body that Stripe did not sign, or signed too long ago."""


@dataclass(frozen=True, slots=True)
class Checkout:
    """A payment page as Stripe knows it. ``status``: open, complete or expired."""

    id: str
    url: str
    status: str
    paid: bool
    cents: int
    currency: str
    reference: str
    intent: str
    created: datetime


@dataclass(frozen=True, slots=True)
class Refund:
    """A refund as Stripe knows it. ``status``: pending, requires_action, succeeded, failed or canceled."""

    id: str
    status: str
    cents: int
    intent: str
    reference: str  # of our CardRefund; empty when it was made at Stripe
    created: datetime


@dataclass(frozen=True, slots=True)
class Dispute:
    """A contested payment as Stripe knows it. ``status``: needs_response, under_review, won, lost, warning_… …"""

    id: str
    status: str
    cents: int
    intent: str
    created: datetime

    @property
    def takes_money(self) -> bool:
        """An inquiry (« warning ») takes nothing back."""
        return not self.status.startswith("warning") and self.status != "prevented"


@dataclass(frozen=True, slots=True)
class Event:
    """What Stripe tells: ``target`` is the id of the object it is about, ``intent`` of the payment it concerns.

    ``flaw``: why nothing can be done with it, in French; such an event may have nothing but its id.
    """

    id: str
    type: str
    target: str
    intent: str
    flaw: str = ""


def is_set_up() -> bool:
    """Whether this installation takes cards."""
    return bool(settings.STRIPE_SECRET_KEY and settings.STRIPE_WEBHOOK_SECRET)


def create_checkout(payment: CardPayment, back: str) -> Checkout:
    """Open the payment page of a payment, once: asked again, Stripe gives the same page. ``back``: absolute address.

    Raise CardsUnavailable (ask again with the same payment) or CardsRefused.
    """
    params = {
        "mode": "payment",
        "allowed_payment_method_types": ["card"],
        "locale": "fr",
        "client_reference_id": str(payment.reference),
        "expires_at": int(payment.expires_at.timestamp()),
        "success_url": back,
        "cancel_url": f"{back}?retour=1",
        "line_items": [
            {
                "quantity": 1,
                "price_data": {
                    "currency": "eur",
                    "unit_amount": payment.cents,
                    "product_data": {"name": payment.label},
                },
            }
        ],
        "metadata": {"payment": str(payment.reference)},
        "payment_intent_data": {"metadata": {"payment": str(payment.reference)}},
    }
    if payment.email:
        params["customer_email"] = payment.email
    key = f"checkout-{payment.reference}"
    return _checkout(_ask(lambda: _client().v1.checkout.sessions.create(params, {"idempotency_key": key})))


def read_checkout(session: str) -> Checkout:
    """The payment page as it stands now."""
    return _checkout(_ask(lambda: _client().v1.checkout.sessions.retrieve(session)))


def expire_checkout(session: str) -> Checkout:
    """Close a payment page, and return how it stands: it may have been paid just before."""
    try:
        return _checkout(_ask(lambda: _client().v1.checkout.sessions.expire(session)))
    except CardsRefused:
        return read_checkout(session)


def create_refund(refund: CardRefund) -> Refund:
    """Give money back to the card, once: asked again, Stripe gives the same refund."""
    params = {
        "payment_intent": refund.payment.intent,
        "amount": refund.cents,
        "metadata": {"refund": str(refund.reference)},
    }
    key = f"refund-{refund.reference}"
    return _refund(_ask(lambda: _client().v1.refunds.create(params, {"idempotency_key": key})))


def refunds_of(intent: str) -> list[Refund]:
    """Every refund of a payment, whoever made it."""
    return list(map(_refund, _every(lambda: _client().v1.refunds.list({"payment_intent": intent, "limit": 100}))))


def disputes_of(intent: str) -> list[Dispute]:
    """Every dispute of a payment."""
    return list(map(_dispute, _every(lambda: _client().v1.disputes.list({"payment_intent": intent, "limit": 100}))))


def checkouts_between(first: datetime, last: datetime) -> list[Checkout]:
    """Every payment page created from ``first`` to before ``last``."""
    params = {"created": _span(first, last), "limit": 100}
    return list(map(_checkout, _every(lambda: _client().v1.checkout.sessions.list(params))))


def refunds_between(first: datetime, last: datetime) -> list[Refund]:
    """Every refund created from ``first`` to before ``last``."""
    params = {"created": _span(first, last), "limit": 100}
    return list(map(_refund, _every(lambda: _client().v1.refunds.list(params))))


def disputes_between(first: datetime, last: datetime) -> list[Dispute]:
    """Every dispute created from ``first`` to before ``last``."""
    params = {"created": _span(first, last), "limit": 100}
    return list(map(_dispute, _every(lambda: _client().v1.disputes.list(params))))


def read_event(body: bytes, signature: str) -> Event:
    """The event that Stripe signed, with its flaw when it makes no sense; raise ForgedEvent for anything else."""
    try:
        stripe.WebhookSignature.verify_header(
            body.decode(), signature, settings.STRIPE_WEBHOOK_SECRET, stripe.Webhook.DEFAULT_TOLERANCE
        )
    except (stripe.SignatureVerificationError, ValueError, KeyError, TypeError) as error:
        raise ForgedEvent from error
    return _event(body)


NAME = re.compile(r"[\w-]+", re.ASCII)
KINDS = {  # what an event of this nature is about
    "checkout.session.": "checkout.session",
    "charge.dispute.": "dispute",
    "charge.refund.": "refund",
    "charge.refunded": "charge",
    "refund.": "refund",
}


def _event(body: bytes) -> Event:
    event = _parsed(body)
    data = event.get("data")
    found = data.get("object") if isinstance(data, dict) else None
    target = found if isinstance(found, dict) else {}
    name, nature = _word(event.get("id"), 120), _word(event.get("type"), 80)
    name = name if NAME.fullmatch(name) else ""
    about, intent = _word(target.get("id"), 120), _word(target.get("payment_intent") or "-", 120)
    kind = next((kind for start, kind in KINDS.items() if nature.startswith(start)), "")
    flaws = {
        "son identifiant manque ou n’en est pas un": not name,
        "sa nature manque ou n’en est pas une": not nature,
        "son objet manque ou n’en est pas un": not target or (kind and not about),
        "son objet n’est pas de sa nature": kind and target.get("object", kind) != kind,
        "son paiement n’est pas un identifiant": kind and not intent,
    }
    flaw = next((f"Événement incompréhensible : {words}." for words, holds in flaws.items() if holds), "")
    known = name or f"illisible-{hashlib.sha256(body).hexdigest()[:40]}"
    return Event(known, nature or "illisible", about, intent.removeprefix("-"), flaw)


def _parsed(body: bytes) -> dict:
    try:
        event = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return event if isinstance(event, dict) else {}


def _word(value, length: int) -> str:
    """A value that may be an identifier; "" for anything else."""
    return value if isinstance(value, str) and len(value) <= length and value.isprintable() else ""


class _Impatient(stripe.RequestsClient):
    """Stripe's way out, which gives a silent Stripe up at once: the person waits for the answer."""

    def request(self, *args, **kwargs):
        try:
            return super().request(*args, **kwargs)
        except stripe.APIConnectionError as error:
            error.should_retry = error.should_retry and not isinstance(error.__cause__, Timeout)
            raise


@cache
def _library(key: str, base: str) -> stripe.StripeClient:
    return stripe.StripeClient(
        key,
        base_addresses={"api": base},
        max_network_retries=RETRIES,
        http_client=_Impatient(timeout=SILENCE),
    )


def _client() -> stripe.StripeClient:
    require_no_transaction()
    if not is_set_up():
        raise CardsUnavailable
    return _library(settings.STRIPE_SECRET_KEY, settings.STRIPE_API_BASE)


def _ask(call):
    try:
        return call()
    except (stripe.InvalidRequestError, stripe.CardError, stripe.IdempotencyError) as error:
        raise CardsRefused from error
    except stripe.StripeError as error:
        raise CardsUnavailable from error


def _every(call) -> Iterator:
    """All pages of a list; a failure on any of them is one failure."""
    return iter(_ask(lambda: list(call().auto_paging_iter())))


def _span(first: datetime, last: datetime) -> dict[str, int]:
    return {"gte": int(first.timestamp()), "lt": int(last.timestamp())}


def _moment(seconds: int | None) -> datetime:
    return datetime.fromtimestamp(seconds or 0, UTC)


def _checkout(session) -> Checkout:
    """What is missing is empty: it is then not what was asked, and an agent looks at it."""
    return Checkout(
        id=session.id,
        url=getattr(session, "url", "") or "",
        status=getattr(session, "status", "") or "",
        paid=getattr(session, "payment_status", "") == "paid",
        cents=getattr(session, "amount_total", 0) or 0,
        currency=str(getattr(session, "currency", "") or ""),
        reference=str(getattr(session, "client_reference_id", "") or ""),
        intent=getattr(session, "payment_intent", "") or "",
        created=_moment(getattr(session, "created", 0)),
    )


def _refund(refund) -> Refund:
    return Refund(
        id=refund.id,
        status=refund.status,
        cents=refund.amount,
        intent=refund.payment_intent or "",
        reference=getattr(refund.metadata, "refund", ""),
        created=_moment(refund.created),
    )


def _dispute(dispute) -> Dispute:
    return Dispute(dispute.id, dispute.status, dispute.amount, dispute.payment_intent or "", _moment(dispute.created))
