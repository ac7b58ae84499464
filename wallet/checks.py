"""What `manage.py check_ledger` verifies. Each check yields a sentence for each difference; upper apps add theirs:

from wallet import checks
checks.register(paid_bookings_have_their_transfer)   # in AppConfig.ready()
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.db import connection, transaction

Check = Callable[[], Iterator[str]]
registered: list[Check] = []


def register(check: Check) -> Check:
    """Add a check, once; usable as a decorator."""
    if check not in registered:
        registered.append(check)
    return check


def differences() -> Iterator[str]:
    """Every difference that any check finds."""
    for check in registered:
        yield from check()


@contextmanager
def snapshot():
    """One read-only view of the whole database: posts going on meanwhile make no false difference."""
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


def rows(sql: str, *params) -> list[tuple]:
    """Run a query of a check."""
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchall()


@register
def balances_are_the_sums() -> Iterator[str]:
    """Each kept balance is the sum of its transfers, and exactly the accounts with a floor keep one."""
    for pk, kept, moved in rows(_BALANCES):
        yield f"account {pk}: balance {kept}, transfers {moved}"
    for pk, kept, moved in rows(_HOURS):
        yield f"account {pk}: {kept} minutes, transfers {moved}"
    for pk, floor in rows(_UNKEPT):
        yield f"account {pk}: floor {floor}, but {'no balance' if floor is not None else 'a balance'}"


_BALANCES = """
    SELECT balance.account_id, balance.cents, coalesce(sum(moves.cents), 0)
    FROM wallet_balance balance
    LEFT JOIN (
        SELECT target_id AS account_id, cents FROM wallet_transfer
        UNION ALL
        SELECT source_id, -cents FROM wallet_transfer
    ) moves USING (account_id)
    GROUP BY balance.account_id, balance.cents
    HAVING balance.cents <> coalesce(sum(moves.cents), 0)
    ORDER BY 1
"""
# A full join: never a loop over all accounts for each account.
_HOURS = """
    SELECT account_id, kept.minutes, coalesce(moved.minutes, 0)
    FROM (
        SELECT balance.account_id, balance.minutes
        FROM wallet_balance balance JOIN wallet_account account ON account.id = balance.account_id
        WHERE account.kind = 'aid_hours' OR balance.minutes IS NOT NULL
    ) AS kept
    FULL JOIN (
        SELECT account_id, sum(minutes) AS minutes FROM (
            SELECT target_id AS account_id, minutes FROM wallet_transfer WHERE minutes > 0
            UNION ALL
            SELECT source_id, -minutes FROM wallet_transfer WHERE minutes > 0
        ) AS moves
        GROUP BY account_id
    ) AS moved USING (account_id)
    WHERE kept.account_id IS NOT NULL AND kept.minutes IS DISTINCT FROM coalesce(moved.minutes, 0)
    ORDER BY 1
"""
_UNKEPT = """
    SELECT account.id, account.floor
    FROM wallet_account account LEFT JOIN wallet_balance balance ON balance.account_id = account.id
    WHERE (account.floor IS NULL) <> (balance.account_id IS NULL)
    ORDER BY 1
"""


@register
def nobody_spent_below_the_floor() -> Iterator[str]:
    """After each post that spent from an account, its balance was not below the lowest floor it ever had."""
    for pk, cents, floor in rows(_FLOORS):
        yield f"account {pk}: spent down to {cents}, floor {floor}"


# The operations of one post share created_at: they count together, as in the trigger.
_FLOORS = """
    WITH moves AS (
        SELECT target_id AS account_id, id, operation_id, cents FROM wallet_transfer
        UNION ALL
        SELECT source_id, id, operation_id, -cents FROM wallet_transfer
    ), posts AS (
        SELECT account_id, max(moves.id) AS last, sum(cents) AS cents,
               bool_or(cents < 0 AND NOT wallet_is_imposed(kind)) AS spent
        FROM moves JOIN wallet_operation operation ON operation.id = operation_id
        GROUP BY account_id, created_at
    ), running AS (
        SELECT account_id, spent, sum(cents) OVER (PARTITION BY account_id ORDER BY last) AS cents FROM posts
    ), floors AS (
        SELECT pgh_obj_id AS account_id, min(floor) AS floor FROM wallet_accountevent
        WHERE floor IS NOT NULL GROUP BY pgh_obj_id
    )
    SELECT account_id, min(running.cents), floor
    FROM running JOIN floors USING (account_id)
    WHERE spent AND running.cents < floor
    GROUP BY account_id, floor
    ORDER BY account_id
"""


@register
def reversals_mirror() -> Iterator[str]:
    """Each reversal swaps the accounts of an original that is not itself a reversal, same cents and minutes."""
    for (pk,) in rows(_REVERSALS):
        yield f"transfer {pk}: does not mirror what it reverses"


_REVERSALS = """
    SELECT reversal.id
    FROM wallet_transfer reversal JOIN wallet_transfer original ON original.id = reversal.reverses_id
    WHERE (reversal.source_id, reversal.target_id, reversal.cents, reversal.minutes)
          IS DISTINCT FROM (original.target_id, original.source_id, original.cents, original.minutes)
       OR original.reverses_id IS NOT NULL
    ORDER BY 1
