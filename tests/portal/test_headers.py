"""What each answer carries, who is told of a weakness, and what is said of a proxy that nobody counted."""

import logging
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from common.models import Authority
from portal.checks import proxies
from portal.middleware import UNKNOWN_PROXY, HeadersMiddleware
from tests.factories.accounts import AgentFactory, UserFactory

pytestmark = pytest.mark.django_db
HEADERS = {
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


@pytest.fixture
def https(settings):
    settings.SECURE_SSL_REDIRECT, settings.SECURE_HSTS_SECONDS = True, 60
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")


def check(answer):
    assert {name: answer.get(name) for name in HEADERS} == HEADERS
    assert "frame-ancestors 'none'" in answer["Content-Security-Policy"]


PAGES = {
    "/": 200,
    "/comptes/login/": 200,
    "/couleurs.css": 200,
    "/sante/": 200,
    "/.well-known/security.txt": 200,
    "/mon-compte/": 302,
    "/nulle-part/": 404,
    "/paiements/stripe/evenements/": 405,
}


@pytest.mark.parametrize(("path", "status"), PAGES.items())
def test_every_answer_has_the_security_headers(client, path, status):
    answer = client.get(path)
    assert answer.status_code == status
    check(answer)


def test_a_form_that_was_forged_and_a_fault_have_them_too(monkeypatch):
    browser = Client(enforce_csrf_checks=True, raise_request_exception=False)
    refused = browser.post("/comptes/login/", {"login": "x", "password": "y"})
    assert refused.status_code == 403
    check(refused)
    monkeypatch.setattr("portal.home.views.news_for", lambda user: 1 / 0)
    fault = browser.get("/")
    assert fault.status_code == 500
    check(fault)


@pytest.mark.parametrize("tls", [True, False])
def test_the_400_of_a_wrong_host_has_them_too(settings, https, tls):
    settings.ALLOWED_HOSTS = ["portail.example"]
    more = {"X-Forwarded-Proto": "https"} if tls else {}
    answer = Client().get("/", headers={"Host": "evil.example"} | more)
    assert answer.status_code == 400
    check(answer)
    assert ("Strict-Transport-Security" in answer) == tls


# --- security.txt (RFC 9116) -----------------------------------------------------------------------------------------
def fields(client):
    answer = client.get("/.well-known/security.txt")
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    return dict(line.split(": ", 1) for line in answer.content.decode().splitlines())


def test_security_txt_says_whom_to_tell_and_until_when_it_is_true(client, settings):
    settings.PUBLIC_URL = "https://portail.example"
    Authority(email="accueil@ville.example", security_contact="rssi@ville.example").save()
    said = fields(client)
    assert said["Contact"] == "mailto:rssi@ville.example"
    assert said["Canonical"] == "https://portail.example/.well-known/security.txt"
    expires = datetime.strptime(said["Expires"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    assert timedelta(days=90) < expires - timezone.now() < timedelta(days=365)


def test_security_txt_falls_back_to_the_authoritys_address_then_to_the_contact_page(client, settings):
    settings.PUBLIC_URL = "https://portail.example"
    Authority(email="accueil@ville.example").save()
    assert fields(client)["Contact"] == "mailto:accueil@ville.example"
    Authority(email="").save()
    assert fields(client)["Contact"] == "https://portail.example/informations/contact/"


# --- Proxies ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("count", "told"), [(0, 1), (1, 0)])
def test_a_proxy_that_the_settings_do_not_know_is_told_once_in_the_log(
    client, settings, caplog, monkeypatch, count, told
):
    monkeypatch.setattr(HeadersMiddleware, "warned", False)
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = count
    with caplog.at_level(logging.WARNING, "portal.middleware"):
        client.get("/sante/")
        assert caplog.messages == []
        for _ in range(2):
            client.get("/sante/", headers={"X-Forwarded-For": "192.0.2.1"})
    assert caplog.messages == [UNKNOWN_PROXY] * told


@pytest.mark.parametrize(
    ("url", "count", "told"),
    [("https://p.example", 0, ["portal.W001"]), ("https://p.example", 1, []), ("http://p.example", 0, [])],
)
def test_check_deploy_tells_of_a_proxy_that_nobody_counted(settings, url, count, told):
    settings.PUBLIC_URL, settings.ALLAUTH_TRUSTED_PROXY_COUNT = url, count
    assert [warning.id for warning in proxies(None)] == told


# --- An idle hour ----------------------------------------------------------------------------------------------------
def test_an_agent_is_signed_out_after_an_idle_hour_and_only_then(visitor, time_machine):
    start = timezone.now()
    time_machine.move_to(start)
    browser = visitor(AgentFactory())
    for minutes in (50, 100, 150):
        time_machine.move_to(start + timedelta(minutes=minutes))
        assert browser.get("/admin/").status_code == 200
    time_machine.move_to(start + timedelta(minutes=211))
    assert browser.get("/admin/").status_code == 302


def test_public_pages_do_not_keep_an_agent_signed_in(visitor, time_machine):
    start = timezone.now()
    time_machine.move_to(start)
    browser = visitor(AgentFactory())
    for minutes in (30, 59):
        time_machine.move_to(start + timedelta(minutes=minutes))
        browser.get("/couleurs.css")
        browser.get("/sante/")
    time_machine.move_to(start + timedelta(minutes=61))
    assert browser.get("/admin/").status_code == 302


def test_a_family_stays_signed_in_as_long_as_before(visitor, time_machine):
    start = timezone.now()
    time_machine.move_to(start)
    browser = visitor(UserFactory())
    time_machine.move_to(start + timedelta(hours=11))
    assert browser.get("/comptes/profil/").status_code == 200
