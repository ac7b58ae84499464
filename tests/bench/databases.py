"""The bench's own databases, beside the portal's: a town is built once, every run works on a fresh copy of it."""

import time
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from common.models import JobRun
from tests.bench import town
from wallet.checks import differences, snapshot

PROJECT = Path(__file__).resolve().parents[2]
MADE_OF = sorted([*PROJECT.glob("*/migrations/*.py"), *PROJECT.glob("*/lib/migrations/*.py"), Path(town.__file__)])
KEPT = timedelta(60)  # a town grows old: its days must lie ahead
PREFIX = "parvis_bench"
COPY = f"{PREFIX}_run"


def version() -> str:
    """Changes when a migration or the town itself changes: then the towns are built anew."""
    return sha256(b"".join(path.read_bytes() for path in MADE_OF)).hexdigest()[:16]


def use(name: str) -> None:
    """Let the default connection speak to another database of the same server."""
    connection.close()
    connection.settings_dict["NAME"] = name


def copy_of(families: int) -> None:
    """Use a fresh copy of the town of so many families, built first when it is missing or old."""
    source = f"{PREFIX}_{families}"
    if not _is_ready(source):
        _build(source, families)
    _server(
        f"DROP DATABASE IF EXISTS {COPY} WITH (FORCE)", f"CREATE DATABASE {COPY} TEMPLATE {source} STRATEGY file_copy"
    )
    use(COPY)


def drop_copy() -> None:
    _server(f"DROP DATABASE IF EXISTS {COPY} WITH (FORCE)")


def require_exact_ledger() -> None:
    """Stop the bench when the ledger, the bookings and the counters of places do not agree to the cent."""
    with snapshot():
        found = list(differences())
    if found:
        raise SystemExit("\n".join(["The ledger is not exact:", *found[:20]]))


def _build(name: str, families: int) -> None:
    print(f"Building a town of {families} families, once…", flush=True)
    start = time.perf_counter()
    _server(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)", f"CREATE DATABASE {name}")
    use(name)
    call_command("migrate", verbosity=0)
    town.build(families)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    require_exact_ledger()
    now = timezone.now()
    JobRun.objects.create(
        job="bench", business_date=timezone.localdate(), lease_until=now, report={"version": version()}
    )
    print(f"  {_told()}: {time.perf_counter() - start:.0f} s; the ledger is exact", flush=True)


def _told() -> str:
    return ", ".join(f"{number:,} {name}" for name, number in town.facts().items())


def _is_ready(name: str) -> bool:
    use("postgres")
    if not _rows("SELECT 1 FROM pg_database WHERE datname = %s", name):
        return False
    use(name)
    if not _rows("SELECT to_regclass('lib_jobrun')")[0][0]:
        return False
    built = JobRun.objects.filter(job="bench", report={"version": version()})
    return built.filter(business_date__gte=timezone.localdate() - KEPT).exists()


def _rows(sql: str, *params) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchall()


def _server(*statements: str) -> None:
    """Run statements that concern whole databases, from the maintenance one."""
    use("postgres")
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
    connection.close()
