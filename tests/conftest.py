"""Fixtures of all tests."""

import pytest
from django.core.cache import caches

from tests import templates
from tests.client import PortalClient

pytest_plugins = ["tests.doubles.fixtures", "tests.kill.fixtures"]


@pytest.fixture
def client():
    """A visitor who is not signed in."""
    return PortalClient()


@pytest.fixture
def visitor():
    """Make a signed-in visitor: ``visitor(user)``."""

    def sign_in(user):
        client = PortalClient()
        client.login_agent(user) if user.is_staff else client.force_login(user)
        return client

    return sign_in


@pytest.fixture(autouse=True)
def _fresh_process_cache():
    caches["process"].clear()


@pytest.fixture(autouse=True)
def _undefined_variables_fail(monkeypatch):
    templates.watch(monkeypatch)
