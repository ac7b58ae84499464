"""The days of an activity, made from its opening rules and the real calendar of zone A, 2026-2027."""

from datetime import date, time, timedelta

import pytest

from reservations.actions import refresh_sessions
from reservations.models import Closure, OpeningRule, Session
from reservations.rules import PARIS, Counting, DeadlineKind, DeadlineRule
from tests.factories.reservations import ActivityFactory, LeisureFactory, book, choose, household, instant
from wallet import checks

pytestmark = pytest.mark.django_db
FIRST, LAST = date(2026, 9, 1), date(2027, 7, 3)
SCHOOL_WEEK, WEDNESDAY = [0, 1, 3, 4], [2]


def opened(activity, weekdays=SCHOOL_WEEK, period="term", first=FIRST, last=LAST):
    """Give the activity an opening rule and its days."""
    OpeningRule.objects.create(activity=activity, weekdays=weekdays, period=period, first=first, last=last)
    return refresh_sessions(activity)


def days(activity, month=None):
    found = activity.sessions.values_list("date", flat=True).order_by("date")
    return [day for day in found if month in (None, day.month)]


@pytest.mark.seed("S3-86")
def test_the_canteen_opens_on_school_days_only():
    activity = ActivityFactory()
    counts = opened(activity)
    found = days(activity)
    assert counts == {"made": len(found), "dropped": 0, "kept": 0}
    assert [day.day for day in days(activity, 11)] == [2, 3, 5, 6, 9, 10, 12, 13, 16, 17, 19, 20, 23, 24, 26, 27, 30]
    assert [day.day for day in days(activity, 12)] == [1, 3, 4, 7, 8, 10, 11, 14, 15, 17, 18]
    assert [day.day for day in days(activity, 1)] == [4, 5, 7, 8, 11, 12, 14, 15, 18, 19, 21, 22, 25, 26, 28, 29]
    assert {day.weekday() for day in found} == set(SCHOOL_WEEK)
    assert (found[0], found[-1]) == (date(2026, 9, 1), date(2027, 7, 2))


@pytest.mark.seed("S4-54")
def test_a_leisure_centre_opens_on_wednesdays_and_in_the_holidays_over_a_defined_period():
    activity = LeisureFactory()
    opened(activity, WEDNESDAY, "term", date(2026, 10, 1), date(2026, 12, 31))
    opened(activity, [0, 1, 2, 3, 4], "holidays", date(2026, 10, 1), date(2026, 12, 31))
    assert [day.day for day in days(activity, 10)] == [7, 14, 19, 20, 21, 22, 23, 26, 27, 28, 29, 30]
    assert [day.day for day in days(activity, 11)] == [4, 18, 25]
    assert [day.day for day in days(activity, 12)] == [2, 9, 16, 21, 22, 23, 24, 28, 29, 30, 31]


@pytest.mark.seed("S4-87")
def test_a_day_has_the_times_and_places_of_its_activity():
    activity = LeisureFactory(capacity=24, arrival=time(9), departure=time(17, 30))
    opened(activity)
    assert set(activity.sessions.values_list("arrival", "departure", "capacity", "booked")) == {
        (time(9), time(17, 30), 24, 0)
    }


@pytest.mark.parametrize(
    ("rule", "day", "limit"),
    [
        (DeadlineRule(kind=DeadlineKind.DAYS, days=2, counting=Counting.WORKING, at=time(12)), (11, 13), (11, 10, 12)),
        (DeadlineRule(kind=DeadlineKind.DAYS, days=2, counting=Counting.WORKING, at=time(12)), (11, 16), (11, 12, 12)),
        (DeadlineRule(kind=DeadlineKind.DAYS, days=1, counting=Counting.OPENING, at=time(10)), (1, 4), (12, 18, 10)),
        (DeadlineRule(kind=DeadlineKind.WEEK, weekday=4, weeks=1, at=time(12)), (11, 9), (11, 6, 12)),
        (DeadlineRule(kind=DeadlineKind.HOURS, hours=72), (11, 9), (11, 6, 11, 30)),
        (DeadlineRule(kind=DeadlineKind.START), (11, 9), (11, 9, 11, 30)),
    ],
)
@pytest.mark.seed("S2-64")
def test_each_day_keeps_its_deadline(rule, day, limit):
    activity = ActivityFactory(booking_rule=rule.to_json())
    opened(activity)
    month, number = day
    year = 2027 if month < 9 else 2026
    session = activity.sessions.get(date=date(year, month, number))
    month, number, *at = limit
    assert session.bookable_until == instant(date(2026, month, number), time(*at).isoformat())


