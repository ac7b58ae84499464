"""Periodic jobs run once per business date, whatever the number of schedulers; a crashed run is resumed."""

from contextlib import contextmanager
from datetime import date, timedelta

from django.db import connection, transaction
from django.utils import timezone

from common.models import JobRun
from common.writing.history import Teller

LEASE = timedelta(minutes=30)


@contextmanager
def run_once(job: str, business_date: date):
    """Yield the JobRun to work under, or None when it is finished or another scheduler holds its lease.

    The run is marked finished when the block ends well; after an error the lease is given back for the watchdog.
    """
    run = _claim(job, business_date)
    if run is None:
        yield None
        return
    try:
        with connection.execute_wrapper(Teller(lambda: {"job": job})):
            yield run
    except BaseException:
        JobRun.objects.filter(pk=run.pk).update(lease_until=timezone.now())
        raise
    JobRun.objects.filter(pk=run.pk).update(finished_at=timezone.now(), report=run.report)


@transaction.atomic
def _claim(job: str, business_date: date) -> JobRun | None:
    now = timezone.now()
    JobRun.objects.bulk_create(
        [JobRun(job=job, business_date=business_date, started_at=now, lease_until=now)], ignore_conflicts=True
    )
    run = JobRun.objects.select_for_update().get(job=job, business_date=business_date)
    if run.finished_at or run.lease_until > now:
        return None
    run.lease_until = now + LEASE
    run.save(update_fields=["lease_until"])
    return run
