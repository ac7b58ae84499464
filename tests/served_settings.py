"""Settings of a portal that a test runs as its own processes: those of the tests, connections kept as in production."""

from tests.settings import *  # noqa: F403

DATABASES["default"]["CONN_MAX_AGE"] = 600  # noqa: F405
