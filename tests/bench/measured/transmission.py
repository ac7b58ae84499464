"""A night's transmission and its reports: 50,000 to 200,000 bookings frozen, handed over, answered and told.

PARVIS_BENCH_BOOKINGS=2000000 measures another largest night (some twenty minutes to prepare it).
"""

import os
import tempfile
import time
from datetime import date, timedelta
from multiprocessing import get_context
from pathlib import Path

from django.db import connection, transaction
from django.utils import timezone

from tests.bench import jobs

LARGEST = int(os.environ.get("PARVIS_BENCH_BOOKINGS", "200000"))
SIZES = (LARGEST // 4, LARGEST // 2, LARGEST)
REFUSED = 1000  # one booking of so many is refused, which recredits it and frees its place
SECONDS, MEGABYTES = 60, 400  # for 200,000
LINEAR = 2  # a booking of the largest night takes at most so many times one of the smallest
CHUNK = 2000  # families made at once
VALIDATED = {"status": "validated", "decided_at": timezone.now(), "password": "!"}
STEPS = ("frozen", "handed over", "answered", "told")


def report(hamlet: int) -> tuple[str, list[str]]:
    """The figures in words, and the limits that they break; each night is one of a copy of the hamlet grown to its size."""
    nights = [(size, *_measured(hamlet, size)) for size in SIZES]
    lines = [
        f"{size:>9,} bookings {sum(steps):6.1f} s {megabytes:6.0f} MB "
        + ", ".join(f"{name} {it:.1f} s" for name, it in zip(STEPS, steps, strict=True))
        for size, steps, megabytes in nights
    ]
    return "\n".join(["\nThe nightly transmission, two bookings a family:", *lines]), _broken(nights)


def _broken(nights: list[tuple[int, list[float], float]]) -> list[str]:
    (few, fast, _), *_, (many, slow, megabytes) = nights
    growth = sum(slow) / many / (sum(fast) / few)
    scale = max(many / 200_000, 1)
    found = [
        ("s", sum(slow), SECONDS * scale),
        ("MB", megabytes, MEGABYTES * scale),
        ("times the cost of a booking", growth, LINEAR),
    ]
    return [f"Transmission of {many:,}: {is_:.1f} {what}, at most {limit}" for what, is_, limit in found if is_ > limit]


def _measured(hamlet: int, size: int) -> tuple[list[float], float]:
    from tests.bench import databases

    databases.copy_of(hamlet)
    _grow(size)
    with tempfile.TemporaryDirectory() as folder:
        _link(folder)
        with get_context("spawn").Pool(1, initializer=jobs.set_up) as pool:
            told, steps, megabytes = pool.apply(_night, (folder,))
    if told < size // 2:  # the hamlet’s own families too
        raise SystemExit(f"{told} families were told, of {size // 2}.")
    databases.require_exact_ledger()
    return steps, megabytes


def _night(folder: str) -> tuple[int, list[float], float]:
    """(families told, seconds of each step, peak of memory in MB), in a process of its own."""
    from reservations.actions.telling.answers import collect_answers
    from reservations.actions.telling.reports import settle_and_report
    from reservations.actions.telling.transmission import deliver_pending, freeze_the_night
    from tests.bench import databases

    databases.use(databases.COPY)
    today, steps, done = timezone.localdate(), [], None
    for work in (lambda: freeze_the_night(today), deliver_pending, collect_answers, lambda: settle_and_report(today)):
        if work is collect_answers:
            _answer(Path(folder))
        start = time.perf_counter()
        done = work()
        steps.append(time.perf_counter() - start)
    return done["reports"], steps, jobs.peak()


def _answer(folder: Path) -> None:
    """The back office accepts all lines but one booking of a thousand; line by line, to take no memory."""
    with open(folder / "parvis-000001.csv", "rb") as sent, open(folder / "parvis-000001.reponse.csv", "wb") as answer:
        answer.write(b"ligne;verdict;motif\r\n")
        next(sent)
        for rank, row in enumerate(sent):
            line, kind, _ = row.split(b";", 2)
            refused = kind == b"reservation" and rank % REFUSED == 0
            answer.write(line + (b";refuse;Complet\r\n" if refused else b";accepte;\r\n"))


def _next_sunday() -> date:
    today = timezone.localdate()
    return today + timedelta(7 - today.isoweekday() % 7)


def _grow(size: int) -> None:
    """Give the hamlet so many bookings of next Sunday: families of a parent and two children."""
    with connection.cursor() as cursor:
        for first in range(0, size // 2, CHUNK):
            _crowd(range(first, min(first + CHUNK, size // 2)), _days())
            cursor.execute("ANALYZE")  # a foreign key checked as in an empty table reads all of it
        cursor.execute("VACUUM ANALYZE")


def _days() -> list:
    from reservations.models import Activity, Session

    sunday = {"date": _next_sunday()}
    return [
        Session.objects.get_or_create(
            activity=each, **sunday, defaults={"arrival": each.arrival, "departure": each.departure}
        )[0]
        for each in Activity.objects.filter(billing="deferred")
    ]


@transaction.atomic
def _crowd(numbers: range, days: list) -> None:
    from accounts.models import User
    from families.models import Family, Guardian, Member, Membership
    from reservations.models import Booking, Order

    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # docs/performance.md, « What limits »
    parents = User.objects.bulk_create(
        User(identifier=f"F9{n:07}", email=f"foule{n}@example.org", first_name="Claire", last_name="Foule", **VALIDATED)
        for n in numbers
    )
    homes = Family.objects.bulk_create(Family(name="Foule") for _ in numbers)
    pairs = list(zip(homes, parents, strict=True))
    Guardian.objects.bulk_create(Guardian(user=parent, family=home) for home, parent in pairs)
    orders = Order.objects.bulk_create(
        Order(family=home, by=by, billing="deferred", booked_cents=760) for home, by in pairs
    )
    children = Member.objects.bulk_create(
        Member(first_name=name, last_name="Foule", birth_date=date(2018, 5, 10))
        for _ in numbers
        for name in ("Louane", "Théo")
    )
    theirs = list(zip(children, (order for order in orders for _ in range(2)), strict=True))
    Membership.objects.bulk_create(
        Membership(family=order.family, member=child, kinship="mother") for child, order in theirs
    )
    Booking.objects.bulk_create(
        Booking(
            session=days[order.pk % len(days)],
            member=child,
            family=order.family,
            order=order,
            billing="deferred",
            cents=380,
        )
        for child, order in theirs
    )


def _link(folder: str) -> None:
    """Every service is known to one back office, which was told of nothing yet but what the crowd has booked."""
    from reservations.actions.places.changes import record_changes
    from reservations.models import BackOffice, BackOfficeService, Booking
    from services.models import Service

    office = BackOffice.objects.create(name="Logiciel", address=folder)
    BackOfficeService.objects.bulk_create(
        BackOfficeService(back_office=office, service=it) for it in Service.objects.all()
    )
    crowd = Booking.objects.filter(family__name="Foule").order_by("pk")
    for first in range(0, crowd.count(), 50_000):
        record_changes(booked=crowd.only("pk")[first : first + 50_000])
