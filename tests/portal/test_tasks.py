"""What the portal does every night."""

from datetime import date, timedelta

import pytest
import time_machine
from django.contrib.sessions.models import Session
from django.core.mail import EmailMessage
from django.utils import timezone

from common.background.mailing import queue, queue_all, send_pending
from common.models import IdempotencyKey, JobRun, OutgoingEmail
from portal import tasks
from portal.celery import app
from portal.settings import CELERY_BEAT_SCHEDULE
from portal.tasks import NightFailed, housekeeping, nightly
from wallet.models import StripeEvent

pytestmark = pytest.mark.django_db
TODAY = date(2026, 11, 3)
SECRET = {"link": "https://parvis.example/secret"}


@pytest.fixture(autouse=True)
def _own_vault(settings, tmp_path):
    settings.DOCUMENTS_ROOT = tmp_path


def used_key(age: timedelta):
    return IdempotencyKey.objects.create(
        key=f"7c9e6679-7425-40de-944b-{age.days:012}", owner="user:1", purpose="x", created_at=timezone.now() - age
    )


def owed(age: timedelta, secret: bool) -> OutgoingEmail:
    return OutgoingEmail.objects.create(
        template="x", to="a@example.org", context=SECRET, secret=secret, created_at=timezone.now() - age
    )


def test_used_keys_of_forms_go_after_thirty_days():
    used_key(timedelta(31))
    kept = used_key(timedelta(29))
    assert housekeeping(TODAY) == {"keys": 1, "events": 0, "secrets": 0}
    assert [str(each.pk) for each in IdempotencyKey.objects.all()] == [kept.key]


def test_ended_sessions_go_and_open_ones_stay():
    for name, hours in (("ended", -1), ("open", 1)):
        Session.objects.create(session_key=name, session_data="", expire_date=timezone.now() + timedelta(hours=hours))
    housekeeping(TODAY)
    assert list(Session.objects.values_list("session_key", flat=True)) == ["open"]


def test_a_secret_that_never_left_is_erased_and_given_up_after_a_week():
    old, fresh, plain = owed(timedelta(8), True), owed(timedelta(6), True), owed(timedelta(8), False)
    assert housekeeping(TODAY) == {"keys": 0, "events": 0, "secrets": 1}
    for email in (old, fresh, plain):
        email.refresh_from_db()
    assert [each.context for each in (old, fresh, plain)] == [{}, SECRET, SECRET]
    assert [each.given_up_at is None for each in (old, fresh, plain)] == [False, True, True]


def test_events_of_stripe_are_forgotten_once_handled_and_old():
    long_ago = timezone.now() - timedelta(days=91)
    for name, handled in (("evt_old", long_ago), ("evt_new", timezone.now()), ("evt_owed", None)):
        StripeEvent.objects.create(pk=name, type="refund.created", handled_at=handled)
    assert housekeeping(TODAY)["events"] == 1
    assert set(StripeEvent.objects.values_list("pk", flat=True)) == {"evt_new", "evt_owed"}


def test_the_night_is_done_once_and_tells_what_it_did():
    with time_machine.travel("2026-11-03 02:10+01:00", tick=False) as clock:
        used_key(timedelta(31))
        nightly()
        used_key(timedelta(40))
        clock.shift(timedelta(hours=1))
        nightly()
    run = JobRun.objects.get(job="housekeeping")
    assert (run.business_date, run.report) == (date(2026, 11, 3), {"keys": 1, "events": 0, "secrets": 0})
    assert IdempotencyKey.objects.count() == 1


def test_the_next_night_is_another_run():
    with time_machine.travel("2026-11-03 02:10+01:00", tick=False) as clock:
        nightly()
        clock.shift(timedelta(days=1))
        nightly()
    assert list(JobRun.objects.filter(job="housekeeping").values_list("business_date", flat=True).order_by("pk")) == [
        date(2026, 11, 3),
        date(2026, 11, 4),
    ]


def test_a_job_that_fails_keeps_no_other_from_running_and_is_tried_again_within_the_hour(monkeypatch):
    def fail(today):
        raise OSError("the disk is full")

    with time_machine.travel("2026-11-03 02:10+01:00", tick=False) as clock:
        with monkeypatch.context() as broken:
            broken.setitem(tasks.JOBS, "expiry", fail)
            with pytest.raises(NightFailed, match="expiry"):
                nightly()
        done = JobRun.objects.filter(finished_at__isnull=False)
        assert set(done.values_list("job", flat=True)) == set(tasks.JOBS) - {"expiry"}
        clock.shift(timedelta(hours=1))
        nightly()
    assert set(done.values_list("job", flat=True)) == set(tasks.JOBS)


