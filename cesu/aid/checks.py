"""What `manage.py check_ledger` verifies of the aid: what was granted, used and paid agrees with the ledger."""

from collections.abc import Iterator

from wallet.checks import rows


def check_aid() -> Iterator[str]:
    """Each right has what it was granted less what left it, each payment moved its minutes and cents, no hold outlives its end."""
    for pk, granted, moved in rows(_GRANTED):
        yield f"right {pk}: granted {granted}, the ledger {moved}"
    for pk, asked, moved in rows(_PAID):
        yield f"aid payment {pk}: {asked} asked for, {moved} moved"
    for code, cents in rows(_HELD):
        yield f"hold {code}: {cents} cents stay after the payment ended"


# A full join: never a loop over all moves for each right.
_GRANTED = """
    SELECT monthly.id, (granted_minutes, granted_cents)::text,
           (coalesce(given.minutes, 0), coalesce(given.cents, 0))::text
    FROM (SELECT * FROM cesu_monthlyright WHERE granted_minutes IS NOT NULL) AS monthly
    FULL JOIN (
        SELECT account_id, sum(sign * minutes) AS minutes, sum(sign * cents) AS cents
        FROM (
            SELECT target_id AS account_id, 1 AS sign, minutes, cents, operation_id FROM wallet_transfer
            UNION ALL
            SELECT source_id, -1, minutes, cents, operation_id FROM wallet_transfer
        ) AS move
        JOIN wallet_operation operation ON operation.id = operation_id AND kind IN ('aid_credit', 'aid_correction')
        GROUP BY account_id
    ) AS given USING (account_id)
    WHERE monthly.id IS NOT NULL AND (granted_minutes, granted_cents)
          IS DISTINCT FROM (coalesce(given.minutes, 0), coalesce(given.cents, 0))
    ORDER BY 1
"""
# What left the rights: with the payment, or with the hold before it.
_PAID = """
    SELECT payment.id, (payment.minutes, payment.cents)::text, (sum(used.minutes), sum(used.cents))::text
    FROM cesu_aidpayment payment
    LEFT JOIN cesu_aidpaymentline line ON line.payment_id = payment.id
    LEFT JOIN cesu_monthlyright monthly ON monthly.id = line.right_id
    LEFT JOIN wallet_transfer used
      ON used.operation_id = coalesce(payment.hold_id, payment.operation_id) AND used.source_id = monthly.account_id
     AND (used.minutes, used.cents) IS NOT DISTINCT FROM (line.minutes, line.cents::bigint)
    GROUP BY payment.id
    HAVING (payment.minutes, payment.cents::bigint) IS DISTINCT FROM (sum(used.minutes), sum(used.cents))
    ORDER BY 1
"""
_HELD = """
    SELECT account.code, balance.cents
    FROM cesu_aidpayment payment
    JOIN wallet_account account ON account.kind = 'hold' AND account.code = 'aid:' || payment.reference
    JOIN wallet_balance balance ON balance.account_id = account.id
    WHERE payment.status IN ('confirmed', 'sent') AND balance.cents <> 0
      AND NOT EXISTS (SELECT FROM wallet_carddispute gone WHERE gone.payment_id = payment.card_payment_id)
      AND NOT EXISTS (SELECT FROM wallet_cardrefund gone WHERE gone.payment_id = payment.card_payment_id)
    ORDER BY 1
"""