"""


@register
def operations_move_something() -> Iterator[str]:
    """No operation stands without a transfer."""
    for (pk,) in rows(
        "SELECT id FROM wallet_operation o"
        " WHERE NOT EXISTS (SELECT FROM wallet_transfer t WHERE t.operation_id = o.id) ORDER BY 1"
    ):
        yield f"operation {pk}: no transfer"


@register
def wallets_and_their_accounts() -> Iterator[str]:
    """Each wallet has an account of the kind wallet with its purse's floor; no such account stands alone."""
    for wallet, account in rows(_WALLETS):
        yield f"wallet {wallet}, account {account}: they do not fit"


_WALLETS = """
    SELECT wallet.id, account.id
    FROM wallet_wallet wallet
    JOIN wallet_purse purse ON purse.id = wallet.purse_id
    FULL JOIN (SELECT * FROM wallet_account WHERE kind = 'wallet') account ON account.id = wallet.account_id
    WHERE wallet.id IS NULL OR account.id IS NULL OR account.floor <> purse.floor
       OR account.code <> 'family:' || wallet.family_id || ':purse:' || wallet.purse_id
    ORDER BY 1, 2
"""


@register
def counter_payments_are_in_the_ledger() -> Iterator[str]:
    """Each counter payment credited its wallet once, from its means, and its cancellation took the same back."""
    for (pk,) in rows(_COUNTER):
        yield f"counter payment {pk}: not what the ledger says"


_COUNTER = """
    SELECT payment.id
    FROM wallet_counterpayment payment
    JOIN wallet_wallet wallet ON wallet.id = payment.wallet_id
    LEFT JOIN wallet_transfer credit ON credit.operation_id = payment.operation_id
    LEFT JOIN wallet_account source ON source.id = credit.source_id
    LEFT JOIN wallet_transfer undone ON undone.reverses_id = credit.id
    GROUP BY payment.id, wallet.account_id
    HAVING count(*) <> 1
        OR bool_or((credit.target_id, credit.cents, source.kind) IS DISTINCT FROM (
               wallet.account_id, payment.cents::bigint,
               CASE payment.means WHEN 'CH' THEN 'cheque' WHEN 'ES' THEN 'cash' ELSE 'bank_transfer' END))
        OR bool_or(undone.operation_id IS DISTINCT FROM payment.cancellation_id)
    ORDER BY 1
"""


@register
def direct_debits_are_in_the_ledger() -> Iterator[str]:
    """Each debit collected credited its wallet once, under its reference; each reject took the same back."""
    for (reference,) in rows(_DEBITS):
        yield f"direct debit {reference}: not what the ledger says"


_DEBITS = """
    SELECT debit.end_to_end
    FROM wallet_directdebit debit
    JOIN wallet_wallet wallet ON wallet.id = debit.wallet_id
    LEFT JOIN wallet_transfer credit ON credit.operation_id = debit.operation_id
    LEFT JOIN wallet_account source ON source.id = credit.source_id
    LEFT JOIN wallet_transfer undone ON undone.reverses_id = credit.id
    LEFT JOIN wallet_transfer posted ON posted.reference = 'debit:' || debit.end_to_end
    GROUP BY debit.id, wallet.account_id
    HAVING count(*) <> 1
        OR bool_or(posted.id IS DISTINCT FROM credit.id)
        OR bool_or(debit.operation_id IS NOT NULL AND (source.kind, credit.target_id, credit.cents)
               IS DISTINCT FROM ('direct_debit', wallet.account_id, debit.cents::bigint))
        OR bool_or(undone.operation_id IS DISTINCT FROM debit.rejection_id)
    ORDER BY 1
"""


@register
def bank_refunds_are_in_the_ledger() -> Iterator[str]:
    """Each refund by bank transfer left its wallet once, under its reference; one that came back is there again."""
    for (reference,) in rows(_BANK_REFUNDS):
        yield f"bank refund {reference}: not what the ledger says"


_BANK_REFUNDS = """
    SELECT refund.end_to_end
    FROM wallet_bankrefund refund
    JOIN wallet_wallet wallet ON wallet.id = refund.wallet_id
    LEFT JOIN wallet_transfer paid ON paid.operation_id = refund.operation_id
    LEFT JOIN wallet_account target ON target.id = paid.target_id
    LEFT JOIN wallet_transfer undone ON undone.reverses_id = paid.id
    GROUP BY refund.id, wallet.account_id
    HAVING count(*) <> 1
        OR bool_or((paid.reference, paid.source_id, target.kind, paid.cents) IS DISTINCT FROM (
               'bank-refund:' || refund.end_to_end, wallet.account_id, 'bank_transfer', refund.cents::bigint))
        OR bool_or(undone.operation_id IS DISTINCT FROM refund.rejection_id)
    ORDER BY 1
"""
