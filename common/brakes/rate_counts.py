"""What allauth's rate limits and used codes are counted in: a cache that is a table, where nothing goes before its time.

Django's own caches make room by forgetting living entries: whoever fills them forgets the wrong passwords too. Here
only what has expired goes, by night. ``add`` is one statement, so allauth's lock around each count is exact.
"""

import json
from datetime import UTC, datetime

from django.core.cache.backends.base import DEFAULT_TIMEOUT, BaseCache
from django.db import connection
from django.utils import timezone

from common.models import RateCount

NEVER = datetime(9999, 1, 1, tzinfo=UTC)


class RateCountCache(BaseCache):
    """A cache of JSON values; each has its time."""

    def __init__(self, name, params):
        super().__init__(params)

    def get(self, key, default=None, version=None):
        found = _living().filter(key=self.make_and_validate_key(key, version)).values_list("value", flat=True)
        return next(iter(found), default)

    def set(self, key, value, timeout=DEFAULT_TIMEOUT, version=None):
        self._write(_SET, key, value, timeout, version)

    def add(self, key, value, timeout=DEFAULT_TIMEOUT, version=None):
        """Set what is not there, and tell whether it was not: of two at once, one is told so."""
        return self._write(_ADD, key, value, timeout, version, timezone.now()) == 1

    def touch(self, key, timeout=DEFAULT_TIMEOUT, version=None):
        living = _living().filter(key=self.make_and_validate_key(key, version))
        return living.update(expires_at=self._until(timeout)) == 1

    def delete(self, key, version=None):
        return RateCount.objects.filter(key=self.make_and_validate_key(key, version)).delete()[0] == 1

    def clear(self):
        """Only what has expired goes."""
        forget_expired()

    def _write(self, statement, key, value, timeout, version, *more) -> int:
        values = [self.make_and_validate_key(key, version), json.dumps(value), self._until(timeout), *more]
        with connection.cursor() as cursor:
            cursor.execute(statement, values)
            return cursor.rowcount

    def _until(self, timeout) -> datetime:
        ends = self.get_backend_timeout(timeout)
        return NEVER if ends is None else datetime.fromtimestamp(ends, UTC)


def _living():
    return RateCount.objects.filter(expires_at__gt=timezone.now())


def forget_expired() -> None:
    """Delete what no longer counts."""
    RateCount.objects.filter(expires_at__lte=timezone.now()).delete()


_SET = """
    INSERT INTO lib_ratecount AS kept (key, value, expires_at) VALUES (%s, %s::jsonb, %s)
    ON CONFLICT (key) DO UPDATE SET value = excluded.value, expires_at = excluded.expires_at
"""
_ADD = f"{_SET} WHERE kept.expires_at <= %s"
