"""Stripe's objects, whole: every field that its API description gives to a payment by card."""

import secrets
import string
from typing import Any

from tests.doubles.stripe.orders import Order

API_VERSION = "2026-10-28.endive"
DISPUTE_DAYS = 9  # to answer a contested payment

Thing = dict[str, Any]

ADDRESS = ("city", "country", "line1", "line2", "postal_code", "state")
SESSION_NULLS = (
    "after_expiration allow_promotion_codes billing_address_collection branding_settings client_secret"
    " collected_information consent consent_collection currency_conversion customer customer_account customer_details"
    " integration_identifier invoice origin_context payment_intent payment_link"
    " payment_method_configuration_details permissions recovered_from saved_payment_method_options setup_intent"
    " shipping_address_collection shipping_cost submit_type subscription"
)
INTENT_NULLS = (
    "application application_fee_amount automatic_payment_methods canceled_at cancellation_reason customer"
    " customer_account excluded_payment_method_types last_payment_error latest_charge next_action on_behalf_of"
    " payment_method payment_method_configuration_details processing receipt_email review setup_future_usage shipping"
    " source statement_descriptor statement_descriptor_suffix transfer_data transfer_group"
)
CHARGE_NULLS = (
    "application application_fee application_fee_amount customer failure_balance_transaction failure_code"
    " failure_message on_behalf_of receipt_email receipt_number receipt_url review shipping source source_transfer"
    " statement_descriptor statement_descriptor_suffix transfer_data transfer_group"
)
REFUND_NULLS = "reason receipt_number source_transfer_reversal transfer_reversal"
EVIDENCE_NULLS = (
    "access_activity_log billing_address cancellation_policy cancellation_policy_disclosure cancellation_rebuttal"
    " customer_communication customer_email_address customer_name customer_purchase_ip customer_signature"
    " duplicate_charge_documentation duplicate_charge_explanation duplicate_charge_id product_description receipt"
    " refund_policy refund_policy_disclosure refund_refusal_explanation service_date service_documentation"
    " shipping_address shipping_carrier shipping_date shipping_documentation shipping_tracking_number"
    " uncategorized_file uncategorized_text"
)


def new_id(prefix: str, length: int = 24) -> str:
    return prefix + "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(length))


def nulls(names: str) -> Thing:
    return dict.fromkeys(names.split())


def session(order: Order, now: int, pages: str) -> Thing:
    """A payment page that waits; ``pages``: the address that carries them."""
    id = new_id("cs_test_a1", 56)
    return nulls(SESSION_NULLS) | {
        "id": id,
        "object": "checkout.session",
        "adaptive_pricing": {"enabled": False},
        "amount_subtotal": order.cents,
        "amount_total": order.cents,
        "automatic_tax": {"enabled": False, "liability": None, "provider": None, "status": None},
        "cancel_url": order.cancel_url,
        "client_reference_id": order.reference,
        "created": now,
        "currency": order.currency,
        "custom_fields": [],
        "custom_text": nulls("after_submit shipping_address submit terms_of_service_acceptance"),
        "customer_creation": "if_required",
        "customer_email": order.email,
        "discounts": [],
        "expires_at": order.expires_at or now + 86400,
        "invoice_creation": {
            "enabled": False,
            "invoice_data": nulls("account_tax_ids custom_fields description footer issuer rendering_options")
            | {"metadata": {}},
        },
        "livemode": False,
        "locale": order.locale,
        "metadata": order.metadata,
        "mode": "payment",
        "payment_method_collection": "if_required",
        "payment_method_options": {"card": {"request_three_d_secure": "automatic"}},
        "payment_method_types": ["card"],
        "payment_status": "unpaid",
        "phone_number_collection": {"enabled": False},
        "shipping_options": [],
        "status": "open",
        "success_url": order.success_url,
        "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
        "ui_mode": "hosted_page",
        "url": f"{pages}/c/pay/{id}",
    }


def customer_details(email: str | None) -> Thing:
    """Who paid, as the page learned it."""
    nothing = nulls("address business_name individual_name name phone tax_ids")
    return nothing | {"email": email, "tax_exempt": "none"}


def intent(session: Thing, order_metadata: Thing, description: str | None, now: int) -> Thing:
    """The payment of a page, born at the first card that is tried."""
    id = new_id("pi_3")
    return nulls(INTENT_NULLS) | {
        "id": id,
        "object": "payment_intent",
        "amount": session["amount_total"],
        "amount_capturable": 0,
        "amount_details": {"tip": {}},
        "amount_received": 0,
        "capture_method": "automatic_async",
        "client_secret": f"{id}_secret_{new_id('', 25)}",
        "confirmation_method": "automatic",
        "created": now,
        "currency": session["currency"],
        "description": description,
        "livemode": False,
        "metadata": order_metadata,
        "payment_method_options": {
            "card": nulls("installments mandate_options network") | {"request_three_d_secure": "automatic"}
        },
        "payment_method_types": ["card"],
        "status": "requires_payment_method",
    }


