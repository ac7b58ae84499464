"""What an act leaves behind, here and at Stripe."""

import json
from collections import Counter
from hashlib import sha256

from django.db.models import Sum

from cesu.models import AidPayment, AidTransferBatch, Fabrication, MonthlyRight, Voucher, VoucherOrder
from common.models import IdempotencyKey, OutgoingEmail
from reservations.models import Booking, Cart, CartLine, Change, Order, Session, Transmission
from wallet.models import Balance, CardPayment, CardRefund, Operation, Transfer


def footprint() -> dict:
    """All that the acts may change, in the database, as JSON; the same for two worlds in which the same was done."""
    found = {
        "balances": sorted(Balance.objects.values_list("account__kind", "account__code", "cents", "minutes")),
        "operations": _count(Operation, "kind"),
        "transfers": (Transfer.objects.count(), Transfer.objects.aggregate(cents=Sum("cents"))["cents"]),
        "payments": [(each.status, each.settled_at is None) for each in CardPayment.objects.order_by("pk")],
        "refunds": list(CardRefund.objects.order_by("pk").values_list("status", "cents")),
        "orders": list(Order.objects.order_by("pk").values_list("booked_cents", "cancelled_cents")),
        "bookings": _count(Booking, "status"),
        "places": list(Session.objects.order_by("pk").values_list("booked", "held")),
        "lines": _count(CartLine, "held"),
        "carts being paid": Cart.objects.exclude(payment=None).count(),
        "letters": _count(OutgoingEmail, "template"),
        "settled": Booking.objects.exclude(settled_at=None).count(),
        "batches": list(Transmission.objects.order_by("pk").values_list("number", "status")),
        "told": _count(Change, "kind"),
        "verdicts": _count(Change, "verdict"),
        "CESU orders": [
            (*row, made is None)
            for *row, made in VoucherOrder.objects.order_by("pk").values_list("status", "total_cents", "made_at")
        ],
        "titles": list(Voucher.objects.values_list("number", "line", "booklet")),
        "printer's files": [
            sha256(file or b"").hexdigest()
            for file in Fabrication.objects.order_by("pk").values_list("file", flat=True)
        ],
        "rights": list(MonthlyRight.objects.order_by("pk").values_list("granted_minutes", "granted_cents", "revision")),
        "aid payments": list(AidPayment.objects.order_by("pk").values_list("status", "cents", "batch__message")),
        "files of transfers": list(AidTransferBatch.objects.order_by("pk").values_list("message", "count", "cents")),
        "keys used": IdempotencyKey.objects.exclude(answer=None).count(),
    }
    return json.loads(json.dumps(found, sort_keys=True))


def at_stripe(double) -> dict[str, Counter]:
    """What happened at Stripe."""
    return {
        "pages": Counter(page["status"] for page in double.sessions()),
        "payments": Counter((each["status"], each["amount_received"]) for each in double.intents()),
        "refunds": Counter((each["status"], each["amount"]) for each in double.refunds()),
    }


def _count(model, field: str) -> Counter:
    return Counter(model.objects.order_by().values_list(field, flat=True))
