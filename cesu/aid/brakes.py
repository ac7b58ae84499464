"""How often something may be tried, counted in the database: no flushed cache forgets it, no two requests share a try."""

from datetime import timedelta

from django.db import connection
from django.utils import timezone

from cesu.models import Tries


def take_try(subject: str, most: int, period: timedelta) -> bool:
    """Count one more try of ``subject``; whether it is among the ``most`` of a period that begins with its first try.

    Counted at once, outside the transaction of what is tried: a try that fails stays counted.
    """
    now = timezone.now()
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, [subject, now, now - period, now - period])
        return cursor.fetchone()[0] <= most


def forget_tries(subject: str) -> None:
    """What was tried succeeded: count from nothing again."""
    Tries.objects.filter(subject=subject).delete()


_TAKE = """
    INSERT INTO cesu_tries AS tries (subject, count, since) VALUES (%s, 1, %s)
    ON CONFLICT (subject) DO UPDATE SET
        count = CASE WHEN tries.since < %s THEN 1 ELSE tries.count + 1 END,
        since = CASE WHEN tries.since < %s THEN excluded.since ELSE tries.since END
    RETURNING count
"""
