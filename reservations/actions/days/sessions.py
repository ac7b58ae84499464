"""The days of an activity, made from its opening rules and the real calendars; their deadlines kept up to date."""

from dataclasses import dataclass
from datetime import date, time, timedelta

from django.db import transaction
from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce, Greatest
from django.utils import timezone

from accounts.models import User
from common.refusals import Refusal
from common.values.calendars import school_year_bounds, school_year_of
from common.values.dates import date_long
from reservations.actions.places.ledger import post_orders
from reservations.actions.places.promotion import promote
from reservations.models import Activity, Booking, CartLine, OpeningRule, RefusedDay, Session, WaitlistEntry
from reservations.reads.commune_calendar import Overrides, calendar_of
from reservations.rules import Calendar, DeadlineRule, Period, deadline, instant, session_dates
from reservations.rules import OpeningRule as Rule

LOOK_BACK = timedelta(days=1200)  # deadlines count up to 365 days backwards; with 140 school days a year that is long
COMPUTED = ["arrival", "departure", "bookable_until", "cancellable_until"]
NAMED = 6  # days that a refusal names one by one


class TooManyBooked(Refusal):
    """Some days have more bookings than the new capacity."""


class NothingToRepeat(Refusal):
    """An activity without opening rules has no year to repeat."""

    sentence = "Cette activité n’a pas encore de règle d’ouverture : ajoutez-en une, elle servira de modèle."


@transaction.atomic
def refresh_sessions(activity: Activity) -> dict[str, int]:
    """Make the days that the opening rules name, recompute both deadlines, drop days that nobody booked and no rule names.

    Days to come take the activity's times. Days with bookings always stay: an agent closes them, and tells the
    families. Returns {"made", "dropped", "kept"}.
    """
    activity = Activity.objects.select_for_update(no_key=True).get(pk=activity.pk)
    plan = plan_of(activity)
    dates = plan.dates
    existing = {session.date: session for session in _locked(activity.sessions)}
    made = [_session(activity, day) for day in dates if day not in existing]
    for session in [*made, *existing.values()]:
        _set_times(activity, session)
        plan.set_deadlines(session)
    Session.objects.bulk_create(made)
    Session.objects.bulk_update(existing.values(), COMPUTED, batch_size=500)
    gone = [session.pk for day, session in existing.items() if day not in set(dates) and not session.closed_at]
    unbooked = Session.objects.filter(pk__in=gone)
    for asked in (Booking, WaitlistEntry, RefusedDay):
        unbooked = unbooked.exclude(pk__in=asked.objects.values("session"))
    dropped = unbooked.delete()[1].get("reservations.Session", 0)
    return {"made": len(made), "dropped": dropped, "kept": len(gone) - dropped}


def _locked(sessions: QuerySet[Session]) -> QuerySet[Session]:
    """The days, locked in the same order as ``lock_sessions`` takes them."""
    return sessions.annotate(no_limit=Q(capacity=None)).order_by("no_limit", "pk").select_for_update(no_key=True)


def _session(activity: Activity, day: date) -> Session:
    return Session(
        activity=activity,
        date=day,
        arrival=activity.arrival,
        departure=activity.departure,
        capacity=activity.capacity,
        waiting_capacity=activity.waiting_capacity,
    )


def _set_times(activity: Activity, session: Session) -> None:
    if session.date >= timezone.localdate():
        session.arrival, session.departure = activity.arrival, activity.departure


@dataclass(frozen=True)
class Plan:
    """The days that an activity's rules name, and the calendar that they were read with."""

    activity: Activity
    dates: list[date]
    calendar: Calendar

    def set_deadlines(self, session: Session) -> None:
        """Write both deadlines on the row, which is not saved."""
        rules = (("bookable_until", self.activity.booking_rule), ("cancellable_until", self.activity.cancelling_rule))
        for name, rule in rules:
            limit = deadline(DeadlineRule.from_json(rule), session.date, self.calendar, session.arrival)
            setattr(session, name, limit)


def plan_of(activity: Activity, overrides: Overrides | None = None) -> Plan:
    """What the rules say of an activity's days; ``overrides`` are corrections of the calendar only thought of.

    Raise CalendarUnknown for a day that a rule asks about and of which nothing is published.
    """
    dates = _dates(activity, overrides)
    known = [*dates, *activity.sessions.values_list("date", flat=True)] or [timezone.localdate()]
    commune, opening = activity.service.commune, frozenset(dates)
    span = (min(known) - LOOK_BACK, max(known))
    return Plan(activity, dates, calendar_of(commune, *span, overrides, opening_days=opening))


def _dates(activity: Activity, overrides: Overrides | None) -> list[date]:
    rows = list(activity.opening_rules.all())
    if not rows:
        return []
    closures = tuple((row.first, row.last) for row in activity.closures.all())
    first, last = min(row.first for row in rows), max(row.last for row in rows)
    calendar = calendar_of(activity.service.commune, first, last, overrides)
    return session_dates([_rule(row, closures) for row in rows], calendar, first, last)


def _rule(row: OpeningRule, closures: tuple) -> Rule:
    return Rule(
        weekdays=frozenset(row.weekdays), period=Period(row.period), ranges=((row.first, row.last),), closures=closures
    )


