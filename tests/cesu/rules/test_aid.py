"""Hours, cents, months, fees and dates of the aid, as pure functions."""

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cesu.rules.aid import cents_of, cents_used, clock, credited_by, executed_on, fee, hours, last_day, nan_of, right_of
from common.values.dates import PARIS

MONTH = date(2026, 11, 1)
rights = st.integers(1, 744 * 60).flatmap(lambda minutes: st.tuples(st.just(minutes), st.integers(minutes, 10**7)))


@pytest.mark.seed("S1-6", "S1-51", "S1-54")
def test_an_hour_is_worth_what_the_funder_pays_for_it():
    rate = Decimal("4.8081")
    assert [cents_of(minutes, rate) for minutes in (42 * 60, 60, 30, 1)] == [201_94, 4_81, 2_40, 8]


@given(rights, st.lists(st.integers(1, 744 * 60), max_size=40))
def test_minutes_and_cents_always_add_up_to_what_was_granted_and_end_together(right, uses):
    left, cents = right
    spent = []
    for used in (*uses, right[0]):
        used = min(used, left)
        if not left:
            break
        cost = cents_used(used, left, cents)
        spent.append((used, cost))
        left, cents = left - used, cents - cost
        assert cost > 0
        assert (left == 0) == (cents == 0)
        assert left <= cents
    assert (sum(used for used, _ in spent), sum(cost for _, cost in spent)) == right


@pytest.mark.parametrize(("used", "minutes", "cents"), [(0, 60, 480), (61, 60, 480), (1, 2, 1)])
def test_more_than_stands_is_no_use(used, minutes, cents):
    with pytest.raises(ValueError, match="minutes worth"):
        cents_used(used, minutes, cents)


@pytest.mark.seed("S1-58")
def test_hours_are_written_as_in_the_guide():
    assert [hours(2520), hours(65), clock(0), clock(2525)] == ["42 h 00", "1 h 05", "0:00", "42:05"]


@pytest.mark.parametrize(
    ("plans", "off", "ended_on", "minutes"),
    [
        ([(date(2026, 1, 1), 2520)], [], None, 2520),
        ([(date(2026, 12, 1), 2520)], [], None, 0),
        ([(date(2026, 1, 1), 2520), (date(2026, 11, 16), 1260)], [], None, 1890),
        ([(date(2026, 11, 16), 2520)], [], None, 1260),
        ([(date(2026, 1, 1), 2520)], [(date(2026, 11, 11), date(2026, 11, 20))], None, 1680),
        ([(date(2026, 1, 1), 2520)], [(date(2026, 11, 11), None)], None, 840),
        ([(date(2026, 1, 1), 2520)], [(date(2026, 11, 1), date(2026, 11, 20))] * 2, None, 840),
        ([(date(2026, 1, 1), 2520)], [], date(2026, 11, 3), 252),
        ([(date(2026, 1, 1), 2520)], [], date(2026, 10, 31), 0),
        ([(date(2026, 1, 1), 2520), (date(2026, 11, 21), 0)], [], None, 1680),
    ],
)
def test_each_day_of_a_month_gives_its_share(plans, off, ended_on, minutes):
    assert right_of(MONTH, plans, off, ended_on) == minutes


@given(st.integers(0, 744 * 60), st.integers(1, 12))
def test_a_month_of_one_plan_gives_exactly_this_plan(minutes, month):
    assert right_of(date(2027, month, 1), [(date(2020, 1, 1), minutes)], [], None) == minutes


def test_a_right_lasts_its_months_the_first_one_included():
    ends = [last_day(date(2026, 11, 1), months) for months in (1, 3, 4)]
    assert ends == [date(2026, 11, 30), date(2027, 1, 31), date(2027, 2, 28)]


@pytest.mark.seed("S1-71")
@pytest.mark.parametrize(("complement", "cents"), [(0, 0), (1, 70), (100_00, 70), (100_01, 140), (250_00, 210)])
def test_the_fee_is_for_each_started_slice(complement, cents):
    assert fee(complement, 100_00, 70) == cents


@pytest.mark.seed("S1-7")
@pytest.mark.parametrize(
    ("paid", "executed", "credited"),
    [
        (datetime(2026, 11, 23, 10, tzinfo=PARIS), date(2026, 11, 24), date(2026, 11, 25)),
        (datetime(2026, 11, 23, 23, 59, tzinfo=PARIS), date(2026, 11, 24), date(2026, 11, 25)),
        (datetime(2026, 11, 27, 19, 59, tzinfo=PARIS), date(2026, 11, 30), date(2026, 12, 1)),
        (datetime(2026, 11, 28, 9, tzinfo=PARIS), date(2026, 11, 30), date(2026, 12, 1)),
        (datetime(2026, 12, 24, 12, tzinfo=PARIS), date(2026, 12, 28), date(2026, 12, 29)),
    ],
)
def test_the_caregiver_is_credited_within_two_business_days_of_banks(paid, executed, credited):
    assert (executed_on(paid.date() + timedelta(1)), credited_by(paid)) == (executed, credited)


@pytest.mark.parametrize("typed", ["0012345*1", " 12345*1 ", "12345 * 1", "00123451", "0012345 1"])
def test_a_nan_is_read_as_people_type_it(typed):
    assert nan_of(typed) == "0012345*1"


@pytest.mark.parametrize("typed", ["", "12345", "0012345*12", "001234567*1", "A012345*1", "٠٠12345*1"])
def test_what_has_not_its_shape_is_no_nan(typed):
    assert nan_of(typed) is None
