"""Whoever asks learns nothing of who has an account: the same bytes, the same work, as long."""

import re
import time
from math import erfc, sqrt

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher, make_password

from accounts.models import User
from common.brakes import steady
from tests.accounts.pages import PASSWORD
from tests.client import PortalClient
from tests.factories.accounts import UserFactory
from tests.factories.cesu import employer_with, manager_of

pytestmark = pytest.mark.django_db
ARGON2 = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
KNOWN, UNKNOWN = "paule.known@example.org", "paule.nobody@example.org"
STEP_1 = {
    "gender": "Mme",
    "first_name": "Paule",
    "last_name": "Durand",
    "password1": PASSWORD,
    "terms": "on",
    "members-TOTAL_FORMS": "0",
    "members-INITIAL_FORMS": "0",
}


def sign_up(client, email):
    return client.post("/inscription/", STEP_1 | {"email": email})


def log_in(client, email):
    return client.post("/comptes/login/", {"login": email, "password": "not-the-password-1"})


def reset(client, email):
    return client.post("/comptes/password/reset/", {"email": email})


DOORS = {"sign-up": sign_up, "login": log_in, "reset": reset}


def bare(response, email):
    """The bytes of an answer without what is drawn anew for each: the form's token."""
    page = re.sub(rb'(csrfmiddlewaretoken" value=")[^"]+', rb"\1", response.content)
    return response.status_code, response.get("Location"), page.replace(email.encode(), b"EMAIL")


def story(door, email):
    """What a visitor reads: the answer, then the page where it leads."""
    client = PortalClient()
    first = door(client, email)
    read = [bare(first, email)]
    if first.status_code == 302:
        read.append(bare(client.get(first["Location"]), email))
    return read, sorted(first.cookies), sorted(set(first.headers) - {"Content-Length"})


@pytest.mark.parametrize("door", DOORS.values(), ids=DOORS.keys())
def test_a_known_and_an_unknown_address_get_the_same_bytes(door):
    UserFactory(email=KNOWN, password=PASSWORD)
    assert story(door, KNOWN) == story(door, UNKNOWN)


@pytest.mark.parametrize(("door", "hashes"), [(sign_up, 1), (log_in, 1), (reset, 0)], ids=DOORS.keys())
@pytest.mark.parametrize("person", ["known", "unknown", "without a password", "closed"])
def test_each_door_computes_as_many_hashes_whoever_knocks(monkeypatch, door, hashes, person):
    if person != "unknown":
        closed = {"status": "closed", "is_active": False} if person == "closed" else {}
        UserFactory(email=KNOWN, password=None if person == "without a password" else PASSWORD, **closed)
    computed, encode = [], MD5PasswordHasher.encode
    monkeypatch.setattr(
        MD5PasswordHasher, "encode", lambda self, *given: computed.append(given) or encode(self, *given)
    )
    door(PortalClient(), KNOWN)
    assert len(computed) == hashes


def test_a_known_address_leaves_nothing_behind_at_sign_up():
    UserFactory(email=KNOWN, password=PASSWORD)
    before = User.objects.get().password
    sign_up(PortalClient(), KNOWN)
    assert [user.email for user in User.objects.all()] == [KNOWN]
    assert User.objects.get().password == before


@pytest.mark.parametrize("door", [sign_up, reset])
def test_sign_up_and_reset_answer_no_sooner_than_their_time(monkeypatch, door):
    waited = []
    monkeypatch.setattr(steady.time, "sleep", waited.append)
    UserFactory(email=KNOWN, password=PASSWORD)
    for email in (KNOWN, UNKNOWN):
        door(PortalClient(), email)
    assert len([seconds for seconds in waited if 0 < seconds <= steady.LEAST]) == 2


def test_the_wait_covers_what_all_middleware_does(settings):
    assert settings.MIDDLEWARE[0] == "common.brakes.steady.SteadyMiddleware"


def test_the_employers_forgotten_password_waits_too(monkeypatch):
    waited = []
    monkeypatch.setattr(steady.time, "sleep", waited.append)
    user = manager_of(employer_with())
    for identifier in (user.identifier, "D999999"):
        PortalClient().post("/cesu/mot-de-passe/", {"identifier": identifier, "email": user.manager.email})
    assert len(waited) == 2


# --- The proof -------------------------------------------------------------------------------------------------------
PROBES = 200


def mann_whitney(first: list[float], second: list[float]) -> float:
    """The probability of ranks at least so far apart, two-sided, by the normal approximation (no ties in nanoseconds)."""
    ranked = sorted([(value, 0) for value in first] + [(value, 1) for value in second])
    ranks = sum(rank for rank, (_, side) in enumerate(ranked, 1) if side == 0)
    n, m = len(first), len(second)
    u, mean = ranks - n * (n + 1) / 2, n * m / 2
    return erfc(abs(u - mean) / sqrt(n * m * (n + m + 1) / 12) / sqrt(2))


def test_the_statistic_tells_apart_what_differs_and_only_that():
    even, odd = [float(n) for n in range(0, 400, 2)], [float(n) for n in range(1, 401, 2)]
    assert mann_whitney(even, odd) > 0.9
    assert mann_whitney(even, [value + 60 for value in odd]) < 0.01
    assert 0.016 < mann_whitney([1, 2, 3, 4, 6], [5, 7, 8, 9, 10]) < 0.017  # by hand: U = 1, z = 2.40


@pytest.mark.proof
@pytest.mark.parametrize("door", DOORS.values(), ids=DOORS.keys())
def test_200_probes_do_not_tell_a_known_address_from_an_unknown_one(settings, door):
    settings.PASSWORD_HASHERS = ARGON2
    kept = make_password(PASSWORD)
    for number in range(PROBES + 5):
        UserFactory(email=f"known{number:04}@example.org")
    User.objects.update(password=kept)
    took = {"known": [], "nobody": []}
    for number in range(PROBES + 5):
        for who in sorted(took, reverse=bool(number % 2)):  # neither always goes first
            client = PortalClient(REMOTE_ADDR=f"192.0.{number}.{len(who)}")
            client.get("/comptes/login/")
            started = time.perf_counter()
            assert door(client, f"{who}{number:04}@example.org").status_code in (200, 302)
            took[who].append(time.perf_counter() - started)
    p = mann_whitney(*(values[5:] for values in took.values()))  # the first ones load templates
    assert p > 0.01, {who: sorted(values)[len(values) // 2] for who, values in took.items()}
