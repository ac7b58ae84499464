"""Waking background work after a commit: Celery makes it fast, the work's own round makes it sure."""

import logging

from celery import current_app
from celery.exceptions import OperationalError
from django.core.cache import caches

log = logging.getLogger(__name__)
REST = 30  # seconds for which a process leaves a broker that is down alone
GATHER = 1  # seconds: a process wakes a task once for all that it commits meanwhile


def wake(task: str) -> None:
    """Have a task run in a second, for all that is committed until then. With a broker that is down, in its next round.

    A process that met such a broker leaves it alone for a while: one that hangs slows one page, not all of them.
    """
    if caches["process"].get("broker-is-down") or not caches["process"].add(f"woken:{task}", True, GATHER):
        return
    try:
        current_app.send_task(task, countdown=GATHER, retry=False)
    except OperationalError:
        log.warning("the broker is down: %s waits for its next round", task, exc_info=True)
        caches["process"].set("broker-is-down", True, REST)
