"""Background work on bookings between two nights."""

from celery import shared_task

from reservations.actions.days.headcounts import freeze_headcounts as freeze
from reservations.actions.waiting import tend_lists


@shared_task(soft_time_limit=None, time_limit=290)
def tend_waiting_lists():
    """Every five minutes: offers not confirmed in time go to the next, lists that are over are closed."""
    tend_lists()


@shared_task(soft_time_limit=None, time_limit=290)
def freeze_headcounts():
    """Every five minutes: what was ordered for the days whose deadline has passed is frozen."""
    freeze()