def test_families_are_told_in_the_morning_not_in_the_night():
    with time_machine.travel("2026-11-03 02:10+01:00", tick=False) as clock:
        nightly()
        assert not JobRun.objects.filter(job="reports").exists()
        clock.move_to("2026-11-03 06:40+01:00")
        nightly()
    assert JobRun.objects.get(job="reports").report == {"settled": 0, "reports": 0}


@pytest.mark.parametrize(
    ("instant", "night"),
    [
        ("2026-11-03 00:40+01:00", "2026-11-02"),
        ("2026-11-03 01:40+01:00", "2026-11-02"),
        ("2026-11-03 02:09:59+01:00", "2026-11-02"),
        ("2026-11-03 02:10+01:00", "2026-11-03"),
        ("2026-11-03 23:40+01:00", "2026-11-03"),
        ("2026-11-02 23:30+00:00", "2026-11-02"),  # 00:30 in Paris
        ("2027-03-28 03:40+02:00", "2027-03-28"),  # 02:10 did not exist
    ],
)
def test_the_watchdog_begins_no_night_before_its_hour(instant, night):
    with time_machine.travel(instant, tick=False):
        nightly()
    assert {str(day) for day in JobRun.objects.values_list("business_date", flat=True)} == {night}


def test_a_night_that_crashed_is_taken_up_until_the_next_begins(monkeypatch):
    with time_machine.travel("2026-11-03 02:10+01:00", tick=False) as clock:
        with monkeypatch.context() as broken:
            broken.setitem(tasks.JOBS, "debits", lambda today: 1 / 0)
            with pytest.raises(NightFailed, match="debits"):
                nightly()
        clock.move_to("2026-11-04 00:40+01:00")
        nightly()
    runs = JobRun.objects.filter(job__in=("debits", "reports"), finished_at__isnull=False)
    assert {str(day) for day in runs.values_list("business_date", flat=True)} == {"2026-11-03"}
    assert runs.count() == 2


def test_what_the_night_writes_leaves_in_the_morning_and_stands_in_the_portal_before(monkeypatch, mailoutbox):
    def write(today):
        queue("families/left", to="claire@example.org", owner="user:1")
        queue_all([OutgoingEmail(template="families/left", to="paul@example.org", owner="user:2")])
        return {}

    monkeypatch.setattr(tasks, "JOBS", {"reminders": write})
    monkeypatch.setattr("common.background.mailing.build", lambda email: EmailMessage("Rappel", "…", to=[email.to]))
    with time_machine.travel("2026-11-03 02:10+01:00", tick=False) as clock:
        nightly()
        assert OutgoingEmail.objects.filter(created_at=timezone.now()).count() == 2
        queue("families/left", to="confirmation@example.org")
        for at, told in (("02:11", 1), ("07:59", 1), ("08:00", 3)):
            clock.move_to(f"2026-11-03 {at}+01:00")
            send_pending()
            assert len(mailoutbox) == told
    assert {*mailoutbox[0].to} == {"confirmation@example.org"}


def test_a_night_taken_up_by_day_writes_at_once(monkeypatch):
    monkeypatch.setattr(tasks, "JOBS", {"reminders": lambda today: queue("x", to="a@example.org") and {}})
    with time_machine.travel("2026-11-03 10:40+01:00", tick=False):
        nightly()
        assert OutgoingEmail.objects.get(template="x").next_try_at == timezone.now()


def test_the_night_is_taken_up_again_every_hour_in_case_it_crashed():
    rounds = {row["task"] for name, row in CELERY_BEAT_SCHEDULE.items() if name in ("nightly", "watchdog")}
    assert rounds == {"portal.tasks.nightly"}
    assert CELERY_BEAT_SCHEDULE["watchdog"]["schedule"].hour == set(range(24))


def test_every_task_of_the_timetable_is_known_to_the_workers():
    app.loader.import_default_modules()
    assert {row["task"] for row in CELERY_BEAT_SCHEDULE.values()} - app.tasks.keys() == set()
