"""Kills acts point by point, each time on a fresh copy of the same database and of the same Stripe."""

import json
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import connection
from django.utils import timezone

from tests.doubles.stripe.server import Double
from tests.kill.acts import ACTS
from tests.kill.footprints import footprint

# The points of an act that a test kills: some in `make test`, all in `make proof`.
SOME_OR_ALL = pytest.mark.parametrize(
    "whole", [False, pytest.param(True, marks=pytest.mark.proof)], ids=["some", "all"]
)
BACKENDS = "SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()"
LEAVE = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()"


class Killer:
    """The warm process, seen from the test."""

    def __init__(self, settings: dict):
        self.settings = settings
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.kill"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._answer() == "ready"

    def order(self, **order) -> dict:
        """Run an act until its ``point`` or, without, to its end."""
        order |= {"settings": self.settings, "now": timezone.now().timestamp()}
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        return self._answer()

    def _answer(self):
        return json.loads(self.process.stdout.readline())

    def close(self) -> None:
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait(10)


class Scene:
    """An act in a world: ``killed(point)`` is the world after the act was killed there."""

    def __init__(self, killer: Killer, stripe: Double, act: str, args: dict):
        self.killer, self.stripe, self.act, self.args = killer, stripe, act, args
        self.world = connection.settings_dict["NAME"]
        self.copy = f"{self.world}_kill"
        self.before = footprint()
        self.at_stripe = sqlite3.connect(":memory:", check_same_thread=False)
        with stripe.store.lock:
            stripe.store.base.backup(self.at_stripe)
        connection.close()  # a database that somebody uses is no template

    @contextmanager
    def killed(self, point: int | None) -> Iterator[dict]:
        """The test's own connection sees the world that the child left behind; yields how it ended."""
        self._begin_anew()
        answer = self.killer.order(act=self.act, args=self.args, database=self.copy, point=point)
        try:
            connection.close()
            connection.settings_dict["NAME"] = self.copy
            self._wait_for_rollback()
            yield answer
        finally:
            connection.close()
            connection.settings_dict["NAME"] = self.world

    def again(self) -> None:
        """The same request once more, from a portal that lives."""
        ACTS[self.act](**self.args)

    def _begin_anew(self) -> None:
        self.drop()
        with connection._nodb_cursor() as cursor:
            cursor.execute(LEAVE, [self.world])  # a thread of an earlier test may still be about
            cursor.execute(f'CREATE DATABASE "{self.copy}" TEMPLATE "{self.world}"')
        with self.stripe.store.lock:
            self.at_stripe.backup(self.stripe.store.base)
        self.stripe.courier.forget()

    def _wait_for_rollback(self) -> None:
        """PostgreSQL notices that its visitor is dead, and undoes what was not committed."""
        end = time.monotonic() + 10
        with connection.cursor() as cursor:
            while time.monotonic() < end:
                cursor.execute(BACKENDS, [self.copy])
                if cursor.fetchone() == (0,):
                    return
                time.sleep(0.002)
        raise AssertionError("the dead process still has its connection")

    def drop(self) -> None:
        with connection._nodb_cursor() as cursor:
            cursor.execute(f'DROP DATABASE IF EXISTS "{self.copy}" WITH (FORCE)')
