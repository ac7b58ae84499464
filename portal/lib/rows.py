"""Rows read by SQL written once, where the ORM would compose the same statement anew each time.

Composing costs more than running: 0.3 to 0.8 ms of Python a query, against 0.1 (docs/performance.md). Meant for what
every page asks and for what is decided under the locks that many wait for; everywhere else the ORM reads better.
"""

from collections.abc import Sequence
from functools import cached_property

from django.db import connection, models


class Rows:
    """``Rows("SELECT {day}, {kind}, 1 FROM … day JOIN … kind …", day=Session, kind=Activity)``: a query of instances.

    ``{alias}`` stands for the columns of that alias's model; they come first, in the order of the keywords. Called with the
    parameters, it returns a list of tuples: an instance for each model (None where a LEFT JOIN found nothing), then the
    other columns as they are.
    """

    def __init__(self, sql: str, **tables: type[models.Model]):
        self._sql, self._tables = sql, tables

    def __call__(self, *params) -> list[tuple]:
        with connection.cursor() as cursor:
            cursor.execute(self._composed, params)
            return [self._built(row) for row in cursor.fetchall()]

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


def _columns(alias: str, model: type[models.Model]) -> str:
    return ", ".join(f'{alias}."{each.column}"' for each in model._meta.concrete_fields)


def _instance(row: Sequence, model: type[models.Model], names: list[str], converters: list, start: int, end: int):
    values = list(row[start:end])
    if values[0] is None:
        return None
    for rank, convert in converters:
        values[rank] = convert(values[rank], None, connection)
    return model.from_db(connection.alias, names, values)
