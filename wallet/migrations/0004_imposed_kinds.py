"""What a person owes whatever the balance is now listed in one SQL function, which check_ledger asks too.

A refund made at Stripe joins the list: the money has left, whether the wallet can follow or not.
"""

from django.db import migrations

IMPOSED = """
CREATE FUNCTION wallet_is_imposed(kind text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT kind IN ('dispute', 'debit_reject', 'bounced_cheque', 'deferred_debit', 'card_refund')
$$;
"""

APPLY = """
CREATE OR REPLACE FUNCTION wallet_apply_transfers() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    overdrawn bigint;
BEGIN
    IF EXISTS (
        SELECT FROM added JOIN wallet_transfer original ON original.id = added.reverses_id
        WHERE (added.source_id, added.target_id, added.cents, added.minutes)
              IS DISTINCT FROM (original.target_id, original.source_id, original.cents, original.minutes)
           OR original.reverses_id IS NOT NULL
    ) THEN
        RAISE EXCEPTION 'a reversal mirrors an original that is not itself a reversal'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'transfer_reversal_mirrors';
    END IF;

    UPDATE wallet_balance SET cents = wallet_balance.cents + moved.cents
    FROM (
        SELECT account_id, sum(cents)::bigint AS cents FROM (
            SELECT target_id AS account_id, cents FROM added
            UNION ALL
            SELECT source_id, -cents FROM added
        ) AS moves GROUP BY account_id
    ) AS moved
    WHERE wallet_balance.account_id = moved.account_id;

    SELECT spender.account_id INTO overdrawn
    FROM (
        SELECT DISTINCT added.source_id AS account_id
        FROM added JOIN wallet_operation operation ON operation.id = added.operation_id
        WHERE {spends}
    ) AS spender
    JOIN wallet_account account ON account.id = spender.account_id
    JOIN wallet_balance balance ON balance.account_id = spender.account_id
    WHERE balance.cents < account.floor
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'account % would go below its floor', overdrawn
            USING ERRCODE = 'check_violation', CONSTRAINT = 'transfer_floor';
    END IF;
    RETURN NULL;
END $$;
"""

AFTER = APPLY.replace("{spends}", "NOT wallet_is_imposed(operation.kind)")
BEFORE = APPLY.replace(
    "{spends}", "operation.kind NOT IN ('dispute', 'debit_reject', 'bounced_cheque', 'deferred_debit')"
)


class Migration(migrations.Migration):
    dependencies = [("wallet", "0003_card_payments_and_debits")]
    operations = [migrations.RunSQL([IMPOSED, AFTER], [BEFORE, "DROP FUNCTION wallet_is_imposed"])]
