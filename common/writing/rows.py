"""Rows read and written by SQL composed once, where the ORM would compose the same statement anew each time.

Composing costs more than running: 0.3 to 0.8 ms of Python a query, against 0.1 (docs/performance.md). Meant for what
every page asks and for what is decided under the locks that many wait for; everywhere else the ORM reads better.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from functools import cache, cached_property

from django.db import connection, models
from django.db.transaction import TransactionManagementError

LOCKS = re.compile(r"\bFOR (NO KEY UPDATE|SHARE)\b")


class Rows:
    """``Rows("SELECT {day}, {kind}, 1 FROM … day JOIN … kind …", day=Session, kind=Activity)``: a query of instances.

    ``{alias}`` stands for the columns of that alias's model; they come first, in the order of the keywords. Called with the
    parameters, it returns a list of tuples: an instance for each model (None where a LEFT JOIN found nothing), then the
    other columns as they are. Without a model the rows are as the database gives them. What
    locks is refused outside a transaction.
    """

    def __init__(self, sql: str, **tables: type[models.Model]):
        self._sql, self._tables, self._locks = sql, tables, bool(LOCKS.search(sql))

    def __call__(self, *params) -> list[tuple]:
        if self._locks and not connection.in_atomic_block:
            raise TransactionManagementError("a lock lasts as long as its transaction: there is none")
        with connection.cursor() as cursor:
            cursor.execute(self._composed, params)
            return [self._built(row) for row in cursor.fetchall()] if self._tables else cursor.fetchall()

    @cached_property
    def _composed(self) -> str:
        """The columns are named, never ``*``: one that a migration adds does not disturb a statement already prepared."""
        return self._sql.format(**{alias: _columns(alias, model) for alias, model in self._tables.items()})

    @cached_property
    def _cuts(self) -> list[tuple]:
        """(model, names of its fields, their converters by position, where its columns begin and end)."""
        cuts, start = [], 0
        for model in self._tables.values():
            fields = model._meta.concrete_fields
            converters = [
                (rank, each.from_db_value) for rank, each in enumerate(fields) if hasattr(each, "from_db_value")
            ]
            cuts.append((model, [each.attname for each in fields], converters, start, start := start + len(fields)))
        return cuts

    def _built(self, row: Sequence) -> tuple:
        return *(_instance(row, *cut) for cut in self._cuts), *row[self._cuts[-1][-1] :]


class Listing:
    """A long list as a Paginator asks for it: counted by one query, read a slice at a time by another.

    Both take ``params``; ``some`` ends by « LIMIT %s OFFSET %s » and ``built`` makes a row of its columns.
    """

    def __init__(self, count: Rows, some: Rows, built: Callable, *params):
        self._count, self._some, self._built, self._params = count, some, built, params

    def __len__(self) -> int:
        return self._count(*self._params)[0][0]

    def __getitem__(self, rows: slice) -> list:
        start = rows.start or 0
        if rows.stop is not None and rows.stop <= start:
            return []
        limit = None if rows.stop is None else rows.stop - start
        return [self._built(*row) for row in self._some(*self._params, limit, start)]

    def __iter__(self) -> Iterator:
        return iter(self[:])


def insert(row: models.Model) -> None:
    """Write a new row and give it its key, as ``save`` does for a table whose key the database gives."""
    fields, sql = _insertion(type(row))
    with connection.cursor() as cursor:
        cursor.execute(sql, [each.get_db_prep_save(each.pre_save(row, True), connection) for each in fields])
        [row.pk] = cursor.fetchone()
    row._state.adding, row._state.db = False, connection.alias


@cache
def _insertion(model: type[models.Model]) -> tuple[list[models.Field], str]:
    table = model._meta
    fields = [each for each in table.concrete_fields if each is not table.pk]
    columns, values = ", ".join(f'"{each.column}"' for each in fields), ", ".join(["%s"] * len(fields))
    return fields, f'INSERT INTO "{table.db_table}" ({columns}) VALUES ({values}) RETURNING "{table.pk.column}"'


def _columns(alias: str, model: type[models.Model]) -> str:
    return ", ".join(f'{alias}."{each.column}"' for each in model._meta.concrete_fields)


def _instance(row: Sequence, model: type[models.Model], names: list[str], converters: list, start: int, end: int):
    values = list(row[start:end])
    if values[0] is None:
        return None
    for rank, convert in converters:
        values[rank] = convert(values[rank], None, connection)
    return model.from_db(connection.alias, names, values)
