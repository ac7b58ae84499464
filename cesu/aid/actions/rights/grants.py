"""The rights of a month: a funder says what each account is to have, the ledger moves what is missing or too much.

Locks: aid accounts by pk, then accounts of the ledger by pk (docs/locks.md). The balances of rights change under the lock
of their aid account only.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db import connection
from django.utils import timezone

from accounts.models import User
from cesu.models import AidAccount, Funder, MonthlyRight
from common.values.dates import month_title
from common.writing.transactions import outermost
from wallet.actions import Draft, Move, post_all, post_many
from wallet.models import Operation

CHUNK = 5000  # rights a transaction
Kind = Operation.Kind


@dataclass(frozen=True, slots=True)
class Grant:
    """What an aid account (pk) is to have for a month in all: ``minutes`` worth ``cents``, until ``expires_on``."""

    aid_account: int
    month: date
    minutes: int
    cents: int
    expires_on: date


@dataclass(frozen=True, slots=True)
class _Right:
    """A right as it stands under lock: what was granted in all, what is left of it."""

    pk: int
    account: int
    granted: tuple[int, int]
    left: tuple[int, int]
    revision: int


def set_rights(funder: Funder, grants: Sequence[Grant]) -> Counter:
    """Bring rights of one funder to what they are to be, in transactions of 5,000; again, or at once twice, changes nothing.

    What was used already is never taken back: {"credited", "corrected", "unchanged", "unrecovered"} count rights,
    ``unrecovered`` those that a correction could not lower as far. At most one grant for an account and month.
    """
    done, ordered = Counter(credited=0, corrected=0, unchanged=0, unrecovered=0), sorted(grants, key=_place)
    for first in range(0, len(ordered), CHUNK):
        done.update(_set_chunk(funder, ordered[first : first + CHUNK]))
    return done


def set_few(funder: Funder, grants: list[Grant], *, actor: User | None = None, why: str = "") -> Counter:
    """As ``set_rights``, in the caller's transaction, for at most 5,000; ``why`` is told to the person of a correction."""
    now, held = timezone.now(), {grant.aid_account for grant in grants}
    locked = set(
        AidAccount.objects.locked().filter(pk__in=held, funder=funder).order_by("pk").values_list("pk", flat=True)
    )
    grants = [grant for grant in grants if grant.aid_account in locked]
    _open(grants)
    rights = _standing(grants)
    rows = [(right := rights[_place(grant)], grant, change(right, grant)) for grant in grants]
    moved = [row for row in rows if row[2] != (0, 0)]
    new = [(right, grant) for right, grant, _ in moved if right.revision == 0]
    corrected = [(right, grant.month, change) for right, grant, change in moved if right.revision]
    _credit(funder, new, now)
    _correct(funder, corrected, actor, why, now)
    _remember([(right, change) for right, _, change in moved])
    short = sum(right.granted[0] + minutes > grant.minutes for right, grant, (minutes, _) in rows)
    return Counter(credited=len(new), corrected=len(corrected), unchanged=len(rows) - len(moved), unrecovered=short)


_set_chunk = outermost(set_few)


def _place(grant: Grant) -> tuple[int, date]:
    return grant.aid_account, grant.month


def change(right: _Right, grant: Grant) -> tuple[int, int]:
    """The minutes and cents to add to a right, below zero to take from it: no more than is left, no minute without a cent."""
    (granted, granted_cents), (left, left_cents) = right.granted, right.left
    minutes, cents = grant.minutes - granted, grant.cents - granted_cents
    if minutes > 0:
        return minutes, max(cents, minutes)
    taken = min(-minutes, left)
    if taken == left:
        return -taken, -left_cents if taken else 0
    if taken or cents < 0:
        return -taken, -min(max(-cents, taken), left_cents - (left - taken))
    return 0, cents


def _open(grants: list[Grant]) -> None:
    """Open the rights that lack, empty."""
    columns = [
        [grant.aid_account for grant in grants],
        [grant.month for grant in grants],
        [grant.expires_on for grant in grants],
    ]
    with connection.cursor() as cursor:
        cursor.execute(_OPEN_ACCOUNTS, columns[:2])
        cursor.execute(_OPEN_RIGHTS, columns)


