"""The portal as the demo runs it: its own processes, on loopback, on the database of the test (which must commit)."""

import contextlib
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from threading import Thread

import dj_database_url
from django.db import connection

from tools import demo

PATIENCE = 90  # seconds for a start on a machine that has other work


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


def environment(**more: str) -> dict[str, str]:
    """What the portal's settings read, here on the database and the broker of the test."""
    database = os.environ["DATABASE_URL"].rpartition("/")[0] + f"/{connection.settings_dict['NAME']}"
    ours = {
        "DATABASE_URL": database,
        "DJANGO_SETTINGS_MODULE": "tests.served_settings",
    }
    return os.environ | ours | more


@contextlib.contextmanager
def running(name: str, command: list[str], folder: Path, **env: str) -> Iterator[subprocess.Popen]:
    """A process of the portal, ended with the block; its words go to ``folder``."""
    with open(folder / f"{name}.log", "w") as log:
        process = subprocess.Popen(command, env=environment(**env), cwd=demo.local.PROJECT, stdout=log, stderr=log)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextlib.contextmanager
def portal(folder: Path, **env: str) -> Iterator[int]:
    """The web process of the demo on a free port, answering; the port."""
    port = free_port()
    with running("web", demo.commands(port)["web"], folder, **env):
        assert demo.local.wait_for(lambda: demo.answers(f"http://127.0.0.1:{port}/sante/"), PATIENCE)
        yield port


def get(port: int, path: str, timeout: float = 30, **headers: str) -> tuple[HTTPResponse, str]:
    """The answer to a GET, and its page."""
    link = HTTPConnection("127.0.0.1", port, timeout=timeout)
    link.request("GET", path, headers=headers)
    answer = link.getresponse()
    page = answer.read().decode()
    link.close()
    return answer, page


class Gate:
    """A way to PostgreSQL that can be shut: then whoever comes is refused and who is inside is put out."""

    def __init__(self):
        self.port, self.door, self.inside = free_port(), None, []
        self.open()

    @property
    def url(self) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/{connection.settings_dict['NAME']}"

    def open(self) -> None:
        self.door = socket.create_server(("127.0.0.1", self.port))
        Thread(target=self._let_in, args=[self.door], daemon=True).start()

    def shut(self) -> None:
        self.door.shutdown(socket.SHUT_RDWR)
        self.door.close()
        for each in self.inside:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        self.inside.clear()

    def _let_in(self, door: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                visitor, _ = door.accept()
                server = _postgresql()
                self.inside += [visitor, server]
                for pair in ((visitor, server), (server, visitor)):
                    Thread(target=_carry, args=pair, daemon=True).start()


def _postgresql() -> socket.socket:
    place = dj_database_url.parse(os.environ["DATABASE_URL"])
    if not place["HOST"].startswith("/"):
        return socket.create_connection((place["HOST"], place["PORT"] or 5432))
    server = socket.socket(socket.AF_UNIX)
    server.connect(f"{place['HOST']}/.s.PGSQL.{place['PORT'] or 5432}")
    return server


def _carry(source: socket.socket, target: socket.socket) -> None:
    """Hand over what comes until one side ends; each side is the source of one such thread, which closes it."""
    with source, contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_RDWR)


class Silent:
    """A server on loopback that accepts everybody and never says a word."""

    def __enter__(self):
        self.door, self.visitors = socket.create_server(("127.0.0.1", 0), backlog=200), []
        self.port = self.door.getsockname()[1]
        Thread(target=self._accept, daemon=True).start()
        return self

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                self.visitors.append(self.door.accept()[0])

    def __exit__(self, *_) -> None:
        self.door.shutdown(socket.SHUT_RDWR)
        self.door.close()
        for each in self.visitors:
            each.close()


def wait_until(ready, seconds: float = PATIENCE) -> bool:
    """Whether ready() became true in time, asked on the test's own connection."""
    end = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > end:
            return False
        time.sleep(0.1)
    return True
