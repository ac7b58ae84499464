"""Fixtures of all tests."""

import pytest
from django.core.cache import caches
from django.template.base import VariableDoesNotExist

from tests.client import PortalClient


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


class UndefinedVariable(str):
    """Makes an undefined template variable fail the test that shows it."""

    def __mod__(self, name):
        raise AssertionError(f"undefined template variable: {name}")

    def __contains__(self, text):
        return text == "%s"


@pytest.fixture(autouse=True)
def _undefined_variables_fail(settings):
    """Only in our own templates: the libraries' rely on silence (see tests/templates.py)."""
    assert VariableDoesNotExist
