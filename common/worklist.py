"""What waits for an agent: each app says which rows, and one query counts them all."""

from collections import defaultdict
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone


class Kind(StrEnum):
    """What an agent does with it; the first page shows one after the other."""

    DECIDE = "À décider"
    BANK = "À remettre à la banque"
    WATCH = "À suivre"


@dataclass(frozen=True)
class Waiting:
    """Rows that wait, how they are called, where they are listed; ``since``: the field of the moment each began to wait."""

    label: str
    rows: QuerySet
    address: str
    since: str = ""
    kind: Kind = Kind.DECIDE


@dataclass(frozen=True)
class Task:
    """Something that waits: how many, where they are listed, since when the oldest waits (in days)."""

    label: str
    count: int
    address: str
    days: int = 0
    kind: Kind = Kind.DECIDE


def counted(waits: Iterable[Waiting | Task]) -> list[Task]:
    """All of them in one query, in their order; those that count zero too, and tasks that were counted before."""
    waits = list(waits)
    found, now = _counts(waits), timezone.now()
    return [wait if isinstance(wait, Task) else _task(wait, *found[rank], now) for rank, wait in enumerate(waits)]


def _task(wait: Waiting, count: int, oldest: datetime | None, now: datetime) -> Task:
    return Task(wait.label, count, wait.address, (now - oldest).days if oldest else 0, wait.kind)


def _counts(waits: list[Waiting | Task]) -> dict[int, tuple]:
    """(how many, the oldest moment) of each that is to be counted, by its rank."""
    parts, params, found = [], [], defaultdict(lambda: (0, None))
    for rank, wait in enumerate(waits):
        if isinstance(wait, Task):
            continue
        with suppress(EmptyResultSet):  # the ORM knows that there are no such rows
            sql, given = wait.rows.order_by().values_list(wait.since or "pk").query.sql_with_params()
            oldest = "min(at)" if wait.since else "NULL::timestamptz"
            parts.append(f"SELECT {rank}, count(*), {oldest} FROM ({sql}) AS rows (at)")
            params += given
    if parts:
        with connection.cursor() as cursor:
            cursor.execute(" UNION ALL ".join(parts), params)
            found.update((rank, (count, oldest)) for rank, count, oldest in cursor.fetchall())
    return found
