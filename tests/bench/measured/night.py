"""The nightly debit of 50,000, 100,000 and 200,000 bookings: its time, its memory, and how they grow."""

import time
from datetime import date, timedelta
from multiprocessing import get_context

from django.db import connection, transaction
from django.utils import timezone

from tests.bench import jobs

SIZES = (50_000, 100_000, 200_000)
SECONDS, MEGABYTES = 30, 400  # for the largest
LINEAR = 2  # a booking of the largest night takes at most so many times one of the smallest
PRICE = 380


def report(hamlet: int) -> tuple[str, list[str]]:
    """The figures in words, and the limits that they break; each night debits a copy of the hamlet grown to its size."""
    nights = [(size, *_measured(hamlet, size)) for size in SIZES]
    lines = [
        f"{size:>9,} bookings {seconds:6.1f} s {megabytes:6.0f} MB {seconds / size * 1e6:6.0f} µs a booking"
        for size, seconds, megabytes in nights
    ]
    return "\n".join(["\nThe nightly debit, two bookings a wallet:", *lines]), _broken(nights)


def _broken(nights: list[tuple[int, float, float]]) -> list[str]:
    (few, fast, _), *_, (many, slow, megabytes) = nights
    growth = slow / many / (fast / few)
    found = [("s", slow, SECONDS), ("MB", megabytes, MEGABYTES), ("times the cost of a booking", growth, LINEAR)]
    return [
        f"Nightly debit of {many:,}: {is_:.1f} {what}, at most {limit}" for what, is_, limit in found if is_ > limit
    ]


def _measured(hamlet: int, size: int) -> tuple[float, float]:
    from reservations.actions import debit_the_day
    from tests.bench import databases

    databases.copy_of(hamlet)
    debit_the_day(_sunday())  # what the hamlet itself has not been debited of yet
    _grow(size)
    with get_context("spawn").Pool(1, initializer=jobs.set_up) as pool:
        debited, seconds, megabytes = pool.apply(_debit)
    if debited != size:
        raise SystemExit(f"The night debited {debited} bookings of {size}.")
    databases.require_exact_ledger()
    return seconds, megabytes


def _debit() -> tuple[int, float, float]:
    """(bookings, seconds, peak of memory in MB) of the night, in a process of its own."""
    from reservations.actions import debit_the_day
    from tests.bench import databases

    databases.use(databases.COPY)
    start = time.perf_counter()
    done = debit_the_day(_sunday())
    seconds = time.perf_counter() - start
    return done["bookings"], seconds, jobs.peak()


def _sunday() -> date:
    """The last Sunday: no activity of the hamlet takes place on it."""
    today = timezone.localdate()
    return today - timedelta(today.isoweekday() % 7 or 7)


def _grow(size: int) -> None:
    """Give the hamlet so many bookings of last Sunday: families of two children, each with an empty wallet."""
    known = {"families": size // 2, "day": _sunday(), "price": PRICE, "now": timezone.now()}
    with connection.cursor() as cursor:
        with transaction.atomic():
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            for statement in _CROWD:
                cursor.execute(statement, known)
        cursor.execute("VACUUM ANALYZE")


_CROWD = [
    """
    INSERT INTO families_family (name, parents_work, created_at)
    SELECT 'Foule', false, %(now)s FROM generate_series(1, %(families)s)
    """,
    """
    INSERT INTO wallet_account (kind, code, floor)
    SELECT 'wallet', 'family:' || family.id || ':purse:' || purse.id, purse.floor
    FROM families_family family, wallet_purse purse WHERE family.name = 'Foule' AND purse.is_default
    """,
    """
    INSERT INTO wallet_wallet (family_id, purse_id, account_id, never_blocked)
    SELECT family.id, purse.id, account.id, false
    FROM families_family family, wallet_purse purse, wallet_account account
    WHERE family.name = 'Foule' AND purse.is_default AND account.kind = 'wallet'
      AND account.code = 'family:' || family.id || ':purse:' || purse.id
    """,
    """
    INSERT INTO families_member (first_name, last_name, birth_date)
    SELECT first_name, family.id, '2018-05-10'
    FROM families_family family, unnest(ARRAY['Louane', 'Théo']) AS first_name WHERE family.name = 'Foule'
    """,
    """
    INSERT INTO reservations_order (family_id, by_id, billing, booked_cents, cancelled_cents, consent, remarks, at)
    SELECT family.id, (SELECT min(id) FROM accounts_user), 'deferred', 2 * %(price)s, 0, '', '{}', %(now)s
    FROM families_family family WHERE family.name = 'Foule'
    """,
    """
    INSERT INTO reservations_session (
        activity_id, date, arrival, departure, booked, held, waiting, waiting_capacity, closed_reason
    )
    SELECT id, %(day)s, arrival, departure, 0, 0, 0, 0, '' FROM reservations_activity WHERE billing = 'deferred'
    """,
    """
    INSERT INTO reservations_booking (
        session_id, member_id, family_id, order_id, billing, cents, quantity, origin, status
    )
    SELECT days.pks[1 + family.id %% cardinality(days.pks)], member.id, family.id, request.id,
           'deferred', %(price)s, 1, 'family', 'booked'
    FROM families_family family
    JOIN reservations_order request ON request.family_id = family.id
    JOIN families_member member ON member.last_name = family.id::text,
         (SELECT array_agg(id) AS pks FROM reservations_session WHERE date = %(day)s) AS days
    WHERE family.name = 'Foule'
    """,
]
