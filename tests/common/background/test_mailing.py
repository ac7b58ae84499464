"""The outbox: owed with the business change, sent once, tried again, never in the way of a page."""

import logging
from datetime import timedelta
from smtplib import SMTPDataError, SMTPRecipientsRefused

import pytest
import time_machine
from celery import Celery
from celery.exceptions import OperationalError
from django.core import mail
from django.core.cache import caches
from django.core.mail.backends.locmem import EmailBackend
from django.db import transaction
from django.utils import timezone

from common.background import mailing, waking
from common.models import Outage, OutgoingEmail
from common.tasks import send_outgoing_emails
from tests.concurrency import someone_else

pytestmark = pytest.mark.django_db
NOON = "2026-11-03 12:00+01:00"


def owe(to="claire@example.org", **fields) -> OutgoingEmail:
    """An email with a template that exists."""
    context = {"code": "483920", "first_name": "Claire"}
    return mailing.queue("accounts/email_confirmation", to=to, context=context, **fields)


def state(email: OutgoingEmail) -> tuple:
    """What the row says: (sent, tries, minutes until the next try, given up)."""
    email.refresh_from_db()
    wait = round((email.next_try_at - timezone.now()).total_seconds() / 60)
    return email.sent_at is not None, email.tries, wait, email.given_up_at is not None


@pytest.fixture
def no_mail_server(monkeypatch, caplog):
    """A mail server that takes nothing; the Message-IDs under which it was asked."""
    asked = []

    def refuse(backend, messages):
        asked.extend(each.extra_headers["Message-ID"] for each in messages)
        raise ConnectionRefusedError("no mail server")

    caplog.set_level(logging.CRITICAL, "common.background.mailing")
    monkeypatch.setattr(EmailBackend, "send_messages", refuse)
    return asked


def test_an_email_is_sent_once_however_often_the_relay_comes():
    email = owe()
    assert [mailing.send_pending(), mailing.send_pending()] == [1, 0]
    assert [message.to for message in mail.outbox] == [["claire@example.org"]]
    assert mail.outbox[0].extra_headers == {"Message-ID": f"<{email.message_id}@parvis>"}
    assert "483920" in mail.outbox[0].body


def test_the_task_of_the_worker_sends_what_waits():
    owe()
    send_outgoing_emails()
    assert len(mail.outbox) == 1


def test_a_message_without_address_is_read_in_the_portal_and_never_sent():
    owe(to="", owner="user:1")
    assert mailing.send_pending() == 0
    assert mail.outbox == []


def test_an_email_is_owed_exactly_when_the_business_change_is_kept():
    with transaction.atomic():
        owe()
        transaction.set_rollback(True)
    assert OutgoingEmail.objects.count() == 0


def test_the_relay_stops_at_its_limit():
    for _ in range(3):
        owe()
    assert [mailing.send_pending(limit=2), mailing.send_pending(limit=2)] == [2, 1]


def test_the_context_of_a_secret_is_erased_once_sent_and_other_contexts_stay():
    secret, plain = owe(secret=True), owe()
    mailing.send_pending()
    secret.refresh_from_db()
    plain.refresh_from_db()
    assert secret.context == {}
    assert plain.context == {"code": "483920", "first_name": "Claire"}


def test_a_secret_that_could_not_be_sent_is_kept_for_the_next_try(no_mail_server):
    secret = owe(secret=True)
    mailing.send_pending()
    secret.refresh_from_db()
    assert secret.context == {"code": "483920", "first_name": "Claire"}


def test_a_mail_server_that_refuses_is_asked_again_after_longer_and_longer_waits(no_mail_server):
    seen = []
    with time_machine.travel(NOON, tick=False) as clock:
        email = owe()
        for _ in range(mailing.MAX_TRIES):
            mailing.send_pending()
            seen.append(state(email)[2])
            clock.move_to(email.next_try_at)
    assert seen == [2, 4, 8, 16, 32, 64, 128, 240, 240, 240, 240, 240]


def test_an_email_is_given_up_after_the_last_try(no_mail_server):
    with time_machine.travel(NOON, tick=False) as clock:
        email = owe()
        for _ in range(mailing.MAX_TRIES + 3):
            mailing.send_pending()
            clock.shift(timedelta(hours=5))
        email.refresh_from_db()
    assert (email.tries, email.sent_at) == (mailing.MAX_TRIES, None)
    assert email.given_up_at is not None
    assert len(no_mail_server) == mailing.MAX_TRIES


def test_an_email_that_waits_for_its_next_try_does_not_hold_back_the_others(no_mail_server, monkeypatch):
    with time_machine.travel(NOON, tick=False) as clock:
        late = owe()
        mailing.send_pending()
        monkeypatch.undo()
        owe(to="theo@example.org")
        clock.shift(timedelta(seconds=31))  # the server is left alone for so long
        assert mailing.send_pending() == 1
        assert [message.to for message in mail.outbox] == [["theo@example.org"]]
        clock.shift(timedelta(minutes=3))
        mailing.send_pending()
        assert state(late)[:2] == (True, 1)


def test_a_mail_server_that_does_not_answer_is_left_alone_longer_and_longer(no_mail_server, monkeypatch):
    asked = []
    with time_machine.travel(NOON, tick=False) as clock:
        for _ in range(60):
            owe()
        for _ in range(30):
            mailing.send_pending()
            asked.append(len(no_mail_server))
            clock.shift(timedelta(seconds=30))
        assert asked[0] == 1
        assert asked[-1] == 6  # after 0, 30, 90, 210, 450 and 750 seconds
        monkeypatch.undo()
        clock.shift(timedelta(minutes=5))
        assert mailing.send_pending(100) == 60
        assert not Outage.objects.exists()


