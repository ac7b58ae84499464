"""The warm process: one line of JSON on stdin is an order, one line on stdout says how its child ended.

The child runs an act. Its points, in order: before and after each SQL statement, each COMMIT, each call to Stripe and to a
back office.
With ``point`` it kills itself there; without, it answers its points, and what the database held after each commit.
"""

import json
import os
import signal
import sys
import traceback
from functools import partial

import time_machine
from django.conf import settings
from django.db import connection

from portal.celery import app
from reservations.backoffice import deliveries
from tests.kill.acts import ACTS
from tests.kill.footprints import footprint
from wallet.gateways import stripe as gateway


class Fuse:
    """Counts the points, and burns at one of them."""

    def __init__(self, point: int | None):
        self.point, self.names, self.footprints, self.is_lit = point, [], {}, True

    def pass_by(self, name: str) -> None:
        if not self.is_lit:
            return
        if len(self.names) == self.point:
            os.kill(os.getpid(), signal.SIGKILL)
        self.names.append(name)
        if self.point is None and name == "after COMMIT":
            self.is_lit = False
            self.footprints[len(self.names) - 1] = footprint()
            connection.connection.rollback()  # Django is about to leave its own transaction
            self.is_lit = True

    def around(self, name: str, call, *args):
        self.pass_by(f"before {name}")
        answer = call(*args)
        self.pass_by(f"after {name}")
        return answer

    def light(self) -> None:
        """Watch this process: its statements, its commits, its calls to Stripe."""
        commit, ask = connection._commit, gateway._ask
        connection.execute_wrappers.append(
            lambda execute, sql, params, many, context: self.around(sql[:60], execute, sql, params, many, context)
        )
        connection._commit = lambda: self.around("COMMIT", commit)
        gateway._ask = lambda call: self.around("Stripe", ask, call)
        for name in ("send", "fetch"):
            call = getattr(deliveries, name)
            setattr(deliveries, name, partial(self.around, f"back office: {name}", call))


def run(order: dict, answer: int) -> None:
    """What the child does."""
    for name, value in order["settings"].items():
        setattr(settings, name, value)
    app.conf.broker_url = "memory://"
    connection.settings_dict["NAME"] = order["database"]
    connection.ensure_connection()
    fuse = Fuse(order["point"])
    with time_machine.travel(order["now"], tick=False):
        fuse.light()
        ACTS[order["act"]](**order["args"])
    with os.fdopen(answer, "w") as pipe:
        json.dump({"points": fuse.names, "footprints": fuse.footprints}, pipe)


def obey(order: dict) -> dict:
    """Fork a child for the order; answer its signal (0: it went to the end), and what it said."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        code = 1
        try:
            run(order, writing)
            code = 0
        except Exception:
            traceback.print_exc()
        finally:
            os._exit(code)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        said = pipe.read()
    _, status = os.waitpid(child, 0)
    return {"signal": os.WTERMSIG(status), "code": os.WEXITSTATUS(status)} | json.loads(said or "{}")


def serve() -> None:
    """Obey until stdin ends."""
    print(json.dumps("ready"), flush=True)
    for line in sys.stdin:
        print(json.dumps(obey(json.loads(line))), flush=True)
