"""The books of the authority: a month of 200,000 transfers summed up, a day of them listed and exported."""

import time
from collections.abc import Callable
from datetime import date
from statistics import median

from django.db import connection, transaction
from django.utils import timezone

from reservations.reads.books.accounting import month_after, month_of, span_of
from reservations.reads.books.journal import entries, journal_rows, totals_of, transfers_of
from tests.bench import databases

TRANSFERS = 200_000  # a month; the one before, the one that is closed, the present one
ROUNDS = 5
LIMITS = {"Month summed up": 2, "Day, first page": 0.5, "Day, as a spreadsheet": 5}  # seconds


def report(families: int) -> tuple[str, list[str]]:
    """The figures in words, and the limits that they break, on a copy of the town grown by three months."""
    databases.copy_of(families)
    last = month_after(timezone.localdate(), -1)
    for months in (-1, 0, 1):
        _grow(month_after(last, months))
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    if not month_of(last).ties:
        raise SystemExit("The month does not tie.")
    acts = {
        "Month summed up": lambda: month_of(last),
        "Day, first page": lambda: _first_page(last),
        "Day, as a spreadsheet": lambda: sum(1 for _ in journal_rows(last)),
    }
    found = {name: _seconds(act) for name, act in acts.items()}
    lines = [f"{name:28} {seconds:6.2f} s, at most {LIMITS[name]} s" for name, seconds in found.items()]
    broken = [f"{name}: {it:.2f} s, at most {LIMITS[name]}" for name, it in found.items() if it > LIMITS[name]]
    return "\n".join([f"\nThe books, {TRANSFERS:,} transfers a month:", *lines]), broken


def _first_page(day: date) -> None:
    transfers = transfers_of(day)
    totals_of(transfers)
    list(entries(transfers[:100]))


def _seconds(act: Callable[[], object]) -> float:
    def once() -> float:
        start = time.perf_counter()
        act()
        return time.perf_counter() - start

    return median(once() for _ in range(ROUNDS))


def _grow(month: date) -> None:
    """Meals eaten and debited in a month, two by operation, spread over 28 days."""
    start, _ = span_of(month, month)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(_MEALS, {"operations": TRANSFERS // 2, "start": start, "now": timezone.now()})


_MEALS = """
    WITH wallets AS (SELECT array_agg(account_id) AS pks FROM wallet_wallet),
    services AS (SELECT array_agg(id) AS pks FROM wallet_account WHERE kind = 'revenue'),
    acts AS (
        INSERT INTO wallet_operation (kind, label, at, created_at)
        SELECT 'deferred_debit', 'Consommations', %(start)s + (n %% 28) * interval '1 day', %(now)s
        FROM generate_series(1, %(operations)s) AS n
        RETURNING id
    )
    INSERT INTO wallet_transfer (operation_id, source_id, target_id, cents, reference, label)
    SELECT acts.id, wallets.pks[1 + acts.id %% cardinality(wallets.pks)],
           services.pks[1 + (acts.id + n) %% cardinality(services.pks)], 380, 'books:' || acts.id || ':' || n, ''
    FROM acts, wallets, services, generate_series(1, 2) AS n
"""
