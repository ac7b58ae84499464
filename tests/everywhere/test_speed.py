"""What `make bench` measures by the clock, guarded here by what does not depend on the clock: queries and bytes."""

import pytest
import time_machine

from tests.bench import run, town
from tests.bench.measured import attendance
from wallet.checks import differences

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.bench.urls")]


@pytest.fixture
def hamlet():
    """Forty families of one commune with a school year of days, in November."""
    with time_machine.travel("2026-11-03 09:00+01:00"):
        town.build(40, communes=1)
        yield


def test_the_town_of_the_bench_has_an_exact_ledger(hamlet):
    assert town.facts() == {"families": 40, "children": 79, "days": 174, "bookings": 3672, "orders": 279}
    assert list(differences()) == []


def test_the_bench_runs_and_the_calendar_keeps_its_queries_and_its_weight(hamlet):
    """At most 8 queries and 40 kB a month; no page is heavier than 60 kB; the ledger stays exact after the carts.

    The queries of the other pages: tests/reservations/test_queries.py.
    """
    measures = run.pages() + run.carts()
    for row in measures:
        row.look()
    calendars = [row.seen_queries for row in measures if row.name.startswith("Calendar")]
    assert calendars == [8, 8, 8]
    weeks = {row.name: row.seen_queries for row in measures if "week" in row.name or "semaine" in row.name}
    assert weeks == {"Home, a week to book": 18, "« Réserver la semaine »": 11, "The usual week, confirmed": 30}
    assert [row.name for row in measures if row.seen_bytes > (row.kilobytes or 60) * 1000] == []
    assert list(differences()) == []


def test_a_sheet_of_2000_children_keeps_its_weight(hamlet):
    """At most 300 kB, in as many queries as a short one (tests/reservations/actions/days/test_attendance.py)."""
    row = attendance.sheet()
    row.look()
    assert (row.seen_queries, row.seen_bytes < 300_000) == (8, True)
    assert list(differences()) == []


def test_a_broken_limit_is_told():
    row = run.Measure("Calendar", None, ratio=5, queries=8, kilobytes=40)
    row.times, row.seen_queries, row.seen_bytes = [0.060], 9, 40_001
    assert row.broken(unit=10) == [
        "Calendar: 6.0 ratio, at most 5",
        "Calendar: 9.0 queries, at most 8",
        "Calendar: 40.0 kB, at most 40",
    ]
    row.times, row.seen_queries, row.seen_bytes = [0.050], 8, 40_000
    assert row.broken(unit=10) == []
