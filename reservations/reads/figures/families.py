"""How many families had a place, in all and by activity: each counts once, however many days it came."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from django.db import connection

from common.values.dates import month_after
from reservations.reads.figures.scope import Scope
from reservations.reads.figures.tables import Card, Column, Grid, Row, Table

FAMILIES = Column("families", "Familles")
BEFORE = Column("before", "Familles un an avant")
ALL = 0  # no activity has this pk


@dataclass
class Families:
    """Families by activity, ``ALL`` for each counted once: (now, a year before)."""

    counts: dict[int, tuple[int, int]]

    def put(self, grid: Grid) -> None:
        """A family may be in several activities: nothing adds up, only small numbers are masked."""
        for pk, (now, before) in self.counts.items():
            grid.put(("families", pk, "now"), now, now)
            grid.put(("families", pk, "before"), before, before)

    def card(self, grid: Grid) -> Card:
        now, before = self._cells(grid, ALL)
        return Card("Familles servies", now.text, f"un an avant : {before.text}")

    def tables(self, grid: Grid, scope: Scope) -> Iterator[Table]:
        rows = [Row(str(scope.activities[pk]), self._cells(grid, pk)) for pk in scope.activities if pk in self.counts]
        if rows:
            note = "Une famille compte une fois par activité, et une seule fois au total."
            yield Table("Familles servies", "Activité", rows, Row("Toutes", self._cells(grid, ALL)), note)

    def _cells(self, grid: Grid, pk: int) -> list:
        return [grid.cell(column, ("families", pk, each)) for column, each in ((FAMILIES, "now"), (BEFORE, "before"))]


def read_families(scope: Scope) -> Families:
    """Families with a place in the period and in the same days a year before, in one query."""
    spans = (scope.period.first, scope.period.last), scope.before
    masks = [
        (month, *(mask_of(month, *span) for span in spans))
        for month in sorted({*_months(*spans[0]), *_months(*spans[1])})
    ]
    with connection.cursor() as cursor:
        cursor.execute(_SERVED, [*map(list, zip(*masks, strict=True)), scope.pks])
        return Families({ALL: (0, 0)} | {pk or ALL: (now, before) for pk, now, before in cursor.fetchall()})


def _months(first: date, last: date) -> Iterator[date]:
    month = first.replace(day=1)
    while month <= last:
        yield month
        month = month_after(month)


def mask_of(month: date, first: date, last: date) -> int:
    """The days of a month between two dates, as ``FamilyMonth.days`` writes them."""
    begin, end = max(first, month), min(last, month_after(month) - timedelta(1))
    return sum(1 << (day - 1) for day in range(begin.day, end.day + 1)) if begin <= end else 0


_SERVED = """
    WITH seen AS (
        SELECT served.activity_id, served.family_id, bool_or(served.days & asked.now <> 0) AS now,
               bool_or(served.days & asked.before <> 0) AS before
        FROM reservations_familymonth served
        JOIN unnest(%s::date[], %s::bigint[], %s::bigint[]) AS asked (month, now, before) USING (month)
        WHERE served.activity_id = ANY(%s)
        GROUP BY 1, 2
    )
    SELECT NULL, count(*) FILTER (WHERE now), count(*) FILTER (WHERE before)
    FROM (SELECT bool_or(now) AS now, bool_or(before) AS before FROM seen GROUP BY family_id) AS families
    UNION ALL
    SELECT activity_id, count(*) FILTER (WHERE now), count(*) FILTER (WHERE before) FROM seen GROUP BY activity_id
"""
