"""What managers are told of their orders: templates in ``emails/cesu/``."""

from collections.abc import Iterable

from cesu.models import VoucherOrder, issuer
from common.background import mailing
from common.values.dates import date_long, in_paris
from common.values.money import euros


def order_taken(order: VoucherOrder, lines: Iterable[str]) -> None:
    """« prise en charge »: what was ordered, when it comes, how it is paid; to who placed it (S0-42, S0-69)."""
    it, placed = issuer(), order.placed_at
    context = {
        "first_name": order.by.first_name,
        "number": order.number,
        "invoice": order.invoice.number,
        "placed": f"{date_long(placed, placed)} à {in_paris(placed):%H:%M}",
        "lines": list(lines),
        "fees": euros(order.fee_cents + order.shipping_cents),
        "vat": euros(order.vat_cents),
        "total": euros(order.total_cents),
        "delivery": order.delivery_on and date_long(order.delivery_on, placed),
        "transport": order.transport and order.transport.name,
        "by_transfer": order.means == VoucherOrder.Means.TRANSFER,
        "iban": it.iban,
        "phone": it.phone,
        "hours": it.phone_hours,
    }
    mailing.queue("cesu/order_taken", to=order.by.manager.email, owner=order.by.owner, context=context)
