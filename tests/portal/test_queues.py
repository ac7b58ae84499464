"""Each kind of background work has its queue and its worker; what hangs in one stops no other."""

import os
import re
import shlex
from pathlib import Path

import pytest
import redis
import yaml
from celery import Celery
from django.conf import settings

from common.background import mailing
from common.models import Outage, OutgoingEmail
from portal.celery import app
from tests import served
from tests.wallet.actions.test_cards import opened
from tools import demo, local
from wallet.actions import card_events
from wallet.gateways import stripe as gateway
from wallet.models import CardPayment

ROUTES = {name: route["queue"] for name, route in settings.CELERY_TASK_ROUTES.items()}


def queue_of(task: str) -> str:
    return app.amqp.router.route({}, task)["queue"].name


def served_by(command: str) -> set[str]:
    """The queues that a worker takes from."""
    return set(re.search(r"--queues=(\S+)", command)[1].split(","))


def test_every_task_has_a_queue_of_its_kind():
    app.loader.import_default_modules()
    app.autodiscover_tasks(force=True)
    ours = [name for name in app.tasks if not name.startswith("celery.")]
    assert {queue_of(name) for name in ours} == set(ROUTES.values())
    assert queue_of("common.tasks.send_outgoing_emails") == "mail"
    assert queue_of("wallet.tasks.handle_event") == "payments"
    assert queue_of("portal.tasks.nightly") == "nights"


def test_the_workers_of_the_demo_of_compose_and_of_the_docs_are_the_same_and_serve_every_queue():
    demos = {name: served_by(shlex.join(demo.worker(name))) for name in demo.WORKERS}
    services = yaml.safe_load(Path(local.PROJECT / "docker-compose.yml").read_text())["services"]
    composed = {name: served_by(it["command"]) for name, it in services.items() if " worker " in it.get("command", "")}
    told = dict(re.findall(r"^\| (\w+) \| `celery -A portal worker .*?--queues=(\S+)", docs(), re.MULTILINE))
    assert demos == composed == {name: set(queues.split(",")) for name, queues in told.items()}
    assert sorted(queue for queues in demos.values() for queue in queues) == sorted(ROUTES.values())
    assert all(f"--hostname={name}@" in services[name]["command"] for name in composed)
    assert all(services[name]["environment"]["WORKER"] == name for name in composed)


def docs() -> str:
    return Path(local.PROJECT / "docs" / "operations.md").read_text()


def test_a_round_that_no_worker_took_is_let_go_when_the_next_is_due():
    rounds = {name: each for name, each in settings.CELERY_BEAT_SCHEDULE.items() if isinstance(each["schedule"], float)}
    assert len(rounds) >= 5
    assert all(each["options"]["expires"] == each["schedule"] for each in rounds.values())


# --- A mail server that accepts and says nothing -----------------------------------------------------------------------
@pytest.fixture
def broker():
    """A corner of the test's Redis that no other test uses, and an application that speaks to it."""
    corner = 8 + int(re.sub(r"\D", "", os.environ.get("PYTEST_XDIST_WORKER", "")) or 0) % 8
    address = f"{settings.REDIS_URL}?{'virtual_host' if 'unix' in settings.REDIS_URL else 'db'}={corner}"
    store = redis.Redis.from_url(settings.REDIS_URL, db=corner)
    store.flushdb()
    sender = Celery("sender", set_as_current=False)
    sender.config_from_object("django.conf:settings", namespace="CELERY")
    sender.conf.broker_url = address.replace("unix://", "redis+socket://", 1)
    yield address, sender
    sender.close()
    store.flushdb()
    store.close()


@pytest.mark.django_db(transaction=True)
def test_a_card_payment_is_credited_at_once_while_sixty_emails_wait_for_a_silent_mail_server(
    broker, stripe_double, tmp_path
):
    address, sender = broker
    _, _, payment = opened()
    stripe_double.pay(payment.session)
    delivery = next(each for each in stripe_double.take() if each.type == "checkout.session.completed")
    event = gateway.read_event(delivery.body, delivery.signature)
    for number in range(60):
        mailing.queue("accounts/email_confirmation", to=f"p{number}@example.org", context={"code": "483920"})
    env = {
        "REDIS_URL": address,
        "STRIPE_SECRET_KEY": settings.STRIPE_SECRET_KEY,
        "STRIPE_WEBHOOK_SECRET": settings.STRIPE_WEBHOOK_SECRET,
        "STRIPE_API_BASE": settings.STRIPE_API_BASE,
        "PARVIS_SMTP_HOST": "127.0.0.1",
    }
    with served.Silent() as mail_server:
        env["PARVIS_SMTP_PORT"] = str(mail_server.port)
        with (
            served.running("mail", demo.worker("mail"), tmp_path, **env),
            served.running("payments", demo.worker("payments"), tmp_path, **env),
        ):
            assert served.wait_until(lambda: " ready." in (tmp_path / "payments.log").read_text())
            for _ in range(60):
                sender.send_task("common.tasks.send_outgoing_emails")
            assert served.wait_until(lambda: mail_server.visitors)  # and now it is silent
            card_events.store(event)
            sender.send_task("wallet.tasks.handle_event", [event.id])
            assert served.wait_until(lambda: CardPayment.objects.get().status == CardPayment.Status.PAID, 10)
            assert served.wait_until(Outage.objects.exists, 60)  # the sender leaves it alone
            assert len(mail_server.visitors) == 1
    assert OutgoingEmail.objects.filter(sent_at=None, tries=0).count() >= 59
    assert OutgoingEmail.objects.filter(sent_at=None, tries=1).count() == 1