def test_a_deadline_until_the_end_of_tuesday_is_the_midnight_that_ends_it():
    rule = DeadlineRule(kind=DeadlineKind.WEEK, weekday=1, weeks=1)
    activity = ActivityFactory(cancelling_rule=rule.to_json())
    opened(activity)
    limit = activity.sessions.get(date=date(2026, 11, 9)).cancellable_until
    assert limit.astimezone(PARIS).isoformat() == "2026-11-04T00:00:00+01:00"


def test_a_rule_that_is_never_online_leaves_no_deadline():
    activity = ActivityFactory(cancelling_rule=DeadlineRule(kind=DeadlineKind.NEVER).to_json())
    opened(activity)
    assert set(activity.sessions.values_list("cancellable_until", flat=True)) == {None}


@pytest.mark.parametrize("counting", list(Counting))
def test_the_longest_delay_is_computed_whatever_days_count(counting):
    rule = DeadlineRule(kind=DeadlineKind.DAYS, days=365, counting=counting, at=time(12))
    activity = ActivityFactory(booking_rule=rule.to_json())
    opened(activity)
    first = activity.sessions.earliest("date")
    assert first.date - first.bookable_until.date() >= timedelta(365)


def test_a_changed_rule_is_recomputed_on_every_day():
    activity = ActivityFactory()
    opened(activity)
    activity.booking_rule = DeadlineRule(kind=DeadlineKind.START).to_json()
    activity.save()
    assert refresh_sessions(activity) == {"made": 0, "dropped": 0, "kept": 0}
    for session in activity.sessions.all():
        assert session.bookable_until == instant(session.date, "11:30")
        assert session.cancellable_until == instant(session.date)


def test_the_rule_in_the_database_counts_not_the_one_of_an_old_copy():
    activity = ActivityFactory()
    opened(activity)
    fresh = type(activity).objects.get(pk=activity.pk)
    fresh.booking_rule = DeadlineRule(kind=DeadlineKind.NEVER).to_json()
    fresh.save()
    refresh_sessions(activity)
    assert set(activity.sessions.values_list("bookable_until", flat=True)) == {None}


def test_a_second_run_changes_nothing():
    activity = ActivityFactory()
    opened(activity)
    before = list(Session.objects.order_by("pk").values())
    assert refresh_sessions(activity) == {"made": 0, "dropped": 0, "kept": 0}
    assert list(Session.objects.order_by("pk").values()) == before


def test_a_closure_drops_its_days_and_keeps_those_that_are_booked():
    home, activity = household(), ActivityFactory()
    opened(activity)
    tuesday, thursday = (activity.sessions.get(date=date(2026, 11, day)) for day in (10, 12))
    book(home, tuesday)
    choose(home, activity, thursday.date)
    Closure.objects.create(activity=activity, first=tuesday.date, last=thursday.date, reason="Travaux")
    assert refresh_sessions(activity) == {"made": 0, "dropped": 1, "kept": 1}
    assert [day.day for day in days(activity, 11)][:8] == [2, 3, 5, 6, 9, 10, 13, 16]
    assert list(checks.differences()) == []


def test_days_of_another_activity_stay():
    one, two = ActivityFactory(), ActivityFactory()
    opened(one)
    opened(two)
    OpeningRule.objects.filter(activity=one).delete()
    assert refresh_sessions(one)["dropped"] > 100
    assert (one.sessions.count(), two.sessions.count()) == (0, len(days(two)))
    assert two.sessions.count() > 100


def test_days_closed_by_an_agent_stay_closed():
    activity = ActivityFactory()
    opened(activity)
    activity.sessions.filter(date=date(2026, 11, 10)).update(closed_at=instant(FIRST), closed_reason="Grève")
    refresh_sessions(activity)
    assert activity.sessions.get(date=date(2026, 11, 10)).closed_reason == "Grève"


def test_the_zone_of_the_commune_decides_the_holidays():
    found = {}
    for zone in "ABC":
        activity = ActivityFactory(service__commune__zone=zone)
        opened(activity, first=date(2027, 2, 1), last=date(2027, 3, 14))
        found[zone] = [f"{day:%d/%m}" for day in days(activity)]
    assert {zone: len(dates) for zone, dates in found.items()} == {"A": 16, "B": 16, "C": 16}
    assert len({tuple(dates) for dates in found.values()}) == 3
