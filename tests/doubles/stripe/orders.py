"""What is asked when a payment page is opened, read and checked as Stripe does."""

import re
from dataclasses import dataclass, field
from typing import Any

from tests.doubles.stripe import forms
from tests.doubles.stripe.errors import ApiError, lacking, unsound
from tests.doubles.stripe.forms import Params

MINIMUM = 50  # cents
MAXIMUM = 99_999_999
SHORTEST, LONGEST = 30 * 60, 24 * 3600  # seconds a page may live
# Stripe dropped the second for the first on 2026-09-30; both are taken while the gateway sends the second.
ALLOWED = "allowed_payment_method_types"
KNOWN = [
    ALLOWED,
    "cancel_url",
    "client_reference_id",
    "customer_email",
    "expand",
    "expires_at",
    "line_items",
    "locale",
    "metadata",
    "mode",
    "payment_intent_data",
    "success_url",
]
KNOWN_OF_INTENT = ("description", "metadata")
KNOWN_OF_ITEM = ("price_data", "quantity")
KNOWN_OF_PRICE = ("currency", "product_data", "unit_amount")


@dataclass(frozen=True, slots=True)
class Order:
    """A payment to be made on a page."""

    cents: int
    label: str
    success_url: str
    cancel_url: str | None = None
    currency: str = "eur"
    expires_at: int | None = None
    reference: str | None = None
    email: str | None = None
    locale: str | None = None
    metadata: dict[str, str] = field(default_factory=dict)
    intent_metadata: dict[str, str] = field(default_factory=dict)
    description: str | None = None


def read(params: Params, now: int) -> Order:
    """The order that these parameters make; raise the error of Stripe."""
    forms.only(params, KNOWN)
    if params.get("mode") != "payment":
        raise unsound("mode", "Invalid mode: must be payment.")
    if params.get(ALLOWED) != ["card"]:
        raise unsound(ALLOWED, f"Invalid {ALLOWED}: must be card.")
    success_url = forms.address(params, "success_url")
    if not success_url:
        raise lacking("success_url")
    cents, currency, label = _items(params.get("line_items"))
    inner = forms.branch(params, "payment_intent_data")
    forms.only(inner, KNOWN_OF_INTENT, "payment_intent_data")
    return Order(
        cents=cents,
        label=label,
        currency=currency,
        success_url=success_url,
        cancel_url=forms.address(params, "cancel_url"),
        expires_at=_end(params, now),
        reference=forms.text(params, "client_reference_id", 200),
        email=_email(params),
        locale=forms.text(params, "locale"),
        metadata=forms.metadata(params),
        intent_metadata=forms.metadata(inner),
        description=forms.text(inner, "description", 1000),
    )


def _items(items: Any) -> tuple[int, str, str]:
    """The sum in cents, the currency and the name of what is paid."""
    if not isinstance(items, list) or not items:
        raise lacking("line_items")
    read = [_item(item, f"line_items[{place}]") for place, item in enumerate(items)]
    if len({currency for _, currency, _ in read}) > 1:
        raise unsound("line_items", "All items of a Checkout Session must have the same currency.")
    total = sum(cents for cents, _, _ in read)
    if total < MINIMUM:
        raise ApiError(
            400,
            f"The Checkout Session's total amount must convert to at least 50 cents. {total / 100:.2f} € is below it.",
            code="amount_too_small",
        )
    if total > MAXIMUM:
        raise ApiError(400, "The Checkout Session's total amount must be at most 999,999.99.", code="amount_too_large")
    return total, read[0][1], " + ".join(name for _, _, name in read)


def _item(item: Any, place: str) -> tuple[int, str, str]:
    if not isinstance(item, dict):
        raise unsound(place, "Invalid object")
    forms.only(item, KNOWN_OF_ITEM, place)
    price = forms.branch(item, "price_data")
    forms.only(price, KNOWN_OF_PRICE, f"{place}[price_data]")
    name = forms.text(forms.branch(price, "product_data"), "name")
    if not name:
        raise lacking(f"{place}[price_data][product_data][name]")
    currency = (forms.text(price, "currency") or "").lower()
    if not re.fullmatch("[a-z]{3}", currency):
        raise unsound(f"{place}[price_data][currency]", f"Invalid currency: {currency}")
    cents = forms.number(price, "unit_amount", param=f"{place}[price_data][unit_amount]")
    quantity = forms.number(item, "quantity", 1)
    if cents < 0 or quantity < 1:
        raise unsound(f"{place}[price_data][unit_amount]", "Invalid non-negative integer", "parameter_invalid_integer")
    return cents * quantity, currency, name


def _end(params: Params, now: int) -> int | None:
    """The instant, in seconds, at which the page closes; None leaves it to Stripe."""
    if "expires_at" not in params:
        return None
    end = forms.number(params, "expires_at")
    if end < now + SHORTEST:
        raise unsound("expires_at", "The `expires_at` timestamp must be at least 30 minutes from session creation.")
    if end > now + LONGEST:
        raise unsound("expires_at", "The `expires_at` timestamp must be less than 24 hours from session creation.")
    return end


def _email(params: Params) -> str | None:
    email = forms.text(params, "customer_email", 800)
    if email and not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s.]+", email):
        raise unsound("customer_email", f"Invalid email address: {email}", "email_invalid")
    return email
