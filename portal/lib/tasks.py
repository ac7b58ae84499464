"""Background work of the house itself."""

from celery import shared_task

from portal.lib import mailing


@shared_task
def send_outgoing_emails():
    """Send the emails that wait in the outbox."""
    mailing.send_pending()
