"""The pieces of these tests lie in a vault of their own."""

import pytest


@pytest.fixture(autouse=True)
def _own_vault(settings, tmp_path):
    settings.DOCUMENTS_ROOT = tmp_path / "documents"
