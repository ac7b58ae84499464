"""The one door to the ledger. Called once per transaction, after every other lock: accounts come last (docs/locks.md)."""

from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter

from django.db import IntegrityError, connection
from django.db.models import Sum
from django.utils import timezone

from accounts.models import User
from common.refusals import Refusal
from common.values.money import euros
from common.writing.rows import Rows, insert
from wallet.models import Account, Balance, Operation, Purse, Transfer, Wallet


class NotEnough(Refusal):
    """A wallet cannot pay. ``missing``: what lacks, in cents, by pk of account."""

    sentence = "Votre porte-monnaie n’a pas assez de crédit."

    def __init__(self, *sentences: str, missing: dict[int, int] | None = None):
        self.missing = missing or {}
        super().__init__(*sentences)


class AlreadyPosted(Refusal):
    """A reference stands in the ledger already, or a transfer was reversed before: nothing is moved twice."""

    sentence = "Cette opération a déjà été enregistrée."


class HoursAway(Refusal):
    """A right has not these hours, or hours and cents would not end together."""

    sentence = "Ces heures ne sont plus disponibles : rechargez la page pour voir ce qui reste."


CONSTRAINTS = {
    "balance_of_hours_and_cents": HoursAway,
    "transfer_floor": NotEnough,
    "wallet_transfer_reference_key": AlreadyPosted,
    "wallet_transfer_reverses_id_key": AlreadyPosted,
}


@dataclass(frozen=True, slots=True)
class Move:
    """A transfer to come: ``cents`` from the account ``source`` to ``target`` (pks), under a unique ``reference``."""

    source: int
    target: int
    cents: int
    reference: str
    label: str = ""
    minutes: int | None = None
    reverses: int | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """An operation to come, with its moves; ``at`` is the business instant."""

    kind: str
    moves: list[Move]
    actor: User | None
    label: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Standing:
    """What an account has and how far down it may be spent, in cents, read under its lock; ``minutes`` of hours only."""

    cents: int
    floor: int
    minutes: int | None = None

    @property
    def spendable(self) -> int:
        """The cents that may be spent; below zero, what must come in first."""
        return self.cents - self.floor

    def missing(self, change: int) -> int:
        """The cents that lack to change the balance by ``change`` and stay at the floor."""
        return max(0, self.floor - self.cents - change)


def post(kind: str, moves: Iterable[Move], *, actor: User | None, label: str, at: datetime | None = None) -> Operation:
    """Write one operation with all its moves, or refuse all: NotEnough, AlreadyPosted. The caller's transaction."""
    return post_all([Draft(kind, list(moves), actor, label, at or timezone.now())])[0]


def post_all(drafts: list[Draft]) -> list[Operation]:
    """Write several operations at once (as when one family's place goes to another); see ``post``."""
    if not drafts or not all(draft.moves for draft in drafts):
        raise ValueError("an operation moves something")
    moves = [move for draft in drafts for move in draft.moves]
    standings = lock_accounts({pk for move in moves for pk in (move.source, move.target)})
    _require_enough(drafts, standings)
    now = timezone.now()
    operations = [_write(draft, now) for draft in drafts]
    _insert([(operation, move) for operation, draft in zip(operations, drafts, strict=True) for move in draft.moves])
    return operations


def _write(draft: Draft, now: datetime) -> Operation:
    kind = Operation.Kind(draft.kind)
    insert(operation := Operation(kind=kind, label=draft.label, actor=draft.actor, at=draft.at, created_at=now))
    return operation


def post_many(kind: str, moves: str, params: Sequence, *, label: str, at: datetime) -> int:
    """The same door for the moves of a night: one operation for each source; return how many moves. All or nothing.

    ``moves`` is a query of (source, target, cents, minutes, reference, label), over rows that the caller has locked. For
    kinds that no balance stops only; the triggers see to the rest. Raise AlreadyPosted. The caller's transaction.
    """
    if kind not in Operation.UNSTOPPED:
        raise ValueError(f"{kind} may be refused: it goes through post")
    with connection.cursor() as cursor, refusing():
        cursor.execute(_LOCK_MANY.format(moves=moves), params)
        cursor.execute(_POST_MANY.format(moves=moves), [*params, kind, label, at, timezone.now()])
        return cursor.rowcount


_LOCK_MANY = """
    WITH due AS ({moves})
    SELECT count(*) FROM (
        SELECT id FROM wallet_account
        WHERE floor IS NOT NULL AND id IN (SELECT source FROM due UNION SELECT target FROM due)
        ORDER BY id FOR NO KEY UPDATE
    ) AS locked
"""
_POST_MANY = """
    WITH due AS MATERIALIZED (SELECT *, row_number() OVER () AS rank FROM ({moves}) AS moves), acts AS MATERIALIZED (
        SELECT source, nextval(pg_get_serial_sequence('wallet_operation', 'id')) AS operation
        FROM (SELECT DISTINCT source FROM due ORDER BY source) AS sources
    ), operations AS (
        INSERT INTO wallet_operation (id, kind, label, at, created_at)
        SELECT operation, %s, %s, %s::timestamptz, %s::timestamptz FROM acts
    )
    INSERT INTO wallet_transfer (operation_id, source_id, target_id, cents, minutes, reference, label)
    SELECT operation, source, target, cents, minutes, reference, label FROM due JOIN acts USING (source) ORDER BY operation, rank
"""


