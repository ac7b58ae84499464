"""« Chiffres » of a town of 20,000 families: the night's counting, and each page over a school year beside the one before."""

import time

from django.db import connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Commune, User
from accounts.roles import Role
from accounts.signing_in import mfa
from reservations.actions.figures.counting import count_figures
from reservations.models import Booking, DayFigure, FamilyMonth
from tests.bench import databases
from tests.bench.measures import Measure, getting, measure, table

TIMES = 10  # each family of the town and all that it booked and paid, so many times
COUNTED = 120  # seconds of the night
PAGE = 500  # ms
VIEWS = ("frequentation", "recettes", "demandes", "previsions")
ROUNDS = 5


def report(families: int) -> tuple[str, list[str]]:
    """The figures in words, and the limits that they break."""
    databases.copy_of(families)
    _grow()
    start = time.perf_counter()
    count_figures(timezone.localdate())
    seconds = time.perf_counter() - start
    _analyze()
    rows = _pages()
    measure(rows, ROUNDS)
    told = f"\nFigures, {families * TIMES:,} families, {Booking.objects.count():,} bookings, {DayFigure.objects.count():,} day figures, {FamilyMonth.objects.count():,} months:"
    broken = [line for row in rows for line in row.broken(1)]
    broken += [f"Figures counted: {seconds:.0f} s, at most {COUNTED}"] if seconds > COUNTED else []
    return f"{told}\n{'Counted by night':38} {seconds:6.1f} s\n{table(rows, rows[0].ms)}", broken


def _pages() -> list[Measure]:
    """Each page as a manager reads the whole authority's, and as who sees small numbers masked."""
    agent = User.objects.get(is_staff=True)
    User.objects.filter(pk=agent.pk).update(is_superuser=True)
    client = Client()
    client.force_login(agent)
    mfa.prove(client.session, agent)
    address = reverse("admin:figures")
    return [
        *(Measure(f"Figures, {view}", getting(client, f"{address}?vue={view}"), milliseconds=PAGE) for view in VIEWS),
        Measure("Figures, by week", getting(client, f"{address}?pas=semaine"), milliseconds=PAGE),
        Measure("Figures, a month by day", getting(client, f"{address}?periode=mois"), milliseconds=PAGE),
        Measure("Figures, masked", _masked(address), milliseconds=PAGE),
    ]


def _masked(address: str):
    """The first page for an agent of all communes who may not read names."""
    reader = User.objects.create_user("lecture", None, None, first_name="Agent", last_name="Lecteur", is_staff=True)
    User.objects.filter(pk=reader.pk).update(roles=[Role.CONSULTATION])
    reader.communes.set(Commune.objects.all())
    client = Client()
    client.force_login(reader)
    mfa.prove(client.session, reader)
    return getting(client, address)


@transaction.atomic
def _grow() -> None:
    """Copy families, children, bookings and payments in bulk; no trigger looks on: what is measured only reads."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        for statement in _COPIES:
            cursor.execute(statement, {"times": TIMES})


def _analyze() -> None:
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


_FAR = 100_000_000  # above every key of the town
_MANY = "generate_series(1, %(times)s - 1) AS n"
_COPIES = (
    f"INSERT INTO families_family (id, name, commune_id, parents_work, created_at)"
    f" SELECT id + n * {_FAR}, name, commune_id, parents_work, created_at FROM families_family, {_MANY}",
    f"INSERT INTO families_member (id, first_name, last_name, birth_date)"
    f" SELECT id + n * {_FAR}, first_name, last_name, birth_date FROM families_member, {_MANY}",
    f"INSERT INTO families_schooling (id, member_id, school_class_id, school_year)"
    f" SELECT id + n * {_FAR}, member_id + n * {_FAR}, school_class_id, school_year FROM families_schooling, {_MANY}",
    f"INSERT INTO reservations_booking (id, session_id, member_id, family_id, order_id, billing, cents, quantity, origin, status)"
    f" SELECT id + n * {_FAR}, session_id, member_id + n * {_FAR}, family_id + n * {_FAR}, order_id, billing, cents,"
    f" quantity, origin, status FROM reservations_booking, {_MANY}",
    f"INSERT INTO wallet_operation (id, kind, label, actor_id, at, created_at)"
    f" SELECT id + n * {_FAR}, kind, label, actor_id, at, created_at FROM wallet_operation, {_MANY}",
    f"INSERT INTO wallet_transfer (id, operation_id, source_id, target_id, cents, reference, label)"
    f" SELECT id + n * {_FAR}, operation_id + n * {_FAR}, source_id, target_id, cents, reference || ':' || n, label"
    f" FROM wallet_transfer, {_MANY}",
    # half of the past was marked, and every second family has a quotient
    "INSERT INTO reservations_attendance (session_id, member_id, booking_id, status, by_id, at)"
    " SELECT booking.session_id, booking.member_id, booking.id,"
    " (ARRAY['present', 'present', 'present', 'absent', 'justified'])[1 + booking.id %% 5], placed.by_id, now()"
    " FROM reservations_booking booking JOIN reservations_session day ON day.id = booking.session_id"
    " JOIN reservations_order placed ON placed.id = booking.order_id"
    " WHERE day.date < current_date AND booking.id %% 2 = 0",
    "INSERT INTO families_quotient (family_id, value, effective_from, recorded_by_id, recorded_at)"
    " SELECT family.id, family.id %% 2000, DATE '2020-01-01', agent.id, now()"
    " FROM families_family family, (SELECT min(id) AS id FROM accounts_user) agent WHERE family.id %% 2 = 0",
    # one booking in twenty had somebody behind it who waited in vain, one in forty somebody refused
    "INSERT INTO reservations_waitlistentry (session_id, member_id, family_id, order_id, by_id, billing, cents, quantity,"
    " priority, arrived_at, status, ended_at)"
    " SELECT session_id, member_id, booking.family_id, order_id, by_id, booking.billing, cents, quantity, 0, now(), 'lapsed',"
    " now() FROM reservations_booking booking JOIN reservations_order placed ON placed.id = order_id"
    " WHERE booking.id %% 20 = 0",
    "INSERT INTO reservations_refusedday (session_id, member_id, order_id, reason)"
    " SELECT session_id, member_id + 1, order_id, 'complet' FROM reservations_booking WHERE id %% 40 = 0",
)
