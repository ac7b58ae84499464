"""The ledger guards itself: append-only, balances that only transfers write, floors, reversals that mirror."""

from django.db import migrations

APPEND_ONLY = """
CREATE FUNCTION wallet_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER wallet_operation_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON wallet_operation
    FOR EACH STATEMENT EXECUTE FUNCTION wallet_append_only();
CREATE TRIGGER wallet_transfer_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON wallet_transfer
    FOR EACH STATEMENT EXECUTE FUNCTION wallet_append_only();
"""

# A trigger that writes balances runs this guard one level deeper than a person's own statement would.
BALANCES = """
CREATE FUNCTION wallet_balance_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF pg_trigger_depth() < 2 THEN
        RAISE EXCEPTION 'balances are written by transfers only: % refused', TG_OP
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER wallet_balance_guard BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON wallet_balance
    FOR EACH STATEMENT EXECUTE FUNCTION wallet_balance_guard();

CREATE FUNCTION wallet_open_balance() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO wallet_balance (account_id, cents) VALUES (NEW.id, 0);
    RETURN NULL;
END $$;
CREATE TRIGGER wallet_open_balance AFTER INSERT ON wallet_account
    FOR EACH ROW WHEN (NEW.floor IS NOT NULL) EXECUTE FUNCTION wallet_open_balance();

CREATE FUNCTION wallet_account_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'an account keeps its kind and its code' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER wallet_account_stays BEFORE UPDATE ON wallet_account
    FOR EACH ROW WHEN ((OLD.kind, OLD.code) IS DISTINCT FROM (NEW.kind, NEW.code))
    EXECUTE FUNCTION wallet_account_stays();
"""

# One statement's transfers count together: a recredit and a debit of one post never cross the floor by their order.
TRANSFERS = """
CREATE FUNCTION wallet_apply_transfers() RETURNS trigger LANGUAGE plpgsql AS $$
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
        WHERE operation.kind NOT IN ('dispute', 'debit_reject', 'bounced_cheque', 'deferred_debit')
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
CREATE TRIGGER wallet_apply_transfers AFTER INSERT ON wallet_transfer
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION wallet_apply_transfers();
"""

BACK = """
DROP TRIGGER wallet_apply_transfers ON wallet_transfer;
DROP TRIGGER wallet_account_stays ON wallet_account;
DROP TRIGGER wallet_open_balance ON wallet_account;
DROP TRIGGER wallet_balance_guard ON wallet_balance;
DROP TRIGGER wallet_transfer_append_only ON wallet_transfer;
DROP TRIGGER wallet_operation_append_only ON wallet_operation;
DROP FUNCTION wallet_apply_transfers, wallet_account_stays, wallet_open_balance, wallet_balance_guard,
    wallet_append_only;
"""


class Migration(migrations.Migration):
    dependencies = [("wallet", "0001_initial")]
    operations = [migrations.RunSQL([APPEND_ONLY, BALANCES, TRANSFERS], BACK)]
