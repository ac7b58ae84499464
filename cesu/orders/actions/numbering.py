"""Numbers without a gap: orders and invoices by year, titles by vintage."""

from datetime import date

from cesu.models import Numbering


def take(kind: str, year: int, count: int = 1) -> int:
    """Return the number before ``count`` new ones, kept for the caller's transaction alone: others wait for its end."""
    Numbering.objects.bulk_create([Numbering(kind=kind, year=year)], ignore_conflicts=True)
    row = Numbering.objects.select_for_update(no_key=True).get(kind=kind, year=year)
    row.last += count
    row.save(update_fields=["last"])
    return row.last - count


def new_order_number(today: date) -> str:
    """The next number of an order: « C2026-000001 »."""
    return f"C{today.year}-{take(Numbering.Kind.ORDER, today.year) + 1:06d}"


def new_invoice_number(today: date) -> str:
    """The next number of an invoice or credit note: « F2026-000001 »."""
    return f"F{today.year}-{take(Numbering.Kind.INVOICE, today.year) + 1:06d}"
