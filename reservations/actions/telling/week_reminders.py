"""« Pensez à réserver »: before the deadline, families with nothing booked for the coming week are told, once."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import connection
from django.db.models import Exists, Min, OuterRef, Q
from django.db.models.functions import TruncWeek
from django.utils import timezone

from accounts.models import User
from common.writing.transactions import outermost
from reservations.emails import reminders as emails_reminders
from reservations.models import Activity, Booking, RemindersOff, Session, WaitlistEntry, WeekReminder

NOTICE = timedelta(days=2)  # before the week's first deadline
LATELY = timedelta(days=100)  # whom it concerns: who booked there lately, the summer's gap included
KEPT = timedelta(days=60)
CHUNK = 500  # families a transaction


@dataclass(frozen=True)
class Week:
    """The week of an activity whose first booking deadline comes soon."""

    activity: Activity
    monday: date
    deadline: datetime


def remind_weeks(today: date) -> dict[str, int]:
    """Tell the families that book an activity and have nothing in its service for a week whose first deadline is near.

    {"reminded"}. Whoever waits for a place has asked. Killed at any point or run twice at once, it tells each once.
    """
    WeekReminder.objects.filter(week__lt=today - KEPT).delete()
    return {"reminded": sum(_remind(week, pks) for week in weeks(timezone.now()) for pks in _chunks(_families(week)))}


def weeks(now: datetime) -> list[Week]:
    """The weeks to come of open activities whose first day closes to bookings within the notice."""
    days = Session.objects.filter(activity__is_open=True, activity__service__is_open=True, closed_at=None)
    days = days.filter(date__gt=timezone.localdate(now), activity__booking_opens_at__lte=now)
    days = days.filter(Q(activity__booking_closes_at=None) | Q(activity__booking_closes_at__gt=now))
    first = days.annotate(monday=TruncWeek("date")).values("activity", "monday").annotate(limit=Min("bookable_until"))
    due = first.filter(limit__gt=now, limit__lte=now + NOTICE).order_by("limit", "activity")
    activities = Activity.objects.select_related("service__commune").in_bulk(row["activity"] for row in due)
    return [Week(activities[row["activity"]], row["monday"], row["limit"]) for row in due]


def _families(week: Week) -> list[int]:
    """Who booked the activity lately and has nothing in the service that week, nor waits for it."""
    service, span = week.activity.service_id, (week.monday, week.monday + timedelta(6))
    that_week = {"family": OuterRef("family"), "session__activity__service": service, "session__date__range": span}
    rows = Booking.objects.filter(session__activity=week.activity, session__date__gte=week.monday - LATELY)
    rows = rows.filter(
        ~Exists(Booking.objects.active().filter(**that_week)), ~Exists(WaitlistEntry.objects.live().filter(**that_week))
    )
    return list(rows.order_by("family").values_list("family", flat=True).distinct())


def _chunks(pks: list[int]) -> Iterator[list[int]]:
    return (pks[start : start + CHUNK] for start in range(0, len(pks), CHUNK))


@outermost
def _remind(week: Week, families: Iterable[int]) -> int:
    """Tell those of these families that nobody told yet: the row is the right to tell."""
    with connection.cursor() as cursor:
        values = [week.activity.service_id, week.monday, timezone.now(), list(families)]
        cursor.execute(_CLAIM, values)
        told = [pk for (pk,) in cursor.fetchall()]
    emails_reminders.nothing_booked(told, week.activity, week.monday, week.deadline)
    return len(told)


_CLAIM = """
    INSERT INTO reservations_weekreminder (family_id, service_id, week, at)
    SELECT family, %s, %s, %s FROM unnest(%s::bigint[]) AS family ORDER BY family
    ON CONFLICT DO NOTHING RETURNING family_id
"""


@outermost
def set_reminders(*, user: User, on: bool) -> None:
    """Switch a guardian's own reminders on or off; twice is once."""
    if on:
        RemindersOff.objects.filter(user=user).delete()
    else:
        RemindersOff.objects.bulk_create([RemindersOff(user=user)], ignore_conflicts=True)
