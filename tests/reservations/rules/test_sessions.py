from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.values.calendars import CalendarUnknown
from reservations.rules import Calendar, OpeningRule, Period, quantity, session_dates, typical_week
from tests.reservations.calendars import FIRST, LAST, SCHOOL_WEEK, ZONE_A

EVERY_DAY = frozenset(range(7))
CANTEEN = OpeningRule(weekdays=SCHOOL_WEEK)
WEDNESDAYS = OpeningRule(weekdays=frozenset({2}))
HOLIDAYS = OpeningRule(weekdays=frozenset(range(5)), period=Period.HOLIDAYS)


def days(*texts):
    return [date.fromisoformat(text) for text in texts]


def november(*numbers):
    return [date(2026, 11, number) for number in numbers]


def sessions(*rules, first="2026-11-01", last="2026-11-30", calendar=ZONE_A):
    return session_dates(rules, calendar, *days(first, last))


def test_a_canteen_opens_on_the_school_days_of_a_real_november():
    assert sessions(CANTEEN) == november(2, 3, 5, 6, 9, 10, 12, 13, 16, 17, 19, 20, 23, 24, 26, 27, 30)


def test_wednesdays_leave_out_the_armistice():
    assert sessions(WEDNESDAYS) == november(4, 18, 25)


def test_a_holiday_centre_opens_in_the_holidays_only():
    assert sessions(HOLIDAYS, first="2026-10-10", last="2026-11-10") == [
        date(2026, 10, day) for day in (19, 20, 21, 22, 23, 26, 27, 28, 29, 30)
    ]


def test_all_the_year_knows_no_school_calendar():
    whole_year = OpeningRule(weekdays=frozenset({5}), period=Period.ALL)
    assert sessions(whole_year, first="2026-10-16", last="2026-11-02") == days("2026-10-17", "2026-10-24", "2026-10-31")


def test_a_service_may_open_on_public_holidays():
    rule = replace(WEDNESDAYS, on_public_holidays=True)
    assert sessions(rule) == november(4, 11, 18, 25)


def test_ranges_and_closures_include_both_ends():
    rule = replace(
        CANTEEN,
        ranges=((date(2026, 11, 3), date(2026, 11, 6)), (date(2026, 11, 16), date(2026, 11, 20))),
        closures=((date(2026, 11, 5), date(2026, 11, 5)), (date(2026, 11, 19), date(2026, 11, 20))),
    )
    assert sessions(rule) == november(3, 6, 16, 17)


def test_two_rules_add_up_and_no_day_comes_twice():
    assert sessions(CANTEEN, WEDNESDAYS, CANTEEN, first="2026-11-02", last="2026-11-06") == november(2, 3, 4, 5, 6)


def test_a_day_closed_by_an_agent_never_opens():
    closed = replace(ZONE_A, closed_days=frozenset(november(3, 5)))
    assert sessions(CANTEEN, last="2026-11-08", calendar=closed) == november(2, 6)


@pytest.mark.parametrize(
    ("first", "last", "bridge"),
    [
        ("2026-05-11", "2026-05-17", "2026-05-15"),
        ("2026-07-13", "2026-07-19", "2026-07-13"),
    ],
    ids=["Friday after Ascension", "Monday before the 14th of July"],
)
def test_a_bridging_day_is_left_out_on_demand(first, last, bridge):
    rule = OpeningRule(weekdays=frozenset(range(5)), period=Period.ALL)
    usual = sessions(rule, first=first, last=last)
    assert [day for day in usual if day not in sessions(replace(rule, on_bridges=False), first=first, last=last)] == [
        date.fromisoformat(bridge)
    ]


def test_a_wednesday_holiday_makes_no_bridge():
    assert sessions(replace(CANTEEN, on_bridges=False)) == sessions(CANTEEN)


def test_the_bridge_of_the_school_calendar_is_a_holiday():
    assert sessions(CANTEEN, first="2027-05-03", last="2027-05-10") == days("2027-05-03", "2027-05-04", "2027-05-10")


def test_zones_differ():
    other = Calendar(first=FIRST, last=LAST, school_holidays=frozenset(days("2027-02-08")))
    assert sessions(CANTEEN, first="2027-02-08", last="2027-02-08") == days("2027-02-08")
    assert sessions(CANTEEN, first="2027-02-08", last="2027-02-08", calendar=other) == []


def test_the_leap_day_is_a_day():
    everyday = OpeningRule(weekdays=EVERY_DAY, period=Period.ALL)
    assert sessions(everyday, first="2028-02-28", last="2028-03-01") == days("2028-02-28", "2028-02-29", "2028-03-01")


@pytest.mark.parametrize(("first", "last"), [("2028-08-01", "2028-09-04"), ("2025-06-30", "2025-07-02")])
def test_sessions_beyond_the_calendar_are_refused_rather_than_guessed(first, last):
    with pytest.raises(CalendarUnknown):
        sessions(CANTEEN, first=first, last=last)


def test_without_rules_or_with_dates_reversed_there_is_no_day():
    assert sessions() == []
    assert sessions(CANTEEN, first="2026-11-30", last="2026-11-01") == []


@given(
    st.frozensets(st.integers(0, 6)),
    st.sampled_from(Period),
    st.booleans(),
    st.booleans(),
    st.dates(FIRST + timedelta(1), LAST - timedelta(41)),
    st.integers(0, 40),
)
def test_every_session_obeys_its_rule_and_days_come_in_order(weekdays, period, holidays, bridges, first, length):
    rule = OpeningRule(weekdays=weekdays, period=period, on_public_holidays=holidays, on_bridges=bridges)
    last = first + timedelta(length)
    found = session_dates([rule], ZONE_A, first, last)
    assert found == sorted(set(found))
    for day in found:
        assert first <= day <= last
        assert day.weekday() in weekdays
        assert holidays or day not in ZONE_A.public_holidays
        assert period == Period.ALL or (day in ZONE_A.school_holidays) == (period == Period.HOLIDAYS)


def test_a_typical_week_repeats_over_the_days_that_exist():
    chosen = typical_week(
        {"Louane": {0, 3}, "Théo": {3}}, date(2026, 11, 9), date(2026, 11, 19), reversed(sessions(CANTEEN))
    )
    assert chosen == [
        ("Louane", date(2026, 11, 9)),
        ("Louane", date(2026, 11, 12)),
        ("Théo", date(2026, 11, 12)),
        ("Louane", date(2026, 11, 16)),
        ("Louane", date(2026, 11, 19)),
        ("Théo", date(2026, 11, 19)),
    ]


def test_a_typical_week_without_children_or_days_is_empty():
    assert typical_week({}, date(2026, 11, 9), date(2026, 11, 19), sessions(CANTEEN)) == []
    assert typical_week({"Louane": {2, 5}}, date(2026, 11, 9), date(2026, 11, 19), sessions(CANTEEN)) == []


@pytest.mark.seed("S3-103")
@pytest.mark.parametrize(("beneficiaries", "dates", "product"), [(2, 2, 4), (1, 3, 3), (0, 5, 0)])
def test_the_quantity_is_beneficiaries_times_dates(beneficiaries, dates, product):
    assert quantity(beneficiaries, dates) == product
