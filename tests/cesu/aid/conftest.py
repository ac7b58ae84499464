"""What the tests of the aid share."""

import pytest

from wallet import checks


@pytest.fixture
def exact_books(db):
    """The ledger, the rights and the payments agree to the cent after the test."""
    yield
    assert list(checks.differences()) == []
