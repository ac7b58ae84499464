"""What rate limits count in: a living entry is never forgotten, whatever else is written, and counts are exact."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import time_machine
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from django.core.cache import cache
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from accounts.signing_in.mfa import enrol_totp
from common.models import RateCount
from portal.tasks import housekeeping
from tests.accounts.pages import PASSWORD, errors
from tests.client import PortalClient
from tests.factories.accounts import AgentFactory, UserFactory

pytestmark = pytest.mark.django_db
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
TOO_MANY = ["Trop d’essais de connexion. Attendez quelques minutes, puis recommencez."]


def fill():
    """Whatever cheap requests may leave, ten times what Django's own cache keeps; then the sweeps that may run."""
    for number in range(3000):
        cache.set(f"cheap:{number}", [number], 3600)
    cache.clear()
    call_command("clearsessions")
    housekeeping(timezone.localdate())


def log_in(client, password):
    return client.post("/comptes/login/", {"login": "claire@example.org", "password": password})


def test_wrong_passwords_stay_counted_when_the_cache_is_filled(client):
    UserFactory(email="claire@example.org", password=PASSWORD)
    for _ in range(5):
        log_in(client, "not-the-password-1")
    fill()
    assert errors(log_in(client, PASSWORD)) == TOO_MANY


def test_wrong_codes_of_the_second_factor_stay_counted_when_the_cache_is_filled(client):
    agent = AgentFactory(email="claire@example.org", password=PASSWORD)
    enrol_totp(agent, SECRET)
    RecoveryCodes.activate(agent)
    log_in(client, PASSWORD)
    codes = [errors(client.post("/comptes/2fa/authenticate/", {"code": f"{n:06}"})) for n in range(5)]
    fill()
    refused = errors(client.post("/comptes/2fa/authenticate/", {"code": "999999"}))
    assert codes[0] != refused
    assert refused != []


@pytest.mark.django_db(transaction=True)
def test_of_twenty_wrong_passwords_at_once_no_more_than_five_are_judged(monkeypatch):
    UserFactory(email="claire@example.org", password=PASSWORD)
    judged = []
    check = "accounts.models.User.check_password"
    monkeypatch.setattr(check, lambda user, typed: bool(judged.append(typed)))

    def wrong(number):
        try:
            return log_in(PortalClient(REMOTE_ADDR=f"192.0.2.{number}"), f"not-the-password-{number}").status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(wrong, range(20))) == {200}
    assert len(set(judged)) == 5


def test_an_entry_is_there_until_its_time_and_added_once():
    with time_machine.travel("2026-11-21T10:00:00Z", tick=False) as clock:
        assert (cache.add("a", "first", 60), cache.add("a", "second", 60), cache.get("a")) == (True, False, "first")
        clock.shift(timedelta(seconds=61))
        assert cache.get("a", "none") == "none"
        assert cache.add("a", "third", 60)
        assert (cache.touch("a", 120), cache.delete("a"), cache.delete("a"), cache.touch("a")) == (
            True,
            True,
            False,
            False,
        )
        cache.set("b", [1.5], None)
        clock.shift(timedelta(days=400))
        assert cache.get("b") == [1.5]


def test_the_night_deletes_what_has_expired_and_only_that():
    with time_machine.travel("2026-11-21T10:00:00Z", tick=False) as clock:
        cache.set("short", 1, 60)
        cache.set("long", 1, 3600)
        clock.shift(timedelta(minutes=2))
        housekeeping(timezone.localdate())
    assert [key.rpartition(":")[2] for key in RateCount.objects.values_list("key", flat=True)] == ["long"]
