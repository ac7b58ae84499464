"""What the tests of the CESU share."""

import pytest

from wallet import checks


@pytest.fixture
def exact_books(db):
    """The ledger, the orders and the titles agree to the cent after the test."""
    yield
    assert list(checks.differences()) == []
