"""All tests of bookings live on Monday 2 November 2026 at 9:00 in Paris, and leave an exact ledger behind."""

from datetime import datetime

import pytest

from reservations.rules import PARIS
from wallet import checks

NOW = datetime(2026, 11, 2, 9, tzinfo=PARIS)


@pytest.fixture(autouse=True)
def _clock(time_machine):
    time_machine.move_to(NOW)


@pytest.fixture
def planted_differences():
    """For a test that falsifies the ledger on purpose."""


@pytest.fixture(autouse=True)
def _exact_ledger(request):
    """Every balance, counter and payment is exact after each test that has a database."""
    marker = request.node.get_closest_marker("django_db")
    if marker is None:
        yield
        return
    request.getfixturevalue("transactional_db" if marker.kwargs.get("transaction") else "db")
    yield
    if "planted_differences" not in request.fixturenames:
        assert list(checks.differences()) == []
