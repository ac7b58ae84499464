"""What `make bench` measures by the clock, guarded here by what does not depend on the clock: queries and bytes."""

import pytest
import time_machine

from tests.bench import run, town
from wallet.checks import differences

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.bench.urls")]
QUERIES = {
    "Empty signed-in page": 3,
    "Calendar, one child, month free": 8,
    "Calendar, one child, month booked": 8,
    "Calendar, three children": 8,
    "Recap of a ticked month (htmx)": 8,
    "« Mes réservations »": 5,
    "Statement": 8,
    "Account page": 5,
    "Products": 4,
    "Past orders": 4,
    "« Mes filiations »": 6,
    "Cart of 20 days": 11,
    "Cart of 20 days, confirmed": 34,
}


@pytest.fixture
def hamlet():
    """Forty families of one commune with a school year of days, in November."""
    with time_machine.travel("2026-11-03 09:00+01:00"):
        town.build(40, communes=1)
        yield


def test_the_town_of_the_bench_has_an_exact_ledger(hamlet):
    assert town.facts() == {"families": 40, "children": 79, "days": 174, "bookings": 3672, "orders": 279}
    assert list(differences()) == []


def test_pages_and_carts_of_a_town_keep_their_queries_and_their_weight(hamlet):
    """The calendar of a month: at most 8 queries and 40 kB. Nothing is heavier than 60 kB; the ledger stays exact."""
    measures = run.pages() + run.carts()
    for row in measures:
        row.look()
    assert {row.name: row.seen_queries for row in measures} == QUERIES
    assert [row.name for row in measures if row.seen_bytes > (row.kilobytes or 60) * 1000] == []
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
