"""« Recettes »: what services sold and gave back, and by which means families paid, as « Récapitulatif mensuel » counts."""

from collections.abc import Iterable, Sequence

from django.db import connection

from reservations.reads.books.accounting import MEANS, service_names
from reservations.reads.figures.scope import Scope
from reservations.reads.figures.tables import TOTAL, Card, Column, Grid, Row, Sheet, Table, put_table
from reservations.rules.figures.masks import Count
from reservations.rules.figures.periods import parts_of
from reservations.rules.figures.plots import plot
from wallet.models import AccountKind

Counts = dict[str, Count]  # cents by nature, then « net » and « before », the net of a year before
NATURES = ("sold", "cancelled", "received", "corrected", "unpaid", "refunded")
LAST = [Column("net", "Net", "money"), Column("before", "Net un an avant", "money")]
SOLD = [Column("sold", "Vendu", "money"), Column("cancelled", "Annulé", "money"), *LAST]
PAID = [
    Column("received", "Encaissé", "money"),
    Column("corrected", "Rectifié", "money"),
    Column("unpaid", "Impayé, rejeté ou contesté", "money"),
    Column("refunded", "Remboursé", "money"),
    *LAST,
]
SERIES = [("pv-now", "cette période"), ("pv-before", "un an avant")]
SENTENCE = (
    "Une opération compte le jour où elle a eu lieu, à l’heure de Paris, comme dans le récapitulatif mensuel : une place "
    "payée d’avance le jour où elle a été payée, une autre le jour où elle a été débitée."
)


def money_sheet(scope: Scope) -> Sheet:
    """The page, in two queries and one of names; the means of payment for who reads the whole authority's books."""
    codes = [each.revenue_code for each in scope.activities.values()]
    rows, dates = _read(scope, codes)
    grid = Grid()
    services, parts = _services(rows), _parts(scope, dates)
    total = merged(services.values())
    _put(grid, "services", services, SOLD, total)
    _put(grid, "parts", parts, SOLD, total)
    if scope.masks:
        grid.mask()
    tables = [
        _table(grid, "services", ("Par service", "Service"), services, SOLD),
        _table(grid, "parts", (f"Par {scope.step.value}", scope.step.value.capitalize()), parts, SOLD),
    ]
    tables[1].plot = _plot(grid, scope, parts)
    if scope.books:
        means = _means(rows)
        _put(grid, "means", means, PAID, merged(means.values()))
        tables.append(_table(grid, "means", ("Par mode de règlement", "Mode"), means, PAID))
    return Sheet("Recettes", [SENTENCE], [_card(grid)], tables, scope.masks)


def _put(grid: Grid, name: str, rows: dict[str, Counts], columns: list[Column], total: Counts) -> None:
    """Put a table of cents with its total; what a service sold is its net and what it gave back."""
    if name == "parts":  # its weeks of a year before are not the same days
        total = total | {"before": merged(rows.values())["before"]}
    grid.cells |= {(name, TOTAL, column.name): total[column.name] for column in columns}
    put_table(grid, name, rows, {column.name: (name, TOTAL, column.name) for column in columns})
    if columns is SOLD:
        for row in [*rows, TOTAL]:
            grid.adds_up([(name, row, "net"), (name, row, "cancelled")], (name, row, "sold"))
    if name == "parts":
        for column in SOLD[:3]:
            grid.adds_up([("services", TOTAL, column.name)], (name, TOTAL, column.name))


def _table(grid: Grid, name: str, titles: tuple[str, str], rows: Iterable[str], columns: list[Column]) -> Table:
    made = [Row(row, [grid.cell(column, (name, row, column.name)) for column in columns]) for row in [*rows, TOTAL]]
    return Table(*titles, made[:-1], Row("Total", made[-1].cells))


def _card(grid: Grid) -> Card:
    net, before = (grid.cell(column, ("services", TOTAL, column.name)) for column in LAST)
    return Card("Vendu, annulations déduites", net.text, f"un an avant : {before.text}")


