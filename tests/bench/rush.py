"""How many carts of 20 days eight visitors confirm a second, each in a process of their own, as web workers do."""

import time
from multiprocessing import get_context

import django

VISITORS, CARTS = 8, 20


def report() -> str:
    """The figure in words; informative, no limit hangs on it."""
    context = get_context("spawn")
    start = context.Barrier(VISITORS)
    with context.Pool(VISITORS, initializer=_begin, initargs=(start,)) as pool:
        spans = pool.map(_shop, range(VISITORS), chunksize=1)
    seconds = max(end for _, end in spans) - min(begin for begin, _ in spans)
    carts = VISITORS * CARTS / seconds
    return f"\n{VISITORS} visitors at once: {carts:.0f} carts confirmed a second, {carts * 20:.0f} bookings a second"


def _begin(barrier) -> None:
    global start
    start = barrier
    django.setup()


def _shop(number: int) -> tuple[float, float]:
    """Fill all carts first, then confirm them one after the other: (begin, end) on the clock all processes share."""
    from tests.bench import databases
    from tests.bench.people import Shopper

    databases.use(databases.COPY)
    shopper = Shopper(60 + number, VISITORS)
    orders = []
    for _ in range(CARTS):
        shopper.fill()
        orders.append((shopper.person, shopper.key))
    start.wait()
    begin = time.monotonic()
    for shopper.person, shopper.key in orders:
        shopper.confirm()
    return begin, time.monotonic()
