"""What `manage.py check_ledger` verifies of the CESU: orders against the ledger, titles against their orders."""

from collections.abc import Iterator

from wallet.checks import rows


def check_orders() -> Iterator[str]:
    """Every started order was debited its total, every finished one has just the titles and e-CESU it asked for."""
    for pk, total, moved in rows(_DEBITS):
        yield f"CESU order {pk}: total {total}, debited {moved}"
    for pk, asked, made in rows(_TITLES):
        yield f"CESU line {pk}: {asked} titles asked for, {made} made"
    for pk, asked, credited in rows(_ELECTRONIC):
        yield f"CESU line {pk}: {asked} cents of e-CESU asked for, {credited} credited"
    for year, last, count in rows(_NUMBERS):
        yield f"CESU numbers of {year}: {last} given, {count} titles"


_DEBITS = """
    SELECT orders.id, total_cents, coalesce(sum(cents), 0)
    FROM cesu_voucherorder orders LEFT JOIN wallet_transfer transfer USING (operation_id)
    WHERE operation_id IS NOT NULL
    GROUP BY orders.id, total_cents
    HAVING total_cents <> coalesce(sum(cents), 0)
    ORDER BY 1
"""
_TITLES = """
    SELECT line.id, CASE WHEN form = 'paper' AND line.made_at IS NOT NULL THEN booklets * vouchers ELSE 0 END AS asked,
           count(voucher.number)
    FROM cesu_voucherline line LEFT JOIN cesu_voucher voucher ON voucher.line_id = line.id
    GROUP BY line.id
    HAVING count(voucher.number) <> CASE WHEN form = 'paper' AND line.made_at IS NOT NULL THEN booklets * vouchers ELSE 0 END
    ORDER BY 1
"""
_ELECTRONIC = """
    SELECT line.id, CASE WHEN line.made_at IS NULL THEN 0 ELSE booklets * vouchers * face_cents END,
           coalesce(transfer.cents, 0)
    FROM cesu_voucherline line LEFT JOIN wallet_transfer transfer ON transfer.reference = 'ecesu:' || line.id
    WHERE form = 'e'
      AND coalesce(transfer.cents, 0) <> CASE WHEN line.made_at IS NULL THEN 0 ELSE booklets * vouchers * face_cents END
    ORDER BY 1
"""
_NUMBERS = """
    SELECT year, last, count(voucher.number)
    FROM cesu_numbering LEFT JOIN cesu_voucher voucher ON voucher.number / 10000000000 = year %% 100
    WHERE kind = 'voucher'
    GROUP BY year, last HAVING last <> count(voucher.number)
    ORDER BY 1
"""
