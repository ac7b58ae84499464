"""A fresh demo begins with a dump: what it holds is what the migrations make."""

import gzip
import os
import re
import subprocess
import sys

import psycopg
import pytest
from django.db import connection

from portal.demo import tables
from tools import local
from tools.tables import dump

MAKE = "import django; django.setup(); from portal.demo.tables import make_tables; make_tables()"
ROWS = """
    SELECT 'ceiling', (to_jsonb(row) - 'id')::text FROM cesu_ceiling row
    UNION ALL SELECT 'account', (to_jsonb(row) - 'id')::text FROM wallet_account row
    UNION ALL SELECT 'purse', (to_jsonb(row) - 'id')::text FROM wallet_purse row
    UNION ALL SELECT 'group', name::text FROM auth_group
    UNION ALL SELECT 'right', codename::text FROM auth_permission
    UNION ALL SELECT 'group right', concat(auth_group.name, ' ', codename) FROM auth_group_permissions
        JOIN auth_group ON group_id = auth_group.id JOIN auth_permission ON permission_id = auth_permission.id
"""


def address(database: str) -> str:
    return local.urls("test")["DATABASE_URL"].replace(f"/{local.DATABASE}", f"/{database}")


@pytest.fixture
def another():
    """An empty database beside the tests' own."""
    name = f"{connection.settings_dict['NAME']}_tables"
    with psycopg.connect(address("postgres"), autocommit=True) as server:
        server.execute(f"DROP DATABASE IF EXISTS {name}")
        server.execute(f"CREATE DATABASE {name}")
        yield address(name)
        server.execute(f"DROP DATABASE {name}")


def schema(url: str) -> list[str]:
    """The lines that make the tables; a condition that went through a dump has its casts and brackets elsewhere."""
    lines = [line for line in dump(url, "--schema-only").splitlines() if not line.startswith("\\")]
    return [re.sub(r"::(character varying|text)\b(\[\])?|[()]", "", line) for line in lines]


def make(url: str) -> None:
    subprocess.run([sys.executable, "-c", MAKE], env=os.environ | {"DATABASE_URL": url}, cwd=local.PROJECT, check=True)


def rows(cursor) -> list[str]:
    return sorted(map(str, cursor.execute(ROWS).fetchall()))


@pytest.mark.django_db
def test_the_dump_and_newer_migrations_make_what_all_migrations_make(another):
    assert tables.is_current(), "A migration that the dump holds was edited: make tables"
    make(another)
    assert schema(another) == schema(address(connection.settings_dict["NAME"]))
    with psycopg.connect(another) as made, connection.cursor() as cursor:
        cursor.execute(ROWS)
        assert rows(made) == sorted(map(str, cursor.fetchall()))


def test_a_dump_whose_migrations_changed_since_is_left_aside(monkeypatch, tmp_path):
    held = tables.fingerprints()
    monkeypatch.setattr(tables, "DUMP", tmp_path / "tables.sql.gz")
    tables.write("preamble\nCREATE TABLE public.t ();\n\\unrestrict\n")
    assert gzip.decompress(tables.DUMP.read_bytes()).decode().splitlines()[1:] == ["", "CREATE TABLE public.t ();"]
    assert tables.is_current()
    for changed in (held | {"wallet.0001_initial": "edited"}, {"wallet.0001_initial": held["wallet.0001_initial"]}):
        monkeypatch.setattr(tables, "fingerprints", changed.copy)
        assert not tables.is_current()
    monkeypatch.setattr(tables, "fingerprints", lambda: held | {"wallet.9999_newer": "new"})
    assert tables.is_current()
