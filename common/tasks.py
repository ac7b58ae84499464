"""Background work of the house itself."""

import time

from celery import shared_task

from common.background import mailing

ROUND_SECONDS = 25  # then the next round goes on, every 30 seconds


@shared_task(soft_time_limit=None, time_limit=90)
def send_outgoing_emails():
    """Send the emails that wait in the outbox: those of a rush were announced by one call."""
    end = time.monotonic() + ROUND_SECONDS
    while mailing.send_pending() == mailing.BATCH and time.monotonic() < end:
        pass
