"""The frame of every write: one transaction, deadlocks tried again, a limit to waiting, then a polite page."""

import threading

import pytest
from django.contrib.auth.decorators import login_not_required
from django.db import OperationalError, connection, transaction
from django.urls import path

from common.models import IdempotencyKey, JobRun
from common.refusals import Busy
from common.writing import transactions
from common.writing.transactions import TRIES, outermost, require_no_transaction
from portal.urls import urlpatterns as portal
from tests.concurrency import own_pid, someone_else
from tests.factories.accounts import CommuneFactory
from wallet.gateways import stripe

pytestmark = pytest.mark.django_db(transaction=True)


class DatabaseSays(Exception):
    """What psycopg raises, as far as the frame looks at it."""

    def __init__(self, sqlstate):
        self.sqlstate = sqlstate


def failing(sqlstate: str, times: int):
    """An action that the database stops so many times; ``action.tries`` counts."""

    @outermost
    def action():
        failing.tries += 1
        CommuneFactory(insee_code=f"0100{failing.tries}")
        if failing.tries <= times:
            raise OperationalError from DatabaseSays(sqlstate)
        return "done"

    failing.tries = 0
    return action


def lock(commune):
    type(commune).objects.select_for_update(no_key=True).get(pk=commune.pk)


def rename(commune, name):
    type(commune).objects.filter(pk=commune.pk).update(name=name)


@pytest.mark.parametrize("sqlstate", ["40P01", "40001"])
def test_an_action_stopped_by_a_deadlock_is_tried_again_from_a_clean_state(sqlstate):
    assert failing(sqlstate, times=TRIES - 1)() == "done"
    assert failing.tries == TRIES
    assert list(CommuneFactory._meta.model.objects.values_list("insee_code", flat=True)) == ["01003"]


def test_an_action_that_only_meets_deadlocks_ends_busy_and_changes_nothing():
    with pytest.raises(Busy):
        failing("40P01", times=TRIES)()
    assert failing.tries == TRIES
    assert CommuneFactory._meta.model.objects.count() == 0


def test_other_failures_of_the_database_are_not_tried_again():
    with pytest.raises(OperationalError):
        failing("57P01", times=1)()
    assert failing.tries == 1


def test_a_true_deadlock_is_resolved_and_both_actions_are_done():
    one, two = CommuneFactory(), CommuneFactory()
    meeting, tries = threading.Barrier(2, timeout=10), []

    @outermost
    def rename_both(first, second, name):
        tries.append(name)
        lock(first)
        if tries.count(name) == 1:
            meeting.wait()
        lock(second)
        rename(first, name)
        rename(second, name)
        return name

    rivals = [someone_else(rename_both, one, two, "A"), someone_else(rename_both, two, one, "B")]
    assert [rival.result() for rival in rivals] == ["A", "B"]
    assert len(tries) == 3
    one.refresh_from_db()
    two.refresh_from_db()
    assert one.name == two.name


@outermost
def rename_under_lock(commune):
    lock(commune)
    rename(commune, "changed")


def test_an_action_does_not_wait_for_a_lock_beyond_the_limit(monkeypatch):
    monkeypatch.setattr(transactions, "LOCK_TIMEOUT_MS", 50)
    commune = CommuneFactory(name="Baneins")
    with transaction.atomic():
        lock(commune)
        with pytest.raises(Busy):
            someone_else(rename_under_lock, commune).result()
    commune.refresh_from_db()
    assert commune.name == "Baneins"


def test_the_limit_ends_with_the_action():
    @outermost
    def shown():
        return setting()

    assert [shown(), setting()] == ["5s", "0"]


def setting() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SHOW lock_timeout")
        return cursor.fetchone()[0]


def test_an_action_inside_another_transaction_is_a_fault_of_ours():
    with pytest.raises(RuntimeError), transaction.atomic():
        rename_under_lock(CommuneFactory())


def test_an_action_that_succeeds_is_committed_when_it_returns():
    @outermost
    def act():
        IdempotencyKey.objects.create(key="7c9e6679-7425-40de-944b-e07fc1f90ae7", owner="user:1", purpose="x")

    act()
    assert someone_else(IdempotencyKey.objects.count).result() == 1
    assert JobRun.objects.count() == 0


@login_not_required
def busy_page(request):
    """A page whose action waits for a lock that somebody keeps."""
    commune = CommuneFactory._meta.model.objects.get()
    rename_under_lock(commune)


urlpatterns = [path("occupe/", busy_page), *portal]


@pytest.mark.urls(__name__)
def test_a_busy_database_gives_a_polite_page(client, monkeypatch):
    monkeypatch.setattr(transactions, "LOCK_TIMEOUT_MS", 50)
    commune, held, leave = CommuneFactory(), threading.Event(), threading.Event()

    @transaction.atomic
    def keep():
        lock(commune)
        held.set()
        leave.wait(10)
        return own_pid()

    keeper = someone_else(keep)
    assert held.wait(10)
    response = client.get("/occupe/")
    leave.set()
    keeper.result()
    assert response.status_code == 503
    assert Busy.sentence in response.content.decode()


def test_no_other_program_is_asked_inside_a_transaction():
    require_no_transaction()
    with transaction.atomic(), pytest.raises(RuntimeError, match="may not be asked"):
        require_no_transaction()


def test_stripe_is_not_asked_inside_a_transaction(settings):
    settings.STRIPE_SECRET_KEY = settings.STRIPE_WEBHOOK_SECRET = "set"
    with transaction.atomic(), pytest.raises(RuntimeError, match="may not be asked"):
        stripe.read_checkout("cs_1")
