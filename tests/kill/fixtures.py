"""Fixtures of the tests that kill."""

import pytest
from django.conf import settings

from tests.kill.harness import Killer, Scene

STRIPE = ("STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRET", "STRIPE_API_BASE")


@pytest.fixture(scope="module")
def killer(stripe_server):
    """Start the warm process once a module."""
    made = []

    def start_once() -> Killer:
        if not made:
            made.append(Killer({name: getattr(settings, name) for name in STRIPE}))
        return made[0]

    yield start_once
    for each in made:
        each.close()


@pytest.fixture
def scene(killer, stripe_server, stripe_double):
    """Make the scene of an act; its copy of the database goes with it."""
    made = []

    def make(act: str, args: dict) -> Scene:
        made.append(Scene(killer(), stripe_server, act, args))
        return made[0]

    yield make
    for each in made:
        each.drop()
