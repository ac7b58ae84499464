"""Fixtures of the doubles, known to every test."""

import pytest
import stripe

from tests.doubles.backoffice import BackOfficeDouble
from tests.doubles.client import StripeDouble
from tests.doubles.stripe.server import Double

SECRET = "whsec_of_the_tests"
DELAYS = (0.0, 0.05, 0.1, 0.2, 0.4)  # seconds before each try of a webhook


@pytest.fixture(scope="session")
def stripe_server():
    with Double(secret=SECRET, delays=DELAYS) as double:
        yield double


@pytest.fixture
def stripe_double(stripe_server, settings, monkeypatch):
    """Stripe, as new: the portal speaks to it over HTTP; its events wait in ``collected``."""
    settings.STRIPE_SECRET_KEY = "sk_test_of_the_tests"
    settings.STRIPE_WEBHOOK_SECRET = SECRET
    settings.STRIPE_API_BASE = settings.STRIPE_PAGE = stripe_server.address
    policy = settings.CONTENT_SECURITY_POLICY
    forms = ["'self'", stripe_server.address]
    settings.CONTENT_SECURITY_POLICY = policy | {"DIRECTIVES": policy["DIRECTIVES"] | {"form-action": forms}}
    monkeypatch.setattr(stripe.HTTPClient, "INITIAL_DELAY", 0.01)  # the library waits this long before it asks again
    monkeypatch.setattr(stripe.HTTPClient, "MAX_DELAY", 0.05)
    double = StripeDouble(stripe_server.address, SECRET)
    double.reset()
    yield double
    double.reset()


@pytest.fixture(scope="session")
def backoffice_server():
    with BackOfficeDouble() as double:
        yield double


@pytest.fixture
def backoffice_double(backoffice_server, monkeypatch):
    """A back office, as new: the portal speaks to it over HTTP."""
    monkeypatch.setenv("BACKOFFICE_KEY", backoffice_server.key)
    backoffice_server.reset()
    yield backoffice_server
    backoffice_server.reset()
