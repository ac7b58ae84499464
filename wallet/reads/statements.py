"""What families and agents read of the ledger."""

import json
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Q, QuerySet

from common.writing.rows import Listing, Rows
from families.models import Family
from wallet.models import CounterPayment, Transfer, Wallet


@dataclass(frozen=True, slots=True)
class Line:
    """An operation as an account saw it, in signed cents: its amount, the balance after it, and its moves there."""

    operation: int
    label: str
    at: datetime
    amount: int
    balance: int
    moves: list[tuple[str, int]]

    @property
    def spent(self) -> int:
        return -self.amount

    @property
    def note(self) -> str:
        """What the label of its first move adds to its own."""
        label, _ = self.moves[0]
        return "" if label in self.label else label


def statement(account: int) -> Listing:
    """An account's operations, newest first, each a Line.

    The balance runs in the order of writing, which the account's lock makes the true one.
    """
    return Listing(_HOW_MANY, _LINES, _line, account, account)


def _line(*columns) -> Line:
    *facts, moves = columns
    return Line(*facts, [tuple(move) for move in json.loads(moves)])


_HOW_MANY = Rows(
    """
    SELECT count(*) FROM (
        SELECT operation_id FROM wallet_transfer WHERE source_id = %s
        UNION SELECT operation_id FROM wallet_transfer WHERE target_id = %s
    ) AS operations
    """
)
# Not materialized: the moves of the operations shown are found by their operation, whatever the account's past.
_LINES = Rows(
    """
    WITH move AS NOT MATERIALIZED (
        SELECT id, operation_id, label, -cents AS cents FROM wallet_transfer WHERE source_id = %s
        UNION ALL SELECT id, operation_id, label, cents FROM wallet_transfer WHERE target_id = %s
    )
    SELECT operation.id, operation.label, operation.at, line.amount, line.balance,
        (SELECT jsonb_agg(jsonb_build_array(label, cents) ORDER BY id) FROM move WHERE operation_id = operation.id)
    FROM (
        SELECT operation_id, max(id) AS last, sum(cents)::bigint AS amount,
            sum(sum(cents)) OVER (ORDER BY max(id))::bigint AS balance
        FROM move GROUP BY operation_id
    ) AS line
    JOIN wallet_operation operation ON operation.id = line.operation_id
    ORDER BY line.last DESC
    LIMIT %s OFFSET %s
    """
)


def payments(family: Family, month: date) -> QuerySet[CounterPayment]:
    """« Historique des règlements » of a month: what the family paid at the counter, cancelled ones left out."""
    standing = CounterPayment.objects.filter(wallet__family=family).received_in(month).standing()
    return standing.select_related("wallet__purse").order_by("received_on", "pk")


def balances(family: Family) -> QuerySet[Wallet]:
    """The family's wallets with their balances, the default purse first, in one query."""
    return Wallet.objects.filter(family=family).with_balance()


def balance_of(family: Family) -> int:
    """What the family's default wallet holds, in cents; 0 before its first movement."""
    cents = Wallet.objects.filter(family=family, purse__is_default=True).values_list("account__balance__cents")
    return next((each for (each,) in cents), 0)


def has_moved_money(*, family: Family) -> bool:
    """Whether anything ever moved on a wallet of the family: it is then kept, with its account."""
    accounts = Wallet.objects.filter(family=family).values("account")
    return Transfer.objects.filter(Q(source__in=accounts) | Q(target__in=accounts)).exists()
