"""Small numbers are masked so that nobody is recognised, and enough others that no sum gives them back.

Statistical secrecy as INSEE practises it: a number of fewer than so many people is not shown (« secret primaire »), and
others are hidden so that no total, difference or chain of them betrays it (« secret secondaire »). Nothing here knows
what the numbers mean: cells have a name, lines say which cells add up.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

FEWEST = 5  # people
PRIME = 2_147_483_647  # sums are compared modulo this: exact for what is asked, and fast

Key = Hashable
Line = Sequence[Key]  # the last cell is the sum of those before it


@dataclass(frozen=True, slots=True)
class Count:
    """A number, and of how many people it is at least."""

    value: int
    people: int


def masked(cells: Mapping[Key, Count], lines: Sequence[Line], fewest: int = FEWEST) -> frozenset[Key]:
    """The cells to hide: those of fewer people than ``fewest`` but not of none, and what would give one of them back.

    Of what else could be hidden the smallest number goes first; a number of nobody only where nothing else is left.
    """
    hidden = {key for key, count in cells.items() if count.value and count.people < fewest}
    lines = [line for line in lines if len(line) > 1]
    while True:
        betrayed = _short_lines(cells, lines, hidden, fewest) or _solved(lines, hidden)
        line = next((line for line in betrayed if any(key not in hidden for key in line)), None)
        if line is None:
            return frozenset(hidden)
        hidden.add(min((key for key in line if key not in hidden), key=lambda key: _rank(cells, line, key)))


def _rank(cells: Mapping[Key, Count], line: Line, key: Key) -> tuple:
    """Which cell of a line is hidden first: not the sum, not a zero, the smallest, then as they stand."""
    return key == line[-1], not cells[key].value, cells[key].value, line.index(key)


def _short_lines(cells: Mapping[Key, Count], lines: Sequence[Line], hidden: set[Key], fewest: int) -> list[Line]:
    """The lines in which one cell alone is hidden, or whose hidden ones are known together to be of too few people."""
    found = []
    for line in lines:
        covered = [key for key in line if key in hidden]
        few = line[-1] not in hidden and sum(cells[key].people for key in covered) < fewest
        if len(covered) == 1 or (covered and few):
            found.append(line)
    return found


def _solved(lines: Sequence[Line], hidden: set[Key]) -> list[Line]:
    """The lines with a hidden cell that all lines together give back, by elimination: its row is left with it alone."""
    rows: dict[Key, dict[Key, int]] = {}
    for line in lines:
        row = {key: 1 for key in line[:-1] if key in hidden}
        if line[-1] in hidden:
            row[line[-1]] = (row.get(line[-1], 0) - 1) % PRIME
        _reduce(row, rows)
    alone = {pivot for pivot, row in rows.items() if len(row) == 1}
    return [line for line in lines if alone.intersection(line)]


def _reduce(row: dict[Key, int], rows: dict[Key, dict[Key, int]]) -> None:
    """Add a row to the others, all of them reduced: no row holds the pivot of another."""
    for pivot in [key for key in row if key in rows]:
        _take(row, rows[pivot], row[pivot])
    if not row:
        return
    pivot = next(iter(row))
    inverse = pow(row[pivot], -1, PRIME)
    row = {key: value * inverse % PRIME for key, value in row.items()}
    for other in rows.values():
        if pivot in other:
            _take(other, row, other[pivot])
    rows[pivot] = row


def _take(row: dict[Key, int], other: dict[Key, int], times: int) -> None:
    """Take another row so many times from a row."""
    for key, value in other.items():
        left = (row.get(key, 0) - times * value) % PRIME
        if left:
            row[key] = left
        else:
            row.pop(key, None)
