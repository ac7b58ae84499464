"""Tables of figures as a page, a sheet of paper and a spreadsheet show them, their small numbers masked when asked."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from common.values.money import euros
from reservations.rules.figures.masks import Count, Key, Line, masked
from reservations.rules.figures.plots import Plot, spoken

HIDDEN = "masqué"
NOTHING = "–"
Number = int | float | None
TOTAL = "total"


@dataclass(frozen=True)
class Column:
    """What a column holds: ``count``, ``money`` (cents) or ``rate`` (percent)."""

    name: str
    title: str
    kind: str = "count"


@dataclass(frozen=True)
class Cell:
    """A number of a table, or why there is none."""

    title: str
    kind: str
    value: Number
    hidden: bool = False

    @property
    def text(self) -> str:
        """As people read it."""
        if self.hidden:
            return HIDDEN
        if self.value is None:
            return NOTHING
        if self.kind == "money":
            return euros(int(self.value))
        if self.kind == "rate":
            return f"{self.value:.1f}\u00a0%".replace(".", ",")
        return spoken(int(self.value))

    @property
    def plain(self) -> str | int | float | None:
        """As a spreadsheet computes with it: amounts in euros, rates as parts of one."""
        if self.hidden:
            return HIDDEN
        if self.value is None:
            return None
        return self.value / 100 if self.kind in ("money", "rate") else self.value


@dataclass(frozen=True)
class Row:
    label: str
    cells: list[Cell]


@dataclass
class Table:
    """A table with its total, the plot that shows the same, and what is to be known of it."""

    title: str
    heading: str
    rows: list[Row]
    total: Row | None = None
    note: str = ""
    plot: Plot | None = None


@dataclass
class Card:
    """A figure on top of the page; ``note`` compares it."""

    label: str
    text: str
    note: str = ""


@dataclass
class Sheet:
    """What a page of figures shows."""

    title: str
    sentences: list[str]
    cards: list[Card] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    masks: bool = False


@dataclass
class Grid:
    """Numbers of a page by table, row and column, and which of them add up; masks are decided for all tables at once."""

    cells: dict[Key, Count] = field(default_factory=dict)
    lines: list[Line] = field(default_factory=list)
    hidden: frozenset[Key] = frozenset()

    def put(self, key: Key, value: int, people: int) -> None:
        self.cells[key] = Count(value, people)

    def adds_up(self, parts: Iterable[Key], whole: Key) -> None:
        """The cells of ``parts`` make the one of ``whole``."""
        self.lines.append([*parts, whole])

    def mask(self) -> None:
        """Hide small numbers, and what betrays them."""
        self.hidden = masked(self.cells, self.lines)

    def value(self, key: Key) -> int:
        return self.cells[key].value

    def cell(self, column: Column, key: Key) -> Cell:
        """The number of a key in a column."""
        return Cell(column.title, column.kind, self.cells[key].value, key in self.hidden)

    def made_of(self, column: Column, value: Number, keys: Iterable[Key]) -> Cell:
        """A number computed from others: hidden when one of them is."""
        return Cell(column.title, column.kind, value, any(key in self.hidden for key in keys))


def put_table(grid: Grid, name: str, rows: Mapping[str, Mapping[str, Count]], totals: Mapping[str, Key]) -> None:
    """Put the rows of a table into a grid, each column adding up to its total's key, which is put by the caller."""
    for row, counts in rows.items():
        for field_name, count in counts.items():
            grid.cells[name, row, field_name] = count
    for field_name, whole in totals.items():
        grid.adds_up([(name, row, field_name) for row in rows], whole)


def titles(columns: Sequence[Column]) -> list[str]:
    return [column.title for column in columns]