@transaction.atomic
def set_capacity(*, agent: User, activity: Activity, capacity: int | None) -> int:
    """Give an activity and its days to come ``capacity`` places a day (None: no limit); return how many days changed.

    The counters start from the bookings that stand once the days are locked. Raise TooManyBooked with the days on
    which more is booked or held; nothing is changed then. Places that come free go to who waits. The activity is one of the agent's communes.
    """
    activity = Activity.objects.of_agent(agent).select_for_update(of=("self",), no_key=True).get(pk=activity.pk)
    activity.capacity = capacity
    activity.save(update_fields=["capacity"])
    days = activity.sessions.filter(date__gte=timezone.localdate())
    locked = _locked(days)
    # A second statement: one that both waits and counts would count what stood when it began to wait.
    counted = Session.objects.filter(pk__in=[session.pk for session in locked]).annotate(taken=_booked() + _held())
    if capacity is None:
        changed = counted.update(capacity=None, booked=0, held=0)
    elif too_full := list(counted.filter(taken__gt=capacity).order_by("date")):
        raise TooManyBooked(_too_many(too_full, capacity))
    else:
        changed = counted.update(capacity=capacity, booked=_booked(), held=_held())
    post_orders(promote([session.pk for session in locked]))
    return changed


@transaction.atomic
def set_waiting_capacity(*, agent: User, activity: Activity, waiting_capacity: int) -> int:
    """Give an activity and its days to come ``waiting_capacity`` places on their lists; return how many days changed.

    Who waits already keeps their rank: a list that is longer takes nobody more. The activity is one of the agent's communes.
    """
    activity = Activity.objects.of_agent(agent).select_for_update(of=("self",), no_key=True).get(pk=activity.pk)
    activity.waiting_capacity = waiting_capacity
    activity.save(update_fields=["waiting_capacity"])
    days = [session.pk for session in _locked(activity.sessions.filter(date__gte=timezone.localdate()))]
    return Session.objects.filter(pk__in=days).update(waiting_capacity=Greatest(waiting_capacity, F("waiting")))


def _booked():
    active = Booking.objects.active().filter(session=OuterRef("pk")).order_by().values("session")
    return _number(active)


def _held():
    """Places of carts being paid, and places offered."""
    lines = CartLine.objects.filter(session=OuterRef("pk"), held=True).order_by().values("session")
    offers = WaitlistEntry.objects.filter(session=OuterRef("pk"), status=WaitlistEntry.Status.OFFERED).order_by()
    return _number(lines) + _number(offers.values("session"))


def _number(rows: QuerySet):
    return Coalesce(Subquery(rows.annotate(n=Count("pk")).values("n")), 0)


def _too_many(sessions: list[Session], capacity: int) -> str:
    today = timezone.localdate()
    days = [f"{date_long(each.date, today)} ({each.taken})" for each in sessions[:NAMED]]
    others = [f"{len(sessions) - NAMED} autres jours"] if len(sessions) > NAMED else []
    return (
        f"Impossible de passer à {capacity} place{'s' * (capacity > 1)} par jour : davantage sont déjà réservées "
        f"ou retenues le {', '.join(days + others)}."
    )


@transaction.atomic
def open_year(*, agent: User, activity: Activity, year: int) -> dict[str, int] | None:
    """Repeat the opening rules of the latest school year before ``year`` in the year that begins in ``year``.

    Booking stays open until its end. Returns what ``refresh_sessions`` does, None when the year was open already.
    Raise NothingToRepeat, or CalendarUnknown for a year whose holidays are not published.
    """
    activity = Activity.objects.of_agent(agent).select_for_update(of=("self",), no_key=True).get(pk=activity.pk)
    first, last = school_year_bounds(year)
    rules = list(activity.opening_rules.order_by("pk"))
    if any(rule.first <= last and rule.last >= first for rule in rules):
        return None
    repeated = _repeated([rule for rule in rules if rule.last < first], year)
    if not repeated:
        raise NothingToRepeat
    OpeningRule.objects.bulk_create(repeated)
    _keep_booking_open(activity, max(rule.last for rule in repeated))
    return refresh_sessions(activity)


def _repeated(rules: list[OpeningRule], year: int) -> list[OpeningRule]:
    if not rules:
        return []
    latest = school_year_of(max(rule.last for rule in rules))
    first, last = school_year_bounds(latest)
    return [
        OpeningRule(
            activity_id=rule.activity_id,
            weekdays=rule.weekdays,
            period=rule.period,
            first=_later(max(rule.first, first), year - latest),
            last=_later(min(rule.last, last), year - latest),
        )
        for rule in rules
        if rule.last >= first
    ]


def _keep_booking_open(activity: Activity, last: date) -> None:
    closes = activity.booking_closes_at
    if closes and timezone.localdate(closes) < last:
        activity.booking_closes_at = instant(last + timedelta(1), time(0))
        activity.save(update_fields=["booking_closes_at"])


def _later(day: date, years: int) -> date:
    """The same date some years later; 28 February for the 29th."""
    leap_day = (day.month, day.day) == (2, 29)
    return day.replace(year=day.year + years, day=28 if leap_day else day.day)
