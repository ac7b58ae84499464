"""The tables of an empty database, restored from a dump of what the migrations make: a fresh demo does not wait for them.

`make tables` writes the dump. Newer migrations run after it, so that it need not be made anew for each; a dump of
migrations that were edited or renamed since is left aside, and they all run."""

import gzip
import hashlib
import json
import sys
from pathlib import Path

from django.core.management import call_command
from django.core.management.sql import emit_post_migrate_signal
from django.db import DEFAULT_DB_ALIAS, connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader

DUMP = Path(__file__).with_name("tables.sql.gz")


def make_tables() -> None:
    """Bring the database to the newest migration; an empty one begins with the dump."""
    if not connection.introspection.table_names() and is_current():
        _restore()
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        call_command("migrate", verbosity=0)
    else:
        emit_post_migrate_signal(verbosity=0, interactive=False, db=DEFAULT_DB_ALIAS)


def is_current() -> bool:
    """Whether the migrations that the dump holds are still the same."""
    with gzip.open(DUMP, "rt") as dump:
        held = json.loads(dump.readline().removeprefix("--"))
    return held.items() <= fingerprints().items()


def fingerprints() -> dict[str, str]:
    """A digest of the source of each migration, by its name."""
    return {
        f"{app}.{name}": hashlib.sha256(Path(sys.modules[type(each).__module__].__file__).read_bytes()).hexdigest()[:16]
        for (app, name), each in sorted(MigrationLoader(None).disk_migrations.items())
    }


def write(dumped: str) -> None:
    """Keep what pg_dump said of a database where every migration ran, without what it says to its own program."""
    begin = dumped.index("\nCREATE ")
    lines = [line for line in dumped[begin:].splitlines() if not line.startswith("\\")]
    DUMP.write_bytes(gzip.compress("\n".join([f"--{json.dumps(fingerprints())}", *lines]).encode(), mtime=0))


def _restore() -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL check_function_bodies = off")
        cursor.execute(gzip.decompress(DUMP.read_bytes()).decode())
