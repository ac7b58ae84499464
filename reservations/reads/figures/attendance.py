"""« Fréquentation »: places booked, who came and who did not, by time, activity, school, age, commune and quotient."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import connection

from accounts.models import Commune
from common.values.dates import date_numeric
from families.models import School
from reservations.models import DayFigure
from reservations.reads.figures.families import read_families
from reservations.reads.figures.scope import Scope
from reservations.reads.figures.tables import HIDDEN, TOTAL, Card, Cell, Column, Grid, Row, Sheet, Table, put_table
from reservations.rules.figures.masks import FEWEST, Count
from reservations.rules.figures.periods import Period, compared, parts_of, percent
from reservations.rules.figures.plots import plot, spoken

Dimension = DayFigure.Dimension
PARTS = ("present", "absent", "justified", "unmarked")  # of what was booked
COUNTED = (*PARTS, "booked", "unbooked")
FIELDS = (*COUNTED, "before")
ADULT = 18
COLUMNS = [
    Column("booked", "Réservés"),
    Column("before", "Un an avant"),
    Column("present", "Venus"),
    Column("absent", "Absents"),
    Column("justified", "Justifiés"),
    Column("unmarked", "Non pointés"),
    Column("unbooked", "Venus sans réserver"),
]
CAME = Column("came", "Présence", "rate")
MISSED = Column("missed", "Absence", "rate")
SERIES = [("pv-now", "cette période"), ("pv-before", "un an avant")]
UNKNOWN = {
    Dimension.SCHOOL: "Sans école connue",
    Dimension.COMMUNE: "Sans commune",
    Dimension.BRACKET: "Quotient inconnu",
    Dimension.AGE: "Âge inconnu",
}
ODD = {"?": "", "none": "Sans tarif ce jour-là"}
HEADINGS = {
    Dimension.SCHOOL: ("Par école", "École"),
    Dimension.AGE: ("Par âge, le jour venu", "Âge"),
    Dimension.COMMUNE: ("Par commune de la famille", "Commune"),
    Dimension.BRACKET: ("Par tranche de quotient", "Tranche"),
}
Counts = dict[str, Count]


@dataclass
class Read:
    """What the night counted for a scope: by date, by (dimension, key), by activity, in all."""

    dates: dict
    keys: dict[tuple[str, str], Counts]
    activities: dict[int, Counts]
    total: Counts


def attendance_sheet(scope: Scope) -> Sheet:
    """The page, in four queries and the names of schools and communes."""
    read, families = _read(scope), read_families(scope)
    grid = Grid()
    tables = {"parts": _by_part(scope, read), "activity": _by_activity(scope, read), **_by_key(read)}
    for field in FIELDS:
        grid.cells["all", TOTAL, field] = read.total[field]
    for name, rows in tables.items():
        _put(grid, name, rows)
    families.put(grid)
    if scope.masks:
        grid.mask()
    drawn = [_table(grid, scope, name, rows) for name, rows in tables.items() if rows]
    cards = [*_cards(grid, scope, read), families.card(grid)]
    return Sheet("Fréquentation", _sentences(scope), cards, [*drawn, *families.tables(grid, scope)], scope.masks)


def _put(grid: Grid, name: str, rows: dict[str, Counts]) -> None:
    """Put a table: each row is made of its parts, each column of its rows; weeks have a year before of their own."""
    totals = {field: ("all", TOTAL, field) for field in FIELDS}
    if name == "parts":
        totals["before"] = (name, TOTAL, "before")
        grid.cells[totals["before"]] = merged([rows[row] for row in rows])["before"]
    put_table(grid, name, rows, totals)
    for row in rows:
        grid.adds_up([(name, row, part) for part in PARTS], (name, row, "booked"))
    grid.adds_up([("all", TOTAL, part) for part in PARTS], ("all", TOTAL, "booked"))


def _table(grid: Grid, scope: Scope, name: str, rows: dict[str, Counts]) -> Table:
    title, heading = _heading(name, scope)
    made = [Row(label, _cells(grid, name, label)) for label in rows]
    before = name if name == "parts" else "all"
    total = Row("Total", _cells(grid, "all", TOTAL, before))
    return Table(title, heading, made, total, plot=_plot(grid, name, title, rows, scope))


def _heading(name: str, scope: Scope) -> tuple[str, str]:
    if name == "parts":
        return f"Par {scope.step.value}", scope.step.value.capitalize()
    return ("Par activité", "Activité") if name == "activity" else HEADINGS[Dimension(name)]


def _cells(grid: Grid, name: str, row: str, before: str = "") -> list[Cell]:
    found = [
        grid.cell(column, (before if column.name == "before" and before else name, row, column.name))
        for column in COLUMNS
    ]
    return [*found, *_rates(grid, name, row)]


def _rates(grid: Grid, name: str, row: str) -> list[Cell]:
    """Who came, and who stayed away without a reason, of those who were marked."""
    keys = [(name, row, part) for part in ("present", "absent", "justified")]
    present, absent, justified = map(grid.value, keys)
    marked = present + absent + justified
    return [
        grid.made_of(CAME, percent(present, marked), keys),
        grid.made_of(MISSED, percent(absent, marked), keys),
    ]


def _plot(grid: Grid, name: str, title: str, rows: dict[str, Counts], scope: Scope):
    short = {part.name: part.short for part in parts_of(scope.period, scope.step)} if name == "parts" else {}
    if name != "parts" and name != Dimension.AGE:
        return None

    def shown(row, field):
        return None if (name, row, field) in grid.hidden else grid.value((name, row, field))

    groups = [(short.get(row, row), [shown(row, field) for field in ("booked", "before")]) for row in rows]
    return plot(f"Réservés, {title[0].lower()}{title[1:]}", groups, SERIES)


def _cards(grid: Grid, scope: Scope, read: Read) -> Iterable[Card]:
    for field, label in (("booked", "Réservés"), ("present", "Venus")):
        yield Card(label, grid.cell(Column(field, label), ("all", TOTAL, field)).text, _note(scope, read, field))
    came, missed = _rates(grid, "all", TOTAL)
    yield Card("Taux de présence", came.text, "de ceux qui ont été pointés")
    yield Card("Taux d’absence sans motif", missed.text, "de ceux qui ont été pointés")


def _note(scope: Scope, read: Read, field: str) -> str:
    """How the days that are over compare with those of a year before; nothing where a number is of few people."""
    spans = compared(scope.period, scope.yesterday)
    if spans is None:
        return "à venir"
    now, before = (_over(read, span)[field] for span in spans)
    if scope.masks and any(count.value and count.people < FEWEST for count in (now, before)):
        return f"un an avant : {HIDDEN}"
    if not before.value:
        return "rien un an avant"
    change = percent(now.value - before.value, before.value)
    return f"au {date_numeric(spans[0].last)} : {spoken(now.value)}, un an avant {spoken(before.value)} ({_signed(change)})"


def _signed(change: float) -> str:
    return f"{'+' if change > 0 else '−' if change < 0 else ''}{abs(change):.1f}\u00a0%".replace(".", ",")


def _over(read: Read, span: Period) -> Counts:
    return merged(counts for day, counts in read.dates.items() if span.first <= day <= span.last)


def _sentences(scope: Scope) -> list[str]:
    return [
        "Un enfant compte une fois par activité et par jour. « Réservés » compte les places réservées, jours à venir "
        "compris ; « Venus », « Absents » et « Justifiés » ce qui a été pointé sur les feuilles de présence. « Présence » et "
        "« Absence » : la part des venus, et des absents sans motif, parmi ceux qui ont été pointés. « Un an avant » : les "
        "places réservées."
    ]


# --- Rows -------------------------------------------------------------------------------------------------------------
def _by_part(scope: Scope, read: Read) -> dict[str, Counts]:
    """One row a day, week or month; its year before is of the same weekdays, or of the same month. Empty days are left out."""
    found = {}
    for part in parts_of(scope.period, scope.step):
        now = merged(counts for day, counts in read.dates.items() if part.first <= day <= part.last)
        first, last = part.before
        before = merged(counts for day, counts in read.dates.items() if first <= day <= last)["booked"]
        if now["booked"].value or now["unbooked"].value or before.value:
            found[part.name] = now | {"before": before}
    return found


def _by_activity(scope: Scope, read: Read) -> dict[str, Counts]:
    return {str(scope.activities[pk]): counts for pk, counts in read.activities.items()}


def _by_key(read: Read) -> dict[str, dict[str, Counts]]:
    """The tables of schools, ages, communes and brackets, each in the order that people expect."""
    names = {
        Dimension.SCHOOL: _names(School.objects.select_related("commune"), read, Dimension.SCHOOL),
        Dimension.COMMUNE: _names(Commune.objects, read, Dimension.COMMUNE),
    }
    found = {}
    for dimension in HEADINGS:
        rows = {key: counts for (each, key), counts in read.keys.items() if each == dimension}
        ordered = sorted(rows, key=lambda key: _rank(dimension, key, names))
        found[dimension.value] = _grouped((_label(dimension, key, names), rows[key]) for key in ordered)
    return found


def _names(rows, read: Read, dimension: str) -> dict[str, str]:
    pks = [int(key) for each, key in read.keys if each == dimension and key != "?"]
    return {str(row.pk): str(row) for row in rows.filter(pk__in=pks)}


def _rank(dimension: str, key: str, names: dict) -> tuple:
    if dimension in names:
        return key == "?", names[dimension].get(key, "")
    return key in ODD, *(int(part or 10**9) for part in key.split("-") if key not in ODD)


def _label(dimension: str, key: str, names: dict) -> str:
    if key in ODD:
        return ODD[key] or UNKNOWN[dimension]
    if dimension in names:
        return names[dimension].get(key, UNKNOWN[dimension])
    return _age(int(key)) if dimension == Dimension.AGE else _bracket(*key.split("-"))


def _age(years: int) -> str:
    if years >= ADULT:
        return "Adultes"
    return f"{years} an{'s' if years > 1 else ''}"


def _bracket(low: str, high: str) -> str:
    """« Tarif unique », « 0 à 399 », « 800 et plus »."""
    if low == "0" and not high:
        return "Tarif unique"
    return f"{low} à {high}" if high else f"{low} et plus"


def _grouped(rows: Iterable[tuple[str, Counts]]) -> dict[str, Counts]:
    """Rows of one label make one."""
    found: dict[str, Counts] = {}
    for label, counts in rows:
        found[label] = merged([found[label], counts]) if label in found else counts
    return found


def merged(rows: Iterable[Counts]) -> Counts:
    """The sum of some rows; of people, as many as one of them has."""
    value, people = dict.fromkeys(FIELDS, 0), dict.fromkeys(FIELDS, 0)
    for row in rows:
        for field, count in row.items():
            value[field] += count.value
            people[field] = max(people[field], count.people)
    return {field: Count(value[field], people[field]) for field in FIELDS}


# --- Reading ----------------------------------------------------------------------------------------------------------
def _read(scope: Scope) -> Read:
    first, last = scope.before
    parts = [part.before for part in parts_of(scope.period, scope.step)]
    asked = {
        "activities": scope.pks,
        "first": scope.period.first,
        "last": scope.period.last,
        "before_first": first,
        "before_last": last,
        "oldest": min([first, *(part[0] for part in parts)]),
        "newest": max([last, *(part[1] for part in parts)]),
    }
    with connection.cursor() as cursor:
        cursor.execute(_DATES, asked)
        dates = {day: _counts(numbers) for day, *numbers in cursor.fetchall()}
        cursor.execute(_KEYS, asked)
        rows = cursor.fetchall()
    keys = {(dimension, key): _counts(numbers) for dimension, key, _, *numbers in rows if dimension != "all"}
    activities = {pk: _counts(numbers) for dimension, _, pk, *numbers in rows if dimension == "all"}
    ordered = {pk: activities[pk] for pk in scope.activities if pk in activities}
    return Read(dates, keys, ordered, merged(ordered.values()))


def _counts(numbers: list[int]) -> Counts:
    """A row as it is read: sums, then the most on one day of one activity, which are people all of them."""
    half = len(numbers) // 2
    fields = FIELDS if half == len(FIELDS) else COUNTED
    return {
        field: Count(int(value or 0), int(people or 0))
        for field, value, people in zip(fields, numbers[:half], numbers[half:], strict=True)
    }


_UNMARKED = "booked - present - absent - justified"
_NUMBERS = ("present", "absent", "justified", _UNMARKED, "booked", "unbooked")
_DATES = f"""
    SELECT date, {", ".join(f"sum({each})" for each in _NUMBERS)}, {", ".join(f"max({each})" for each in _NUMBERS)}
    FROM reservations_dayfigure
    WHERE dimension = 'all' AND activity_id = ANY(%(activities)s)
      AND (date BETWEEN %(first)s AND %(last)s OR date BETWEEN %(oldest)s AND %(newest)s)
    GROUP BY date ORDER BY date
"""
_NOW, _BEFORE = (f"FILTER (WHERE date BETWEEN %({name}first)s AND %({name}last)s)" for name in ("", "before_"))
_KEYS = f"""
    SELECT dimension, key, CASE dimension WHEN 'all' THEN activity_id END AS activity,
           {", ".join(f"sum({each}) {_NOW}" for each in _NUMBERS)}, sum(booked) {_BEFORE},
           {", ".join(f"max({each}) {_NOW}" for each in _NUMBERS)}, max(booked) {_BEFORE}
    FROM reservations_dayfigure
    WHERE activity_id = ANY(%(activities)s)
      AND (date BETWEEN %(first)s AND %(last)s OR date BETWEEN %(before_first)s AND %(before_last)s)
    GROUP BY dimension, key, activity
"""
