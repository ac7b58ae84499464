"""Answers that take no less than a time, whatever was found: how long they take tells nothing."""

import time
from contextlib import contextmanager

LEAST = 0.4  # seconds: more than a sign-up or an email owed takes on a busy machine


@contextmanager
def no_sooner_than(seconds: float = LEAST):
    """End the block once ``seconds`` have passed since it began; for what differs by a few statements, not by a hash."""
    ends = time.monotonic() + seconds
    try:
        yield
    finally:
        time.sleep(max(0.0, ends - time.monotonic()))