def charge(intent: Thing, number: str, email: str | None, now: int, confirmed: bool) -> Thing:
    """A try with a card, accepted unless told otherwise by ``refuse``."""
    brand = "mastercard" if number.startswith("5") else "visa"
    secure = {"result": "authenticated", "version": "2.2.0"} if confirmed else None
    return nulls(CHARGE_NULLS) | {
        "id": new_id("ch_3"),
        "object": "charge",
        "amount": intent["amount"],
        "amount_captured": intent["amount"],
        "amount_refunded": 0,
        "balance_transaction": new_id("txn_3"),
        "billing_details": nulls("name phone tax_id") | {"address": dict.fromkeys(ADDRESS), "email": email},
        "calculated_statement_descriptor": "PARVIS",
        "captured": True,
        "created": now,
        "currency": intent["currency"],
        "description": intent["description"],
        "disputed": False,
        "fraud_details": {},
        "livemode": False,
        "metadata": intent["metadata"],
        "outcome": outcome("authorized", "approved_by_network", None),
        "paid": True,
        "payment_intent": intent["id"],
        "payment_method": new_id("pm_1"),
        "payment_method_details": {
            "type": "card",
            "card": {
                "authorization_code": None,
                "amount_authorized": intent["amount"],
                "brand": brand,
                "checks": {"address_line1_check": None, "address_postal_code_check": None, "cvc_check": "pass"},
                "country": "FR",
                "exp_month": 12,
                "exp_year": 2034,
                "fingerprint": new_id("", 16),
                "funding": "debit",
                "installments": None,
                "last4": number[-4:],
                "mandate": None,
                "network": brand,
                "network_transaction_id": None,
                "regulated_status": "unregulated",
                "three_d_secure": secure,
                "wallet": None,
            },
        },
        "radar_options": {},
        "refunded": False,
        "status": "succeeded",
    }


def outcome(type: str, status: str, reason: str | None) -> Thing:
    said = "Payment complete." if type == "authorized" else "The bank did not return any further details."
    return nulls("advice_code network_advice_code network_decline_code") | {
        "network_status": status,
        "reason": reason,
        "risk_level": "normal",
        "risk_score": 20,
        "seller_message": said,
        "type": type,
    }


def card_error(code: str, reason: str, message: str, charge_id: str | None) -> Thing:
    """Why the last try of a payment failed."""
    error = {"code": code, "message": message, "type": "card_error"}
    return error | ({"decline_code": reason} if reason else {}) | ({"charge": charge_id} if charge_id else {})


def refund(charge: Thing, cents: int, metadata: Thing, reason: str | None, status: str, now: int) -> Thing:
    kind = "pending" if status == "pending" else "refund"
    return (
        nulls(REFUND_NULLS)
        | {
            "id": new_id("re_3"),
            "object": "refund",
            "amount": cents,
            "balance_transaction": new_id("txn_3"),
            "charge": charge["id"],
            "created": now,
            "currency": charge["currency"],
            "destination_details": {
                "card": {"reference_status": "pending", "reference_type": "acquirer_reference_number", "type": kind},
                "type": "card",
            },
            "metadata": metadata,
            "payment_intent": charge["payment_intent"],
            "reason": reason,
            "status": status,
        }
        | ({"pending_reason": "processing"} if status == "pending" else {})
    )


def ended(refund: Thing, status: str) -> Thing:
    """The refund once it succeeded or failed."""
    known = {name: value for name, value in refund.items() if name != "pending_reason"}
    if status == "succeeded":
        return known | {"status": status}
    reason = {"failure_reason": "expired_or_canceled_card", "failure_balance_transaction": new_id("txn_3")}
    return known | reason | {"status": status}


def dispute(charge: Thing, cents: int, reason: str, status: str, now: int) -> Thing:
    """A payment contested at the bank; an inquiry (« warning ») takes no money."""
    inquiry = status.startswith("warning")
    return {
        "id": new_id("du_1"),
        "object": "dispute",
        "amount": cents,
        "balance_transactions": [],
        "charge": charge["id"],
        "created": now,
        "currency": charge["currency"],
        "enhanced_eligibility_types": [],
        "evidence": nulls(EVIDENCE_NULLS) | {"enhanced_evidence": {}},
        "evidence_details": {
            "due_by": now + DISPUTE_DAYS * 86400,
            "enhanced_eligibility": {},
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
            "submission_method": "not_submitted",
        },
        "is_charge_refundable": inquiry,
        "livemode": False,
        "metadata": {},
        "network_reason_code": "10.4",
        "payment_intent": charge["payment_intent"],
        "payment_method_details": {
            "card": {
                "brand": charge["payment_method_details"]["card"]["brand"],
                "case_type": "inquiry" if inquiry else "chargeback",
                "network": charge["payment_method_details"]["card"]["network"],
                "network_reason_code": "10.4",
            },
            "type": "card",
        },
        "reason": reason,
        "status": status,
    }


def balance_transaction(dispute: Thing, cents: int, fee: int, now: int) -> Thing:
    """Money taken from the account for a dispute (negative) or given back; the fee is kept."""
    described = (
        [{"amount": fee, "application": None, "currency": "eur", "description": "Dispute fee", "type": "stripe_fee"}]
        if fee
        else []
    )
    return {
        "id": new_id("txn_1"),
        "object": "balance_transaction",
        "amount": cents,
        "available_on": now,
        "balance_type": "payments",
        "created": now,
        "currency": dispute["currency"],
        "description": f"Chargeback {'withdrawal' if cents < 0 else 'reversal'} for {dispute['charge']}",
        "exchange_rate": None,
        "fee": fee,
        "fee_details": described,
        "net": cents - fee,
        "reporting_category": "dispute" if cents < 0 else "dispute_reversal",
        "source": dispute["id"],
        "status": "available",
        "type": "adjustment",
    }


def event(type: str, thing: Thing, before: Thing | None, request: Thing, now: int) -> Thing:
    """What Stripe tells of an object, as it stands now; ``before``: the values that changed."""
    data = {"object": thing} | ({"previous_attributes": before} if before else {})
    return {
        "id": new_id("evt_1"),
        "object": "event",
        "api_version": API_VERSION,
        "created": now,
        "data": data,
        "livemode": False,
        "pending_webhooks": 1,
        "request": request,
        "type": type,
    }


def page_of(path: str, things: list[Thing], more: bool) -> Thing:
    """One page of a list."""
    return {"object": "list", "data": things, "has_more": more, "url": path}
