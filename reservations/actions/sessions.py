"""The days of an activity, made from its opening rules and the real calendars; their deadlines kept up to date."""

from datetime import date, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from portal.lib.calendars import KNOWN_UNTIL, public_holidays_between, school_holidays_between
from reservations.models import Activity, Booking, OpeningRule, Session
from reservations.rules import Calendar, DeadlineRule, Period, deadline, session_dates
from reservations.rules import OpeningRule as Rule

LOOK_BACK = timedelta(days=1200)  # deadlines count up to 365 days backwards; with 140 school days a year that is long


@transaction.atomic
def refresh_sessions(activity: Activity) -> dict[str, int]:
    """Make the days that the opening rules name, recompute both deadlines, drop days that nobody booked and no rule names.

    Days with bookings always stay: an agent closes them, and tells the families. Returns {"made", "dropped", "kept"}.
    """
    activity = Activity.objects.select_for_update(no_key=True).get(pk=activity.pk)
    dates = _dates(activity)
    calendar = _calendar(activity, dates)
    in_order = activity.sessions.order_by(Q(capacity=None), "pk")  # the order of lock_sessions
    existing = {session.date: session for session in in_order.select_for_update(no_key=True)}
    made = [_session(activity, day) for day in dates if day not in existing]
    for session in [*made, *existing.values()]:
        _set_deadlines(activity, session, calendar)
    Session.objects.bulk_create(made)
    Session.objects.bulk_update(existing.values(), ["bookable_until", "cancellable_until"], batch_size=500)
    gone = [session.pk for day, session in existing.items() if day not in set(dates) and not session.closed_at]
    unbooked = Session.objects.filter(pk__in=gone).exclude(pk__in=Booking.objects.values("session"))
    dropped = unbooked.delete()[1].get("reservations.Session", 0)
    return {"made": len(made), "dropped": dropped, "kept": len(gone) - dropped}


def _session(activity: Activity, day: date) -> Session:
    return Session(
        activity=activity,
        date=day,
        arrival=activity.arrival,
        departure=activity.departure,
        capacity=activity.capacity,
    )


def _set_deadlines(activity: Activity, session: Session, calendar: Calendar) -> None:
    for name, rule in (("bookable_until", activity.booking_rule), ("cancellable_until", activity.cancelling_rule)):
        setattr(session, name, deadline(DeadlineRule.from_json(rule), session.date, calendar, session.arrival))


def _dates(activity: Activity) -> list[date]:
    rows = list(activity.opening_rules.all())
    if not rows:
        return []
    closures = tuple((row.first, row.last) for row in activity.closures.all())
    first, last = min(row.first for row in rows), min(max(row.last for row in rows), KNOWN_UNTIL)
    return session_dates([_rule(row, closures) for row in rows], _bare_calendar(activity, first, last), first, last)


def _rule(row: OpeningRule, closures: tuple) -> Rule:
    return Rule(
        weekdays=frozenset(row.weekdays), period=Period(row.period), ranges=((row.first, row.last),), closures=closures
    )


def _bare_calendar(activity: Activity, first: date, last: date, opening: frozenset[date] = frozenset()) -> Calendar:
    zone = activity.service.commune.zone
    return Calendar(
        first=first,
        last=last,
        public_holidays=public_holidays_between(first, last),
        school_holidays=school_holidays_between(first, last, zone),
        opening_days=opening,
    )


def _calendar(activity: Activity, dates: list[date]) -> Calendar:
    known = [*dates, *activity.sessions.values_list("date", flat=True)] or [timezone.localdate()]
    return _bare_calendar(activity, min(known) - LOOK_BACK, max(known), frozenset(dates))
