"""« Prévisions »: the weeks to come, from what is booked and from what was still added a year before."""

from collections import defaultdict
from datetime import date

from common.values.dates import date_numeric
from reservations.models import WeekForecast
from reservations.reads.figures.scope import Scope
from reservations.reads.figures.tables import TOTAL, Card, Cell, Column, Grid, Row, Sheet, Table, put_table
from reservations.rules.figures.masks import Count
from reservations.rules.figures.periods import expected
from reservations.rules.figures.plots import plot

COLUMNS = [
    Column("booked", "Réservés à ce jour"),
    Column("expected", "Prévus"),
    Column("final", "Réservés un an avant, au total"),
]
SERIES = [("pv-now", "réservés à ce jour"), ("pv-third", "prévus"), ("pv-before", "un an avant")]
SENTENCE = (
    "Prévus : ce qui est réservé à ce jour, plus ce qui avait encore été ajouté, il y a 52 semaines, entre le même jour et "
    "la fin de la même semaine ; sans année précédente, seulement ce qui est réservé."
)
DAYS = 7  # a child is at most so many times in a week of an activity
Counts = dict[str, Count]


def forecast_sheet(scope: Scope) -> Sheet:
    """The page, in one query: the period asked for does not matter, the weeks to come are always the same."""
    weeks: dict[str, Counts] = defaultdict(_nothing)
    activities: dict[str, Counts] = defaultdict(_nothing)
    for monday, pk, counts in _read(scope):
        for rows, name in ((weeks, _week(monday)), (activities, str(scope.activities[pk]))):
            rows[name] = _added(rows[name], counts)
    total = _nothing()
    for counts in weeks.values():
        total = _added(total, counts)
    grid = Grid()
    grid.cells |= {("all", TOTAL, name): count for name, count in total.items()}
    tables = {"week": ("Par semaine", "Semaine", weeks), "activity": ("Par activité", "Activité", activities)}
    for name, (_, _, rows) in tables.items():
        put_table(grid, name, rows, {column.name: ("all", TOTAL, column.name) for column in COLUMNS})
    if scope.masks:
        grid.mask()
    drawn = [_table(grid, name, *told) for name, told in tables.items() if weeks]
    for table in drawn[:1]:
        table.plot = _plot(table)
    cards = [Card(cell.title, cell.text) for cell in _cells(grid, "all", TOTAL)]
    return Sheet("Prévisions", [SENTENCE], cards, drawn, scope.masks)


def _read(scope: Scope) -> list[tuple[date, int, Counts]]:
    rows = WeekForecast.objects.filter(activity__in=scope.pks).order_by("monday", "activity")
    found = []
    for monday, pk, booked, early, final in rows.values_list("monday", "activity_id", "booked", "early", "final"):
        values = {"booked": booked, "expected": expected(booked, early, final), "final": final}
        people = {"booked": booked, "expected": min(booked or final, final or booked), "final": final}
        found.append((monday, pk, {name: Count(value, -(-people[name] // DAYS)) for name, value in values.items()}))
    return found


def _nothing() -> Counts:
    return {column.name: Count(0, 0) for column in COLUMNS}


def _added(one: Counts, other: Counts) -> Counts:
    return {
        name: Count(count.value + other[name].value, max(count.people, other[name].people))
        for name, count in one.items()
    }


def _week(monday: date) -> str:
    return f"Du {date_numeric(monday)}"


def _table(grid: Grid, name: str, title: str, heading: str, rows: dict[str, Counts]) -> Table:
    made = [Row(row, _cells(grid, name, row)) for row in rows]
    return Table(title, heading, made, Row("Total", _cells(grid, "all", TOTAL)))


def _cells(grid: Grid, name: str, row: str) -> list[Cell]:
    return [grid.cell(column, (name, row, column.name)) for column in COLUMNS]


def _plot(table: Table):
    numbers = [[None if cell.hidden else cell.value for cell in row.cells] for row in table.rows]
    groups = [(row.label.removeprefix("Du ")[:5], each) for row, each in zip(table.rows, numbers, strict=True)]
    return plot("Les semaines à venir", groups, SERIES)
