"""How often something may be tried, counted in the database: no flushed cache forgets it, no two requests share a try."""

from datetime import datetime, timedelta

from django.db import connection
from django.db.models import F
from django.utils import timezone

from common.models import Tries

PASSWORDS, PASSWORD_PERIOD = 5, timedelta(minutes=15)  # wrong ones of a person, payments and decisions together


def password_of(user) -> str:
    """The subject under which a person's wrong passwords are counted."""
    return f"password:{user.pk}"


def count_try(subject: str, period: timedelta) -> int:
    """Count one more try of ``subject``; return how many there are in a period that begins with its first try.

    Counted at once, outside the transaction of what is tried: a try that fails stays counted.
    """
    now = timezone.now()
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, [subject, now, now - period, now - period])
        return cursor.fetchone()[0]


def take_try(subject: str, most: int, period: timedelta) -> bool:
    """Count one more try of ``subject``; whether it is among the ``most`` of its period."""
    return count_try(subject, period) <= most


def is_spent(subject: str, most: int, period: timedelta) -> bool:
    """Whether no try is left in a period that is not over."""
    return Tries.objects.filter(subject=subject, count__gte=most, since__gt=timezone.now() - period).exists()


def return_try(subject: str) -> None:
    """A try that was counted was none after all."""
    Tries.objects.filter(subject=subject, count__gt=0).update(count=F("count") - 1)


def forget_tries(subject: str) -> None:
    """What was tried succeeded: count from nothing again."""
    Tries.objects.filter(subject=subject).delete()


_TAKE = """
    INSERT INTO lib_tries AS tries (subject, count, since) VALUES (%s, 1, %s)
    ON CONFLICT (subject) DO UPDATE SET
        count = CASE WHEN tries.since < %s THEN 1 ELSE tries.count + 1 END,
        since = CASE WHEN tries.since < %s THEN excluded.since ELSE tries.since END
    RETURNING count
"""


def forget_old_tries(before: datetime) -> None:
    """Delete counts that began before an instant."""
    Tries.objects.filter(since__lt=before).delete()
