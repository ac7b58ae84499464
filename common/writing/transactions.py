"""The frame of every write that takes locks: one durable transaction, a lock time limit, retries on deadlock.

Measured order of locks and reasons: docs/locks.md.
"""

import functools
import random
import time

from django.db import OperationalError, connection, transaction

from common.refusals import Busy

LOCK_TIMEOUT_MS = 5000
RETRIED = {"40001", "40P01"}  # serialization failure, deadlock detected
BUSY = RETRIED | {"55P03"}  # lock not available within the limit
TRIES = 3


def require_no_transaction() -> None:
    """Raise RuntimeError inside a transaction: nobody waits for a lock while a program elsewhere takes its time."""
    if any(not block._from_testcase for block in connection.atomic_blocks):
        raise RuntimeError("Another program may not be asked inside a transaction: it may take seconds, under lock.")


def outermost(action):
    """Run ``action`` in a durable transaction of its own, again up to 3 times on deadlock; raise Busy when it stays so."""

    @functools.wraps(action)
    def run(*args, **kwargs):
        for attempt in range(1, TRIES + 1):
            try:
                with transaction.atomic(durable=True):
                    _limit_waiting()
                    return action(*args, **kwargs)
            except OperationalError as error:
                state = getattr(error.__cause__, "sqlstate", None)
                if state not in BUSY:
                    raise
                if state not in RETRIED or attempt == TRIES:
                    raise Busy from error
                time.sleep(random.uniform(0.01, 0.05) * attempt)
        raise AssertionError("the last try returns or raises")

    return run


def _limit_waiting():
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL lock_timeout = {LOCK_TIMEOUT_MS}")