def _plot(grid: Grid, scope: Scope, parts: dict[str, Counts]):
    """In whole euros; what is hidden has no bar, what is below zero neither."""

    def shown(name: str, field: str) -> int | None:
        return None if ("parts", name, field) in grid.hidden else max(0, parts[name][field].value // 100)

    short = {part.name: part.short for part in parts_of(scope.period, scope.step)}
    groups = [(short[name], [shown(name, "net"), shown(name, "before")]) for name in parts]
    return plot("Vendu, annulations déduites, en euros", groups, SERIES)


def _services(rows: Sequence[tuple]) -> dict[str, Counts]:
    """The services that sold or gave back something, now or a year before; those that are no more by their code."""
    names = service_names()
    codes = {code for kind, code, *_ in rows if kind == AccountKind.REVENUE}
    known = [code for code in names if code in codes]
    return {
        names.get(code, f"Recettes {code}"): counted(row[2:] for row in rows if row[1] == code)
        for code in known + sorted(codes - names.keys())
    }


def _means(rows: Sequence[tuple]) -> dict[str, Counts]:
    kinds = {kind for kind, *_ in rows}
    return {kind.label: counted(row[2:] for row in rows if row[0] == kind) for kind in MEANS if kind in kinds}


def _parts(scope: Scope, dates: Sequence[tuple]) -> dict[str, Counts]:
    """What services sold by day, week or month, those without anything left out."""
    found = {}
    for part in parts_of(scope.period, scope.step):
        first, last = part.before
        now = [(nature, cents, 0, people, 0) for day, nature, cents, people in dates if part.first <= day <= part.last]
        before = [(nature, 0, cents, 0, people) for day, nature, cents, people in dates if first <= day <= last]
        if now or before:
            found[part.name] = counted([*now, *before])
    return found


def counted(rows: Iterable[tuple[str, int, int, int, int]]) -> Counts:
    """The sums of rows of (nature, cents, cents a year before, people, people a year before)."""
    value, people = dict.fromkeys((*NATURES, "net", "before"), 0), dict.fromkeys((*NATURES, "net", "before"), 0)
    for nature, now, before, several, earlier in rows:
        sign = -1 if nature == "cancelled" else 1
        for name, cents, who in (
            (nature, now, several),
            ("net", sign * now, several),
            ("before", sign * before, earlier),
        ):
            value[name] += cents
            people[name] = max(people[name], who)
    return {name: Count(value[name], people[name]) for name in value}


def merged(rows: Iterable[Counts]) -> Counts:
    """The sum of some rows; of people, as many as one of them has."""
    found = counted([])
    for row in rows:
        found = {
            name: Count(count.value + row[name].value, max(count.people, row[name].people))
            for name, count in found.items()
        }
    return found


def _read(scope: Scope, codes: list[str]) -> tuple[list[tuple], list[tuple]]:
    """(kind, code, nature, cents and people now and a year before); (day, nature, cents, people) of takings."""
    before = [part.before for part in parts_of(scope.period, scope.step)]
    asked = {
        "codes": codes,
        "all": scope.books,
        "first": scope.period.first,
        "last": scope.period.last,
        "before_first": scope.before[0],
        "before_last": scope.before[1],
        "oldest": before[0][0],
        "newest": before[-1][1],
    }
    with connection.cursor() as cursor:
        cursor.execute(_SUMS, asked)
        sums = cursor.fetchall()
        cursor.execute(_DATES, asked)
        return [_whole(row) for row in sums], [_whole(row) for row in cursor.fetchall()]


def _whole(row: tuple) -> tuple:
    """PostgreSQL sums whole numbers as decimals."""
    return tuple(each if isinstance(each, str) or not hasattr(each, "__int__") else int(each) for each in row)


_NOW, _BEFORE = (f"FILTER (WHERE date BETWEEN %({name}first)s AND %({name}last)s)" for name in ("", "before_"))
_SUMS = f"""
    SELECT kind, code, nature, coalesce(sum(cents) {_NOW}, 0), coalesce(sum(cents) {_BEFORE}, 0),
           coalesce(max(people) {_NOW}, 0), coalesce(max(people) {_BEFORE}, 0)
    FROM reservations_moneyfigure
    WHERE (date BETWEEN %(first)s AND %(last)s OR date BETWEEN %(before_first)s AND %(before_last)s)
      AND (%(all)s OR kind = 'revenue' AND code = ANY(%(codes)s))
    GROUP BY kind, code, nature ORDER BY kind, code, nature
"""
_DATES = """
    SELECT date, nature, sum(cents), max(people)
    FROM reservations_moneyfigure
    WHERE kind = 'revenue' AND (%(all)s OR code = ANY(%(codes)s))
      AND (date BETWEEN %(first)s AND %(last)s OR date BETWEEN %(oldest)s AND %(newest)s)
    GROUP BY date, nature
"""
