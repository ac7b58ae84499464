"""Rivals: another visitor's transaction, on a connection of its own, while the test holds its first one open."""

import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from django.db import connection


@dataclass
class Rival:
    """Someone else at work; ``pid`` is their database process."""

    pid: int
    future: Future

    def result(self, timeout: float = 20):
        """What they got; raises what they met."""
        return self.future.result(timeout)

    def wait_until_blocked(self, timeout: float = 10) -> list[int]:
        """Return the pids that hold the lock they wait for; fail when they never wait."""
        return wait_until_blocked(self.pid, self.future, timeout)


def someone_else(action, *args, **kwargs) -> Rival:
    """Start ``action`` on its own connection, as another visitor would."""
    pid = Future()

    def run():
        try:
            pid.set_result(own_pid())
            return action(*args, **kwargs)
        finally:
            connection.close()

    pool = ThreadPoolExecutor(max_workers=1)
    future = pool.submit(run)
    pool.shutdown(wait=False)
    return Rival(pid.result(10), future)


def own_pid() -> int:
    """The database process of this thread's connection."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return cursor.fetchone()[0]


def wait_until_blocked(pid: int, future: Future | None = None, timeout: float = 10) -> list[int]:
    """Return the pids that ``pid`` waits for, as soon as it waits; fail after ``timeout`` seconds."""
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_blocking_pids(%s)", [pid])
            (blockers,) = cursor.fetchone()
        if blockers:
            return blockers
        assert not (future and future.done()), f"the rival did not wait: {future}"
        time.sleep(0.01)
    raise AssertionError(f"process {pid} waited for nobody in {timeout} s")