_CODE = "'right:' || aid_account || ':' || to_char(month, 'YYYY-MM')"
_OPEN_ACCOUNTS = f"""
    INSERT INTO wallet_account (kind, code, floor)
    SELECT 'aid_hours', {_CODE}, 0 FROM unnest(%s::bigint[], %s::date[]) AS wanted (aid_account, month)
    WHERE NOT EXISTS (
        SELECT FROM cesu_monthlyright taken
        WHERE taken.aid_account_id = wanted.aid_account AND taken.month = wanted.month AND granted_minutes IS NOT NULL
    )
    ON CONFLICT DO NOTHING
"""
_OPEN_RIGHTS = f"""
    INSERT INTO cesu_monthlyright (aid_account_id, month, expires_on, account_id, granted_minutes, granted_cents, revision)
    SELECT aid_account, month, expires_on, account.id, 0, 0, 0
    FROM unnest(%s::bigint[], %s::date[], %s::date[]) AS wanted (aid_account, month, expires_on)
    JOIN wallet_account account ON account.kind = 'aid_hours' AND account.code = {_CODE}
    ON CONFLICT DO NOTHING
"""


def _standing(grants: list[Grant]) -> dict[tuple[int, date], _Right]:
    rows = MonthlyRight.objects.filter(
        aid_account__in={grant.aid_account for grant in grants},
        month__in={grant.month for grant in grants},
        granted_minutes__isnull=False,
    ).values_list(
        "aid_account",
        "month",
        "pk",
        "account",
        "granted_minutes",
        "granted_cents",
        "account__balance__minutes",
        "account__balance__cents",
        "revision",
    )
    return {
        (aid_account, month): _Right(pk, account, (minutes, cents), (left, left_cents), revision)
        for aid_account, month, pk, account, minutes, cents, left, left_cents, revision in rows
    }


def _credit(funder: Funder, rows: list[tuple[_Right, Grant]], now: datetime) -> None:
    """The first money of rights: one operation of the funder for all of them."""
    if not rows:
        return
    label = "Droits du mois"
    moves = [
        (funder.account_id, right.account, grant.cents, grant.minutes, f"right:{right.pk}:0", month_title(grant.month))
        for right, grant in rows
    ]
    columns = [list(column) for column in zip(*moves, strict=True)]
    post_many(Kind.AID_CREDIT, _NAMED, columns, label=label, at=now)


_NAMED = """
    SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::int[], %s::text[], %s::text[])
        AS moves (source, target, cents, minutes, reference, label)
"""


def _correct(
    funder: Funder, rows: list[tuple[_Right, date, tuple[int, int]]], actor: User | None, why: str, now: datetime
) -> None:
    """An operation for each right that changes after it was given, so that its person reads why."""
    ending = f" – {why}" if why else ""
    drafts = [
        Draft(
            Kind.AID_CORRECTION,
            [_move(funder, right, *change)],
            actor,
            f"Correction : {month_title(month)}{ending}",
            now,
        )
        for right, month, change in rows
    ]
    if drafts:
        post_all(drafts)


def _move(funder: Funder, right: _Right, minutes: int, cents: int) -> Move:
    ends = (funder.account_id, right.account) if cents > 0 else (right.account, funder.account_id)
    return Move(*ends, abs(cents), f"right:{right.pk}:{right.revision}", minutes=abs(minutes) or None)


def _remember(rows: list[tuple[_Right, tuple[int, int]]]) -> None:
    columns = [[right.pk for right, _ in rows], [change[0] for _, change in rows], [change[1] for _, change in rows]]
    with connection.cursor() as cursor:
        cursor.execute(_REMEMBER, columns)


_REMEMBER = """
    UPDATE cesu_monthlyright SET revision = revision + 1,
        granted_minutes = granted_minutes + changed.minutes, granted_cents = granted_cents + changed.cents
    FROM unnest(%s::bigint[], %s::int[], %s::bigint[]) AS changed (id, minutes, cents)
    WHERE cesu_monthlyright.id = changed.id
"""