@pytest.mark.parametrize(
    "fault",
    [
        SMTPRecipientsRefused({"claire@example.org": (550, b"unknown")}),
        SMTPDataError(451, b"later"),
        KeyError("template"),
    ],
    ids=lambda fault: type(fault).__name__,
)
def test_a_fault_of_one_email_holds_back_no_other(fault, monkeypatch, caplog):
    caplog.set_level(logging.CRITICAL, "common.background.mailing")
    first, second = owe(), owe(to="theo@example.org")
    build = mailing.build

    def fail(email):
        if email.pk == first.pk:
            raise fault
        return build(email)

    monkeypatch.setattr(mailing, "build", fail)
    assert mailing.send_pending() == 2
    assert [state(email)[:2] for email in (first, second)] == [(False, 1), (True, 0)]
    assert not Outage.objects.exists()


def test_all_tries_of_an_email_carry_the_same_message_id(no_mail_server):
    with time_machine.travel(NOON, tick=False) as clock:
        email = owe()
        for _ in range(3):
            mailing.send_pending()
            clock.shift(timedelta(hours=5))
    assert no_mail_server == [f"<{email.message_id}@parvis>"] * 3


def test_no_two_emails_share_a_message_id():
    assert owe().message_id != owe().message_id


@pytest.mark.django_db(transaction=True)
def test_a_second_relay_passes_the_email_that_the_first_one_is_sending(monkeypatch):
    first, second = owe(), owe(to="theo@example.org")
    build, others = mailing.build, []

    def build_while_another_relay_comes(email):
        if email.pk == first.pk:
            others.append(someone_else(mailing.send_pending).result(timeout=10))
        return build(email)

    monkeypatch.setattr(mailing, "build", build_while_another_relay_comes)
    assert mailing.send_pending() == 1
    assert others == [1]
    assert [message.to for message in mail.outbox] == [["theo@example.org"], ["claire@example.org"]]
    assert [state(email)[0] for email in (first, second)] == [True, True]


# The broker makes it fast; nothing hangs on it.


class Recorder:
    """A broker's application that notes what it is asked, and may be down."""

    def __init__(self, error=None):
        self.asked, self.error = [], error

    def send_task(self, name, **options):
        self.asked.append((name, options))
        if self.error:
            raise self.error


@pytest.fixture
def use_broker(monkeypatch):
    """Replace the broker's application for this test."""

    def use(application):
        monkeypatch.setattr(waking, "current_app", application)
        return application

    return use


def test_the_relay_is_woken_after_the_commit_and_not_before(use_broker, django_capture_on_commit_callbacks):
    broker = use_broker(Recorder())
    with django_capture_on_commit_callbacks(execute=True):
        owe()
        assert broker.asked == []
    assert broker.asked == [("common.tasks.send_outgoing_emails", {"countdown": 1, "retry": False})]


def test_the_relay_is_woken_once_a_second_by_a_process(use_broker, django_capture_on_commit_callbacks):
    broker = use_broker(Recorder())
    with time_machine.travel(NOON, tick=False) as clock:
        for _ in range(4):
            with django_capture_on_commit_callbacks(execute=True):
                owe()
            clock.shift(timedelta(seconds=0.6))
    assert [options["countdown"] for _, options in broker.asked] == [waking.GATHER] * 2


def test_a_round_of_the_relay_sends_all_that_waits_however_much():
    for _ in range(mailing.BATCH + 1):
        owe()
    send_outgoing_emails()
    assert len(mail.outbox) == mailing.BATCH + 1


def test_a_message_that_is_only_read_in_the_portal_wakes_nobody(use_broker, django_capture_on_commit_callbacks):
    broker = use_broker(Recorder())
    with django_capture_on_commit_callbacks(execute=True):
        owe(to="", owner="user:1")
    assert broker.asked == []


@pytest.mark.parametrize("address", ["redis://127.0.0.1:1/0", "redis+socket:///nowhere/redis.sock"])
def test_a_broker_that_refuses_is_not_waited_for(
    address, use_broker, monkeypatch, caplog, django_capture_on_commit_callbacks
):
    caplog.set_level(logging.CRITICAL, "common.background.waking")
    waits = []
    monkeypatch.setattr("kombu.utils.functional.sleep", waits.append)
    broker = Celery("dead", set_as_current=False)
    broker.config_from_object("django.conf:settings", namespace="CELERY")
    broker.conf.broker_url = address
    use_broker(broker)
    with django_capture_on_commit_callbacks(execute=True):
        email = owe()
    assert waits == []
    assert caches["process"].get("broker-is-down")
    assert mailing.send_pending() == 1
    assert state(email)[0]


def test_a_process_that_met_a_dead_broker_leaves_it_alone_for_half_a_minute(
    use_broker, caplog, django_capture_on_commit_callbacks
):
    caplog.set_level(logging.CRITICAL, "common.background.waking")
    broker, asked = use_broker(Recorder(OperationalError("down"))), []
    with time_machine.travel(NOON, tick=False) as clock:
        for _ in range(3):
            with django_capture_on_commit_callbacks(execute=True):
                owe()
                owe()
            asked.append(len(broker.asked))
            clock.shift(timedelta(seconds=20))
    assert asked == [1, 1, 2]
    assert OutgoingEmail.objects.count() == 6
