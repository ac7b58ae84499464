"""Write the dump that a fresh demo begins with: every migration, run on an empty database of its own.

python -m tools.tables
"""

import os
import subprocess

from tools import local

NAME = "tables"


def dump(url: str, *options: str) -> str:
    """What pg_dump says of a database."""
    _, folder = local.choose_binaries(local.place_of(NAME))
    form = ["--no-owner", "--no-privileges", "--column-inserts", "--rows-per-insert=1000"]
    return subprocess.run([folder / "pg_dump", *form, *options, url], check=True, capture_output=True, text=True).stdout


def emptied(url: str) -> str:
    """The same database, made anew."""
    import psycopg

    with psycopg.connect(url.replace(f"/{local.DATABASE}", "/postgres"), autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {local.DATABASE}")
        connection.execute(f"CREATE DATABASE {local.DATABASE}")
    return url


def main() -> None:
    urls = local.ensure(NAME, durable=False)
    try:
        settings = {"DJANGO_SETTINGS_MODULE": "portal.settings", "PARVIS_SECRET_KEY": "tables", "PARVIS_DEMO": "1"}
        os.environ |= urls | settings | {"DATABASE_URL": emptied(urls["DATABASE_URL"])}
        migrate_and_write()
    finally:
        local.stop(NAME)


def migrate_and_write() -> None:
    import django

    django.setup()
    from django.core.management import call_command

    from portal.demo import tables

    call_command("migrate", verbosity=0)
    tables.write(dump(os.environ["DATABASE_URL"]))


if __name__ == "__main__":
    main()
