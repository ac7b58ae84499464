"""Background work of the house itself."""

from celery import shared_task

from portal.lib import mailing


@shared_task
def send_outgoing_emails():
    """Send all emails that wait in the outbox: those of a rush were announced by one call."""
    while mailing.send_pending() == mailing.BATCH:
        pass
