"""Background work of the CESU."""

from celery import shared_task

from cesu.orders.actions.fabrication import make_due


@shared_task
def fabricate():
    """Woken by what may be made, and every five minutes: start the orders that can be paid for, make what is started."""
    make_due()
