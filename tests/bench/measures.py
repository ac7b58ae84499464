"""One figure after the other, by turns with the empty page, so that a busy machine disturbs all of them alike."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import median

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext


@dataclass
class Measure:
    """A page or an act with its limits: ``ratio`` to the empty page, ms, queries, kB of HTML; None where there is none."""

    name: str
    act: Callable[[], object]
    ratio: float | None = None
    milliseconds: float | None = None
    queries: int | None = None
    kilobytes: int | None = None
    prepare: Callable[[], object] = lambda: None
    times: list[float] = field(default_factory=list)
    seen_queries: int = 0
    seen_bytes: int = 0

    @property
    def ms(self) -> float:
        return median(self.times) * 1000

    def look(self) -> None:
        """Once to warm the caches, once with the queries counted."""
        self.prepare()
        self.act()
        self.prepare()
        with CaptureQueriesContext(connection) as captured:
            response = self.act()
        self.seen_queries = len(captured)
        self.seen_bytes = len(response.content)

    def take(self) -> None:
        """Once, by the clock."""
        self.prepare()
        start = time.perf_counter()
        self.act()
        self.times.append(time.perf_counter() - start)

    def broken(self, unit: float) -> list[str]:
        """The limits that are broken, ``unit`` being the empty page in ms."""
        found = [
            ("ratio", self.ms / unit, self.ratio),
            ("ms", self.ms, self.milliseconds),
            ("queries", self.seen_queries, self.queries),
            ("kB", self.seen_bytes / 1000, self.kilobytes),
        ]
        return [
            f"{self.name}: {is_:.1f} {what}, at most {limit}" for what, is_, limit in found if limit and is_ > limit
        ]


def measure(rows: list[Measure], rounds: int) -> None:
    """Look at each once, then take all of them in turn, ``rounds`` times."""
    for row in rows:
        row.look()
    for _ in range(rounds):
        for row in rows:
            row.take()


def getting(client: Client, address: str, **headers) -> Callable:
    """Fetch a page, which must be there."""

    def act():
        response = client.get(address, headers=headers)
        if response.status_code != 200:
            raise RuntimeError(f"{address} answered {response.status_code}")
        return response

    return act


def posting(client: Client, address: str, data: dict, **headers) -> Callable:
    """Send a form."""

    def act():
        response = client.post(address, data, headers=headers)
        if response.status_code != 200:
            raise RuntimeError(f"{address} answered {response.status_code}")
        return response

    return act


def table(rows: list[Measure], unit: float) -> str:
    """The figures, one line each."""
    head = f"{'':38} {'median':>9} {'fastest':>9} {'ratio':>6} {'limit':>6} {'queries':>8} {'kB':>6}"
    return "\n".join([head, *(_line(row, unit) for row in rows)])


def _line(row: Measure, unit: float) -> str:
    limit = f"{row.ratio:g}" if row.ratio else f"{row.milliseconds:g} ms" if row.milliseconds else ""
    return (
        f"{row.name:38} {row.ms:6.1f} ms {min(row.times) * 1000:6.1f} ms {row.ms / unit:6.1f} {limit:>6}"
        f" {row.seen_queries:8} {row.seen_bytes / 1000:6.1f}"
    )
