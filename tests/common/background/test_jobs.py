"""A nightly job runs once per date, whatever happens to schedulers and machines."""

from datetime import date, timedelta

import pytest
import time_machine
from django.db import transaction

from common.background.jobs import LEASE, run_once
from common.models import JobRun
from tests.concurrency import someone_else

pytestmark = pytest.mark.django_db
NIGHT = date(2026, 11, 3)
AT_TWO = "2026-11-03 02:10+01:00"


def work(job="housekeeping", night=NIGHT) -> bool:
    """Try to run the job; tell whether this scheduler did."""
    with run_once(job, night) as run:
        if run:
            run.report = {"keys": 3}
        return run is not None


def test_a_finished_job_does_not_run_again_on_the_same_date():
    assert [work(), work(), work()] == [True, False, False]
    run = JobRun.objects.get()
    assert (run.job, run.business_date, run.report) == ("housekeeping", NIGHT, {"keys": 3})
    assert run.finished_at is not None


def test_another_date_and_another_job_are_runs_of_their_own():
    assert [work(), work(night=NIGHT + timedelta(1)), work(job="freeze")] == [True, True, True]
    assert JobRun.objects.count() == 3


def test_a_scheduler_stands_back_while_another_works():
    with run_once("housekeeping", NIGHT) as run:
        assert run is not None
        assert work() is False


def test_a_job_that_fails_gives_its_lease_back_and_the_next_round_resumes_it():
    with pytest.raises(ZeroDivisionError), run_once("housekeeping", NIGHT):
        raise ZeroDivisionError
    assert JobRun.objects.get().finished_at is None
    assert work() is True
    assert JobRun.objects.get().finished_at is not None


def test_a_job_whose_machine_died_is_resumed_when_its_lease_is_over():
    with time_machine.travel(AT_TWO, tick=False) as clock:
        killed = run_once("housekeeping", NIGHT)
        killed.__enter__()  # a killed process never leaves the block
        clock.shift(LEASE)
        resumed = work()
    assert resumed is True
    with pytest.raises(RuntimeError):
        killed.gen.throw(RuntimeError)


def test_a_job_whose_machine_died_is_not_resumed_before_its_lease_is_over():
    with time_machine.travel(AT_TWO, tick=False) as clock, run_once("housekeeping", NIGHT):
        clock.shift(LEASE - timedelta(seconds=1))
        assert work() is False


@pytest.mark.django_db(transaction=True)
def test_of_two_schedulers_at_the_same_moment_one_works():
    with transaction.atomic(), run_once("housekeeping", NIGHT) as run:
        assert run is not None
        rival = someone_else(work)
        rival.wait_until_blocked()
    assert rival.result() is False
    assert JobRun.objects.count() == 1
