"""A real browser on the real portal: phones and desktops, with scripts or without."""

import os
import re
from urllib.parse import urlsplit

import pytest
import time_machine
from django.core import mail
from django.core.cache import caches
from playwright.sync_api import expect, sync_playwright

from common.background.mailing import send_pending
from tests.client import PortalClient
from tests.journeys.town import NOW, build_town
from tools.browser import NoBrowser, chromium

PHONE = {"width": 360, "height": 780}
DESKTOP = {"width": 1280, "height": 900}

expect.set_options(timeout=10_000)


def found_browser():
    """The path of the browser, or the sentence that says what is missing."""
    try:
        return chromium(), ""
    except NoBrowser as refusal:
        return "", str(refusal)


@pytest.fixture(scope="session")
def browser():
    """Chromium, one for the whole session; its absence fails every journey with the line to run."""
    path, refusal = found_browser()
    if refusal:
        pytest.fail(refusal, pytrace=False)
    # Playwright keeps an event loop running in this thread, so Django would refuse the ORM in it; no coroutine of ours
    # touches the database, which is the case that this setting of Django's is for.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path)
        yield browser
        browser.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def clock(transactional_db):
    """Monday 1 March 2027; the clock goes on from there."""
    caches["default"].clear()  # the counts of the rate limits, which no flush empties
    with time_machine.travel(NOW, tick=True):
        yield


@pytest.fixture
def town(clock):
    """The communes of the guides."""
    return build_town()


class Visit:
    """Opens pages of the portal in the browser, and collects what goes wrong in any of them."""

    def __init__(self, browser, address):
        self.browser, self.address = browser, address
        self.contexts, self.faults = [], []

    def __call__(self, user=None, path="/", size=DESKTOP, **options):
        """A new window, signed in as ``user``; options are the browser's: java_script_enabled, color_scheme…"""
        options = {"viewport": size, "locale": "fr-FR", "reduced_motion": "reduce", "base_url": self.address} | options
        context = self.browser.new_context(**options)
        context.set_default_timeout(10_000)
        self.contexts.append(context)
        if user:
            context.add_cookies(self._session_of(user))
        page = context.new_page()
        self._watch(page)
        page.goto(path)
        return page

    def _session_of(self, user):
        client = PortalClient()
        client.login_agent(user) if user.is_staff else client.force_login(user)
        return [{"name": name, "value": morsel.value, "url": self.address} for name, morsel in client.cookies.items()]

    def _watch(self, page):
        page.on("pageerror", lambda error: self.faults.append(f"{page.url}: {error}"))
        page.on("console", lambda line: line.type == "error" and self.faults.append(f"{page.url}: {line.text}"))
        page.on("request", lambda request: self._stays_here(request.url))

    def _stays_here(self, url):
        if not url.startswith((self.address, "data:")):
            self.faults.append(f"the page asked {urlsplit(url).netloc} for something")


@pytest.fixture
def visit(browser, live_server, clock):
    """Open a window: ``visit(user, "/mon-compte/", size=PHONE)``. Errors in the browser's console fail the test."""
    visit = Visit(browser, live_server.url)
    yield visit
    for context in visit.contexts:
        context.close()
    assert visit.faults == []


@pytest.fixture
def secure(stripe_double, settings, live_server, visit):
    """The secure site, to which the browser may go; the only one."""
    settings.PUBLIC_URL = live_server.url
    yield stripe_double
    there = f"the page asked {urlsplit(stripe_double.address).netloc} for something"
    visit.faults[:] = [fault for fault in visit.faults if fault != there]


@pytest.fixture
def letters(mailoutbox):
    """What the mail has brought to an address by now: ``letters("claire@example.org")``, oldest first."""

    def arrived(address):
        send_pending()
        return [letter for letter in mail.outbox if letter.to == [address]]

    return arrived


@pytest.fixture
def code_for(letters):
    """The six-character code of the last email to an address."""

    def code_for(address):
        return re.search(r"^\s*([A-Z0-9-]{6,9})\s*$", letters(address)[-1].body, re.M).group(1)

    return code_for