def lock_accounts(pks: Iterable[int]) -> dict[int, Standing]:
    """Lock, by pk, the accounts that keep a balance, and return how they stand.

    Two statements: in one, a row read beside the locked one would be as old as the beginning of the wait.
    """
    locked = [pk for (pk,) in _LOCK(list(pks))]
    return {pk: Standing(cents, floor, minutes) for pk, cents, floor, minutes in _STANDINGS(locked)}


_LOCK = Rows("SELECT id FROM wallet_account WHERE id = ANY(%s) AND floor IS NOT NULL ORDER BY id FOR NO KEY UPDATE")
_STANDINGS = Rows(
    """
    SELECT account_id, cents, floor, minutes FROM wallet_balance JOIN wallet_account ON wallet_account.id = account_id
    WHERE account_id = ANY(%s)
    """
)


def _require_enough(drafts: list[Draft], standings: dict[int, Standing]) -> None:
    change, spenders = Counter(), set()
    for draft in drafts:
        for move in draft.moves:
            change[move.target] += move.cents
            change[move.source] -= move.cents
            if draft.kind not in Operation.IMPOSED:
                spenders.add(move.source)
    missing = {pk: standings[pk].missing(change[pk]) for pk in spenders & standings.keys()}
    if any(missing.values()):
        raise not_enough({pk: cents for pk, cents in missing.items() if cents})


def not_enough(missing: dict[int, int]) -> NotEnough:
    """The refusal that says what lacks, purse by purse; ``missing``: cents by pk of account."""
    wallets = Wallet.objects.select_related("purse").filter(account__in=missing).order_by("account")
    return NotEnough(*(lacks(missing[each.account_id], each.purse) for each in wallets), missing=missing)


def lacks(cents: int, purse: Purse) -> str:
    """« Il manque 3,20 € dans votre porte-monnaie. », the purse named unless it is the main one."""
    name = "" if purse.is_default else f" « {purse.name} »"
    return f"Il manque {euros(cents)} dans votre porte-monnaie{name}."


def _insert(rows: list[tuple[Operation, Move]]) -> None:
    columns = zip(*((operation.pk, *_COLUMNS(move)) for operation, move in rows), strict=True)
    with connection.cursor() as cursor, refusing():
        cursor.execute(_TRANSFERS, [list(column) for column in columns])


_COLUMNS = attrgetter("source", "target", "cents", "reference", "label", "minutes", "reverses")
_TRANSFERS = """
    INSERT INTO wallet_transfer (operation_id, source_id, target_id, cents, reference, label, minutes, reverses_id)
    SELECT * FROM unnest(
        %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::text[], %s::text[], %s::int[], %s::bigint[]
    )
"""


@contextmanager
def refusing():
    """Say what the ledger's constraints refuse as people read it."""
    try:
        yield
    except IntegrityError as error:
        refusal = CONSTRAINTS.get(error.__cause__.diag.constraint_name)
        if refusal is None:
            raise
        raise refusal from error


def refunds(references: Iterable[str]) -> list[Move]:
    """The moves that give back what was paid under these references, each to the wallet that paid (S2-63, S2-73).

    They are reversals: the ledger takes each once. Raise LookupError when nothing was paid under a reference.
    """
    wanted = set(references)
    if not wanted:
        return []
    paid = list(Transfer.objects.filter(reference__in=wanted).order_by("pk"))
    if len(paid) != len(wanted):
        raise LookupError(f"never paid: {wanted - {transfer.reference for transfer in paid}}")
    return [mirror(transfer) for transfer in paid]


def mirror(transfer: Transfer) -> Move:
    """The move that undoes a transfer."""
    return Move(
        source=transfer.target_id,
        target=transfer.source_id,
        cents=transfer.cents,
        reference=f"reversal:{transfer.pk}",
        label=transfer.label,
        minutes=transfer.minutes,
        reverses=transfer.pk,
    )


def reverse(
    operation: Operation,
    *,
    actor: User | None,
    label: str,
    kind: str = Operation.Kind.REVERSAL,
    at: datetime | None = None,
) -> Operation:
    """Undo a whole operation, once; an imposed ``kind`` may leave a wallet below its floor."""
    return post(kind, map(mirror, operation.transfers.order_by("pk")), actor=actor, label=label, at=at)


def balance(account: Account) -> int:
    """What stands on an account, in cents: kept where overspending must be refused, else summed."""
    if account.floor is not None:
        return Balance.objects.get(account=account).cents
    return int(Transfer.objects.on(account.pk).aggregate(total=Sum("signed"))["total"] or 0)
