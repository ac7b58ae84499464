"""Masks: no small number is shown, and no arithmetic on what is shown gives one back."""

from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from reservations.rules.figures.masks import FEWEST, Count, masked

small = st.integers(0, 9)


def table(rows: list[list[int]]) -> tuple[dict, list]:
    """A table with its totals: each column adds up to the last row, each row to the last column."""
    full = [[*row, sum(row)] for row in rows]
    full.append([sum(column) for column in zip(*full, strict=True)])
    cells = {(r, c): Count(number, number) for r, row in enumerate(full) for c, number in enumerate(row)}
    height, width = len(full), len(full[0])
    lines = [[(r, c) for c in range(width)] for r in range(height)]
    lines += [[(r, c) for r in range(height)] for c in range(width)]
    return cells, lines


def determined(cells: dict, lines: list, hidden: frozenset) -> set:
    """The hidden cells that the shown ones give back, by exact elimination: another way than the rule's."""
    names = sorted(hidden)
    rows = [[Fraction(0 if key not in line else -1 if key == line[-1] else 1) for key in names] for line in lines]
    rank, found = 0, set()
    for column in range(len(names)):
        pivot = next((r for r in range(rank, len(rows)) if rows[r][column]), None)
        if pivot is None:
            continue
        rows[rank], rows[pivot] = rows[pivot], rows[rank]
        rows[rank] = [value / rows[rank][column] for value in rows[rank]]
        for r, row in enumerate(rows):
            if r != rank and row[column]:
                rows[r] = [a - row[column] * b for a, b in zip(row, rows[rank], strict=True)]
        rank += 1
    for row in rows[:rank]:
        alone = [name for name, value in zip(names, row, strict=True) if value]
        found |= {alone[0]} if len(alone) == 1 else set()
    return found


@settings(max_examples=150, deadline=None)
@given(
    st.integers(2, 4).flatmap(
        lambda width: st.lists(st.lists(small, min_size=width, max_size=width), min_size=2, max_size=5)
    )
)
def test_no_small_number_is_shown_nor_can_be_computed(rows):
    cells, lines = table(rows)
    hidden = masked(cells, lines)
    assert all(key in hidden for key, count in cells.items() if 0 < count.value < FEWEST)
    assert determined(cells, lines, hidden) == set()
    for line in lines:
        parts = [key for key in line if key in hidden]
        if parts and line[-1] not in hidden and len(parts) < len(line) - 1:
            assert sum(cells[key].people for key in parts) >= FEWEST


def test_nothing_is_hidden_where_nothing_is_small():
    assert masked(*table([[5, 0, 12], [30, 7, 0]])) == frozenset()


def test_a_small_number_takes_the_next_smallest_of_its_line_with_it():
    cells = {"a": Count(3, 3), "b": Count(20, 20), "c": Count(8, 8), "all": Count(31, 31)}
    assert masked(cells, [["a", "b", "c", "all"]]) == {"a", "c"}


def test_two_small_numbers_that_are_few_together_take_a_third():
    cells = {"a": Count(1, 1), "b": Count(2, 2), "c": Count(8, 8), "d": Count(9, 9), "all": Count(20, 20)}
    assert masked(cells, [["a", "b", "c", "d", "all"]]) == {"a", "b", "c"}


def test_many_meals_of_few_children_are_hidden_too():
    assert masked({"meals": Count(140, 1)}, []) == {"meals"}


def test_a_number_that_only_two_lines_together_betray_is_hidden_with_more():
    """x is the only cell between two blocks of two by two: each line hides two cells or more, yet all of them give it back."""
    rows = [[1, 2, 60, 70], [2, 3, 3, 80], [90, 4, 3, 4], [90, 90, 4, 3]]
    cells, lines = table(rows)
    hidden = masked(cells, lines)
    assert determined(cells, lines, hidden) == set()
