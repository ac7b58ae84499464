"""What `manage.py check_ledger` verifies of payments by card."""

from collections.abc import Iterator

from wallet.checks import register, rows


@register
def card_payments_are_in_the_ledger() -> Iterator[str]:
    """Each paid payment credited each of its accounts once, from the cards; an unpaid one credited nothing."""
    for (pk,) in rows(_PAYMENTS):
        yield f"card payment {pk}: not what the ledger says"


_PAYMENTS = """
    SELECT payment.id
    FROM wallet_cardpayment payment
    LEFT JOIN wallet_cardpaymentline line ON line.payment_id = payment.id
    LEFT JOIN wallet_transfer credit ON credit.reference = 'topup:' || payment.id || ':' || line.account_id
    LEFT JOIN wallet_account source ON source.id = credit.source_id
    GROUP BY payment.id
    HAVING sum(line.cents) IS DISTINCT FROM payment.cents
        OR bool_or((payment.status = 'paid') <> (credit.id IS NOT NULL))
        OR bool_or(credit.id IS NOT NULL AND (credit.operation_id, credit.target_id, credit.cents, source.kind)
                   IS DISTINCT FROM (payment.operation_id, line.account_id, line.cents::bigint, 'card'))
    ORDER BY 1
"""


@register
def card_returns_are_in_the_ledger() -> Iterator[str]:
    """Each refund and dispute took its amount back to the cards once, and gave it again when it came to nothing."""
    for what, pk in rows(_RETURNS):
        yield f"{what} {pk}: not what the ledger says"


_RETURNS = """
    WITH gone AS (
        SELECT 'card refund' AS what, id, cents, operation_id, undone_id FROM wallet_cardrefund
        UNION ALL
        SELECT 'card dispute', id, cents, operation_id, undone_id FROM wallet_carddispute
    )
    SELECT what, gone.id
    FROM gone
    LEFT JOIN wallet_transfer taken ON taken.operation_id = gone.operation_id
    LEFT JOIN wallet_account target ON target.id = taken.target_id
    LEFT JOIN wallet_transfer given ON given.reverses_id = taken.id
    GROUP BY what, gone.id, gone.cents, gone.undone_id
    HAVING sum(taken.cents) IS DISTINCT FROM gone.cents::numeric
        OR bool_or(target.kind IS DISTINCT FROM 'card')
        OR bool_or(given.operation_id IS DISTINCT FROM gone.undone_id)
    ORDER BY 1, 2
"""
