"""The private servers start once, survive kill -9, keep their data, and stop."""

import ctypes
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import dj_database_url
import psycopg
import pytest
import redis

from tools import local

PR_SET_CHILD_SUBREAPER = 36


@pytest.fixture
def no_servers_given(monkeypatch):
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.delenv("REDIS_URL", raising=False)


@pytest.fixture
def root(tmp_path, no_servers_given):
    """A .local/ of its own, whose servers "one" and "two" end with the test."""
    yield tmp_path
    for name in ("one", "two"):
        local.stop(name, tmp_path)


@pytest.fixture
def keep_orphans():
    """Orphans come to us and stay unreaped, as under the first process of many containers."""
    prctl = ctypes.CDLL(None).prctl
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    yield
    prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)


def sql(urls, *statements):
    """The value the last statement answers."""
    with psycopg.connect(urls["DATABASE_URL"], autocommit=True) as connection:
        for statement in statements:
            cursor = connection.execute(statement)
        return cursor.fetchone()[0]


def postmaster_pid(root, name="one"):
    return int((local.place_of(name, root).data / "postmaster.pid").read_text().splitlines()[0])


def postmasters_of(place):
    """Pids of all servers that were started on these data."""
    wanted = os.fsencode(place.data)
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if words[0].endswith(b"/postgres") and wanted in words:
            found.append(int(process.name))
    return found


def test_both_servers_answer_at_their_urls_and_a_second_start_finds_them(root):
    urls = local.ensure("one", durable=False, root=root)
    assert sql(urls, "SELECT current_database()::text") == "parvis"
    with redis.from_url(urls["REDIS_URL"]) as broker:
        assert broker.ping() is True
    before = postmaster_pid(root)
    assert local.ensure("one", durable=False, root=root) == urls
    assert postmaster_pid(root) == before


def test_django_reads_the_socket_directory_from_the_url(root):
    place = local.place_of("one", root)
    read = dj_database_url.parse(place.urls["DATABASE_URL"])
    assert (read["HOST"], read["USER"], read["NAME"]) == (str(place.sockets), "postgres", "parvis")


def test_after_kill_9_the_server_starts_again_with_its_data(root, keep_orphans):
    urls = local.ensure("one", root=root)
    sql(urls, "CREATE TABLE kept AS SELECT 42 AS answer", "SELECT 1")
    killed = postmaster_pid(root)
    os.kill(killed, signal.SIGKILL)
    assert local.wait_for(lambda: Path(f"/proc/{killed}/stat").read_text().rpartition(")")[2].split()[0] == "Z", 10)
    assert local.status("one", root)["postgresql"] is False
    assert sql(local.ensure("one", root=root), "SELECT answer FROM kept") == 42
    assert postmaster_pid(root) != killed
    os.waitpid(killed, 0)


def test_a_pid_that_another_process_took_over_is_not_our_server(root):
    local.ensure("one", durable=False, root=root)
    pid_file = local.place_of("one", root).data / "postmaster.pid"
    lines = pid_file.read_text().splitlines()
    local.stop("one", root)
    pid_file.write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")
    assert local.status("one", root)["postgresql"] is False
    assert sql(local.ensure("one", durable=False, root=root), "SELECT 1") == 1


def test_parallel_starts_give_one_server(root):
    program = (
        "import sys, pathlib; from tools import local; print(local.ensure('one', False, pathlib.Path(sys.argv[1])))"
    )

    def start(_):
        return subprocess.run(
            [sys.executable, "-c", program, root], cwd=local.PROJECT, capture_output=True, text=True, check=True
        ).stdout

    with ThreadPoolExecutor(4) as pool:
        said = set(pool.map(start, range(4)))
    assert said == {f"{local.place_of('one', root).urls}\n"}
    assert postmasters_of(local.place_of("one", root)) == [postmaster_pid(root)]


def test_stop_ends_both_and_keeps_the_data(root):
    urls = local.ensure("one", root=root)
    sql(urls, "CREATE TABLE kept AS SELECT 42 AS answer", "SELECT 1")
    local.stop("one", root)
    assert local.status("one", root) == {"postgresql": False, "redis": False}
    assert postmasters_of(local.place_of("one", root)) == []
    assert sql(local.ensure("one", root=root), "SELECT answer FROM kept") == 42


def test_only_a_server_that_asked_for_it_is_volatile(root):
    assert sql(local.ensure("one", durable=False, root=root), "SHOW fsync") == "off"
    assert sql(local.ensure("two", root=root), "SHOW fsync") == "on"
    with pytest.raises(local.Unavailable, match="runs without durability"):
        local.ensure("one", durable=True, root=root)


def test_a_long_path_puts_the_sockets_in_the_temporary_folder(root):
    deep = root / ("d" * 90)
    urls = local.ensure("one", durable=False, root=deep)
    sockets = local.place_of("one", deep).sockets
    assert deep not in sockets.parents
    assert sockets.stat().st_mode & 0o777 == 0o700
    assert sql(urls, "SELECT 1") == 1
    local.stop("one", deep)
    assert not sockets.exists()


def test_a_socket_directory_that_others_may_enter_is_refused(tmp_path):
    tmp_path.chmod(0o755)
    with pytest.raises(local.Unavailable, match="mode 0700"):
        local.make_private(tmp_path)


def test_servers_given_by_the_environment_are_used_as_they_are(tmp_path, monkeypatch):
    given = {"DATABASE_URL": "postgresql://db/parvis", "REDIS_URL": "redis://redis:6379/0"}
    for name, url in given.items():
        monkeypatch.setenv(name, url)
    assert local.ensure("one", root=tmp_path) == given
    assert list(tmp_path.iterdir()) == []


def test_data_of_a_version_that_is_gone_say_so(root):
    data = local.place_of("one", root).data
    data.mkdir(parents=True)
    (data / "PG_VERSION").write_text("9\n")
    with pytest.raises(local.Unavailable, match="needs PostgreSQL 9, which is gone"):
        local.ensure("one", root=root)


def test_a_start_killed_while_it_makes_the_data_leaves_nothing_in_the_way(root):
    half = local.place_of("one", root).base / "pgdata.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    assert sql(local.ensure("one", durable=False, root=root), "SELECT 1") == 1


def test_a_name_cannot_lead_out_of_the_folder(tmp_path):
    with pytest.raises(local.Unavailable, match="is not a name"):
        local.place_of("../elsewhere", tmp_path)
