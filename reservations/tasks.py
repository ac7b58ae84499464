"""Background work on bookings between two nights."""

from celery import shared_task

from reservations.actions.headcounts import freeze_headcounts as freeze
from reservations.actions.waiting import tend_lists


@shared_task
def tend_waiting_lists():
    """Every five minutes: offers not confirmed in time go to the next, lists that are over are closed."""
    tend_lists()


@shared_task
def freeze_headcounts():
    """Every five minutes: what was ordered for the days whose deadline has passed is frozen."""
    freeze()
