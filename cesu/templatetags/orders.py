"""Orders of CESU as managers read them: ``{% load orders %}``."""

from datetime import date

from django import template
from django.utils import timezone

from cesu.models import VoucherOrder
from cesu.orders.reads import delivery

register = template.Library()


@register.filter
def awaited_day(order: VoucherOrder) -> date | None:
    """The first day possible for an order whose money is still awaited, once the day chosen cannot be kept any more."""
    return delivery.awaited_day(order, timezone.localdate())
