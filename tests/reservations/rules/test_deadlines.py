from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.values.calendars import CalendarUnknown
from reservations.rules import Calendar, Counting, DeadlineKind, DeadlineRule, InvalidRule, Period, deadline, in_time
from reservations.rules.deadlines import PARIS
from tests.reservations.calendars import CANTEEN, HOLIDAY_CENTRE, SCHOOL_WEEK, ZONE_A, opened, zone_a

MON, TUE, WED, THU, FRI, SAT, SUN = range(7)
NOON = time(12)


def days_before(number, at=time(23, 59), counting=Counting.ALL, **more):
    return DeadlineRule(kind=DeadlineKind.DAYS, days=number, at=at, counting=counting, **more)


def week_before(weekday, at, weeks=1):
    return DeadlineRule(kind=DeadlineKind.WEEK, weekday=weekday, at=at, weeks=weeks)


def month_before(month_day, at=NOON, months=1):
    return DeadlineRule(kind=DeadlineKind.MONTH, month_day=month_day, at=at, months=months)


def table(*rows, fallback=None):
    return DeadlineRule(kind=DeadlineKind.TABLE, table=rows, fallback=fallback)


TWO_WEEKDAYS = days_before(2, NOON, Counting.WEEKDAYS)
FRIDAY_BEFORE = week_before(FRI, NOON)
TUESDAY_BEFORE = week_before(TUE, time(23, 59))
TWO_A_WEEK = table((MON, FRI, time(9)), (TUE, FRI, time(9)), (THU, TUE, time(9)), (FRI, TUE, time(9)))
SCHOOL_DAY_BEFORE = table(
    (MON, FRI, time(11)),
    (TUE, MON, time(11)),
    (THU, TUE, time(11)),
    (FRI, THU, time(11)),
    fallback=Counting.SCHOOL,
)
THREE_WORKING = days_before(3, counting=Counting.WORKING)
HOURS_72 = DeadlineRule(kind=DeadlineKind.HOURS, hours=72)
CLEAR_15 = days_before(15, counting=Counting.CLEAR, from_holiday_start=True)
UNTIL_START = DeadlineRule(kind=DeadlineKind.START)
NEVER = DeadlineRule(kind=DeadlineKind.NEVER)

# In the tables below « 2026-11-13 12:00 » is a time on the clocks of Paris.
RULEBOOKS = [
    # rulebook: two days before at noon, the week-end does not count
    (TWO_WEEKDAYS, "2026-11-16", "2026-11-12 12:00"),
    (TWO_WEEKDAYS, "2026-11-17", "2026-11-13 12:00"),
    (TWO_WEEKDAYS, "2026-11-19", "2026-11-17 12:00"),
    (TWO_WEEKDAYS, "2026-11-20", "2026-11-18 12:00"),
    # rulebook: book until Friday noon for next week, cancel until noon of the eve
    (FRIDAY_BEFORE, "2026-11-16", "2026-11-13 12:00"),
    (FRIDAY_BEFORE, "2026-11-20", "2026-11-13 12:00"),
    (days_before(1, NOON), "2026-11-16", "2026-11-15 12:00"),
    # rulebook: Tuesday 23:59 for next week; day-care: the eve at 18:00
    (TUESDAY_BEFORE, "2026-11-16", "2026-11-11 00:00"),
    (TUESDAY_BEFORE, "2026-11-20", "2026-11-11 00:00"),
    (TUESDAY_BEFORE, "2026-11-22", "2026-11-11 00:00"),
    (TUESDAY_BEFORE, "2026-11-23", "2026-11-18 00:00"),
    (days_before(1, time(18)), "2026-11-16", "2026-11-15 18:00"),
    # rulebook: Friday 9:00 for Monday and Tuesday, Tuesday 9:00 for Thursday and Friday
    (TWO_A_WEEK, "2026-11-16", "2026-11-13 09:00"),
    (TWO_A_WEEK, "2026-11-17", "2026-11-13 09:00"),
    (TWO_A_WEEK, "2026-11-19", "2026-11-17 09:00"),
    (TWO_A_WEEK, "2026-11-20", "2026-11-17 09:00"),
    # rulebook: 11:00 of the school day before; last school day before the holidays for the return day
    (SCHOOL_DAY_BEFORE, "2026-11-16", "2026-11-13 11:00"),
    (SCHOOL_DAY_BEFORE, "2026-11-17", "2026-11-16 11:00"),
    (SCHOOL_DAY_BEFORE, "2026-11-19", "2026-11-17 11:00"),
    (SCHOOL_DAY_BEFORE, "2026-11-20", "2026-11-19 11:00"),
    (SCHOOL_DAY_BEFORE, "2026-11-02", "2026-10-16 11:00"),
    (SCHOOL_DAY_BEFORE, "2027-01-04", "2026-12-18 11:00"),
    (SCHOOL_DAY_BEFORE, "2027-03-30", "2027-03-26 11:00"),
    (SCHOOL_DAY_BEFORE, "2026-05-15", "2026-05-12 11:00"),
    # rulebook: a meal three working days before; a day without meal the eve
    (THREE_WORKING, "2026-11-12", "2026-11-07 00:00"),
    (days_before(1), "2026-11-12", "2026-11-12 00:00"),
    # rulebook: 15 clear days before the first day of the holidays
    (CLEAR_15, "2026-10-19", "2026-10-04 00:00"),
    (CLEAR_15, "2026-10-21", "2026-10-04 00:00"),
    (CLEAR_15, "2026-10-30", "2026-10-04 00:00"),
    # rulebook: two weekdays before; Wednesdays seven days before
    (days_before(2, counting=Counting.WEEKDAYS), "2026-11-16", "2026-11-13 00:00"),
    (days_before(7), "2026-11-18", "2026-11-12 00:00"),
    # rulebook: eight days before, Sunday midnight for the Monday of the week after
    (days_before(8), "2026-11-16", "2026-11-09 00:00"),
    # rulebook: the eve at 15:00
    (days_before(1, time(15)), "2026-11-10", "2026-11-09 15:00"),
    # rulebook: 15 working days to book, 16 to cancel
    (days_before(15, counting=Counting.WORKING), "2026-11-16", "2026-10-24 00:00"),
    (days_before(16, counting=Counting.WORKING), "2026-11-16", "2026-10-23 00:00"),
]

HOLIDAYS = [
    (days_before(1, NOON, Counting.WORKING), "2026-11-02", "2026-10-30 12:00"),
    (days_before(1, NOON, Counting.WORKING), "2026-11-12", "2026-11-10 12:00"),
    (days_before(1, NOON, Counting.WEEKDAYS), "2026-11-12", "2026-11-11 12:00"),
    (days_before(1, NOON, Counting.WORKING), "2026-04-07", "2026-04-03 12:00"),
    (days_before(1, NOON, Counting.WORKING), "2026-05-04", "2026-04-30 12:00"),
    (days_before(1, NOON, Counting.WORKING), "2026-05-15", "2026-05-13 12:00"),
    (days_before(1, NOON, Counting.SCHOOL), "2026-11-02", "2026-10-16 12:00"),
    (days_before(1, NOON, Counting.SCHOOL), "2027-01-04", "2026-12-18 12:00"),
    (days_before(1, NOON, Counting.SCHOOL), "2027-05-10", "2027-05-04 12:00"),
    (days_before(1, NOON, fallback=Counting.WORKING), "2026-11-12", "2026-11-10 12:00"),
    (week_before(WED, NOON), "2026-11-16", "2026-11-11 12:00"),
]

EDGES = [
    (days_before(0, time(9)), "2026-11-16", "2026-11-16 09:00"),
    (days_before(0), "2026-11-16", "2026-11-17 00:00"),
    (days_before(0, time(9), Counting.WORKING), "2026-11-14", "2026-11-14 09:00"),
    (days_before(0, counting=Counting.CLEAR), "2026-11-16", "2026-11-16 00:00"),
    (days_before(365, NOON), "2028-02-29", "2027-03-01 12:00"),
    (days_before(365, NOON), "2028-03-01", "2027-03-02 12:00"),
    (days_before(1, NOON), "2028-03-01", "2028-02-29 12:00"),
    (days_before(1, NOON), "2027-03-01", "2027-02-28 12:00"),
    (days_before(1, NOON), "2027-01-01", "2026-12-31 12:00"),
    (days_before(1), "2027-01-01", "2027-01-01 00:00"),
    (week_before(FRI, NOON), "2027-01-04", "2027-01-01 12:00"),
    (week_before(FRI, NOON, weeks=2), "2026-11-16", "2026-11-06 12:00"),
    (month_before(20), "2026-11-16", "2026-10-20 12:00"),
    (month_before(20), "2027-01-15", "2026-12-20 12:00"),
    (month_before(20), "2026-12-15", "2026-11-20 12:00"),
    (month_before(31), "2028-03-10", "2028-02-29 12:00"),
    (month_before(31), "2027-03-10", "2027-02-28 12:00"),
    (month_before(1, months=12), "2027-03-10", "2026-03-01 12:00"),
    (table((MON, MON, time(9))), "2026-11-16", "2026-11-09 09:00"),
    (UNTIL_START, "2026-11-16", "2026-11-16 00:00"),
]


def on_the_clock(rule, day, calendar=HOLIDAY_CENTRE, **more):
    return f"{deadline(rule, date.fromisoformat(day), calendar, **more):%Y-%m-%d %H:%M}"


@pytest.mark.parametrize(("rule", "day", "expected"), RULEBOOKS)
def test_the_deadlines_are_those_of_real_rulebooks(rule, day, expected):
    assert on_the_clock(rule, day) == expected


@pytest.mark.parametrize(("rule", "day", "expected"), HOLIDAYS)
def test_public_and_school_holidays_move_only_the_rules_that_count_them(rule, day, expected):
    assert on_the_clock(rule, day) == expected


@pytest.mark.parametrize(("rule", "day", "expected"), EDGES)
def test_deadlines_cross_months_years_and_leap_days(rule, day, expected):
    assert on_the_clock(rule, day) == expected


@pytest.mark.parametrize(
    ("number", "day", "expected"),
    [
        (2, "2026-11-19", "2026-11-16 12:00"),
        (1, "2026-11-12", "2026-11-10 12:00"),
        (1, "2026-11-02", "2026-10-16 12:00"),
        (2, "2026-09-01", "2026-07-02 12:00"),
    ],
    ids=["no Wednesday", "Armistice", "after the autumn holidays", "after the summer"],
)
def test_opening_days_are_the_days_of_the_canteen(number, day, expected):
    assert on_the_clock(days_before(number, NOON, Counting.OPENING), day, CANTEEN) == expected


def test_before_the_first_opening_of_a_new_activity_working_days_count():
    new = opened(ZONE_A, SCHOOL_WEEK, Period.TERM, since=date(2026, 9, 1))
    assert on_the_clock(days_before(2, NOON, Counting.OPENING), "2026-09-01", new) == "2026-08-28 12:00"


def test_good_friday_counts_except_in_alsace_and_moselle():
    rule = days_before(1, NOON, Counting.WORKING)
    assert on_the_clock(rule, "2026-04-07", zone_a()) == "2026-04-03 12:00"
    assert on_the_clock(rule, "2026-04-07", zone_a("57")) == "2026-04-02 12:00"


def test_in_term_a_rule_from_the_start_of_the_holidays_counts_from_the_day():
    assert on_the_clock(CLEAR_15, "2026-11-18") == "2026-11-03 00:00"


def test_the_holidays_start_on_the_first_day_that_the_centre_opens():
    from_tuesday = opened(ZONE_A, {TUE, WED, THU}, Period.HOLIDAYS)
    assert on_the_clock(CLEAR_15, "2026-10-21", from_tuesday) == "2026-10-05 00:00"


def test_without_opening_days_the_holidays_start_on_their_first_working_day():
    assert on_the_clock(CLEAR_15, "2026-10-21", ZONE_A) == "2026-10-04 00:00"


def test_a_weekday_without_a_line_in_the_table_is_never_allowed():
    assert deadline(TWO_A_WEEK, date(2026, 11, 18), ZONE_A) is None


def test_never_has_no_deadline_and_no_instant_is_in_time():
    limit = deadline(NEVER, date(2026, 11, 16), ZONE_A)
    assert limit is None
    assert in_time(limit, datetime(2020, 1, 1, tzinfo=UTC)) is False


def test_until_the_start_means_the_arrival_time():
    assert on_the_clock(UNTIL_START, "2026-11-16", starts_at=time(7, 30)) == "2026-11-16 07:30"


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        ("2026-11-16", "2026-11-13 12:00"),
        ("2026-10-26", "2026-10-23 13:00"),
        ("2026-03-30", "2026-03-27 11:00"),
    ],
    ids=["ordinary", "25 hours on Sunday", "23 hours on Sunday"],
)
def test_72_hours_are_hours_that_pass(day, expected):
    # rulebook: 72 h before
    assert on_the_clock(HOURS_72, day, starts_at=NOON) == expected


@pytest.mark.parametrize(
    ("day", "at", "expected"),
    [
        (date(2026, 3, 29), time(1, 59), datetime(2026, 3, 29, 0, 59)),
        (date(2026, 3, 29), time(2, 30), datetime(2026, 3, 29, 1, 30)),
        (date(2026, 3, 29), time(3, 0), datetime(2026, 3, 29, 1, 0)),
        (date(2026, 3, 29), time(23, 59), datetime(2026, 3, 29, 22, 0)),
        (date(2027, 3, 28), time(2, 30), datetime(2027, 3, 28, 1, 30)),
        (date(2026, 10, 24), time(23, 59), datetime(2026, 10, 24, 22, 0)),
        (date(2026, 10, 25), time(1, 59), datetime(2026, 10, 24, 23, 59)),
        (date(2026, 10, 25), time(2, 30), datetime(2026, 10, 25, 1, 30)),
        (date(2026, 10, 25), time(3, 0), datetime(2026, 10, 25, 2, 0)),
        (date(2026, 10, 25), time(23, 59), datetime(2026, 10, 25, 23, 0)),
        (date(2027, 10, 31), time(2, 30), datetime(2027, 10, 31, 1, 30)),
    ],
)
def test_when_the_clocks_change_the_later_reading_holds(day, at, expected):
    limit = deadline(days_before(0, at), day, ZONE_A)
    assert limit.astimezone(UTC) == expected.replace(tzinfo=UTC)
    assert limit.tzinfo is PARIS


@pytest.mark.parametrize(
    ("at", "clock", "answer"),
    [
        (time(10), "09:59:59.999999", True),
        (time(10), "10:00:00", False),
        (time(10), "10:00:01", False),
        (time(23, 59), "23:58:00", True),
        (time(23, 59), "23:59:30", True),
        (time(23, 59), "23:59:59.999999", True),
        (time(23, 58), "23:58:30", False),
    ],
)
def test_the_deadline_itself_is_too_late_and_2359_is_the_whole_day(at, clock, answer):
    limit = deadline(days_before(0, at), date(2026, 11, 16), ZONE_A)
    now = datetime.combine(date(2026, 11, 16), time.fromisoformat(clock), PARIS)
    assert in_time(limit, now) is answer
    assert in_time(limit, now.astimezone(UTC)) is answer


def test_the_midnight_that_ends_the_day_is_too_late():
    limit = deadline(days_before(0), date(2026, 11, 16), ZONE_A)
    assert not in_time(limit, datetime(2026, 11, 17, tzinfo=PARIS))


def test_in_the_repeated_hour_of_autumn_instants_are_compared_not_clocks():
    limit = deadline(days_before(0, time(2, 30)), date(2026, 10, 25), ZONE_A)
    first_pass = datetime(2026, 10, 25, 2, 45, tzinfo=PARIS)
    assert in_time(limit, first_pass) is True
    assert in_time(limit, first_pass.replace(fold=1)) is False


def test_a_clock_without_a_time_zone_is_a_mistake():
    with pytest.raises(TypeError):
        in_time(deadline(UNTIL_START, date(2026, 11, 16), ZONE_A), datetime(2026, 11, 16))


def test_a_deadline_beyond_the_calendar_is_refused_rather_than_guessed():
    short = Calendar(first=date(2026, 11, 1), last=date(2026, 11, 30))
    with pytest.raises(CalendarUnknown) as refused:
        deadline(THREE_WORKING, date(2026, 11, 3), short)
    assert refused.value.sentences == ["Le calendrier du 30/10/2026 n’est pas connu."]


# Properties

all_days = st.dates(date(2027, 9, 1), date(2028, 7, 31))
countings = st.sampled_from(Counting)
fallbacks = st.sampled_from([None, Counting.WEEKDAYS, Counting.WORKING, Counting.OPENING, Counting.SCHOOL])
minutes = st.times().map(lambda at: at.replace(second=0, microsecond=0))
weekdays = st.integers(0, 6)
rows = st.lists(st.tuples(weekdays, weekdays, minutes), min_size=1, unique_by=lambda row: row[0]).map(tuple)
rules = st.one_of(
    st.builds(
        days_before, st.integers(0, 365), minutes, countings, from_holiday_start=st.booleans(), fallback=fallbacks
    ),
    st.builds(week_before, weekdays, minutes, st.integers(1, 8)),
    st.builds(lambda rows, fallback: table(*rows, fallback=fallback), rows, fallbacks),
    st.builds(month_before, st.integers(1, 31), minutes, st.integers(1, 12)),
    st.builds(lambda hours: DeadlineRule(kind=DeadlineKind.HOURS, hours=hours), st.integers(1, 8760)),
    st.sampled_from([UNTIL_START, NEVER]),
)
# Far enough back for 365 opening days; the sets matter less than that every day is known.
LONG = Calendar(
    first=date(2020, 1, 1),
    last=date(2028, 8, 31),
    public_holidays=ZONE_A.public_holidays,
    school_holidays=ZONE_A.school_holidays,
    opening_days=CANTEEN.opening_days,
)


@given(rules, all_days, minutes)
def test_no_deadline_falls_after_the_day_itself(rule, day, starts_at):
    limit = deadline(rule, day, LONG, starts_at)
    assert limit is None or limit <= datetime.combine(day + timedelta(1), time(0), PARIS)


@given(st.integers(0, 364), minutes, countings, fallbacks, st.booleans(), all_days)
def test_one_day_more_never_makes_a_deadline_later(number, at, counting, fallback, from_start, day):
    shorter, longer = (
        deadline(days_before(n, at, counting, fallback=fallback, from_holiday_start=from_start), day, LONG)
        for n in (number, number + 1)
    )
    assert longer <= shorter
    if fallback is None:
        assert longer < shorter


@given(st.integers(0, 365), minutes, countings, all_days)
def test_a_later_day_never_closes_earlier(number, at, counting, day):
    rule = days_before(number, at, counting)
    assert deadline(rule, day, LONG) <= deadline(rule, day + timedelta(1), LONG)


@given(rules)
def test_a_sound_rule_survives_its_json(rule):
    assert rule.validate() == []
    assert DeadlineRule.from_json(rule.to_json()) == rule


def test_the_json_of_a_rule_holds_its_own_fields_only():
    assert [TUESDAY_BEFORE.to_json(), table((MON, FRI, time(9))).to_json(), NEVER.to_json()] == [
        {"kind": "week", "weekday": 1, "weeks": 1, "at": "23:59", "fallback": None},
        {"kind": "table", "table": [[0, 4, "09:00"]], "fallback": None},
        {"kind": "never"},
    ]


@pytest.mark.parametrize(
    ("rule", "sentences"),
    [
        (days_before(-1), ["Le nombre de jours doit être compris entre 0 et 365."]),
        (days_before(366), ["Le nombre de jours doit être compris entre 0 et 365."]),
        (week_before(TUE, NOON, weeks=0), ["Le nombre de semaines doit être compris entre 1 et 8."]),
        (
            week_before(7, NOON, weeks=9),
            [
                "Le nombre de semaines doit être compris entre 1 et 8.",
                "Un jour de la semaine va de lundi (0) à dimanche (6).",
            ],
        ),
        (month_before(32), ["Le jour du mois doit être compris entre 1 et 31."]),
        (month_before(1, months=0), ["Le nombre de mois doit être compris entre 1 et 12."]),
        (
            DeadlineRule(kind=DeadlineKind.HOURS, hours=0),
            ["Le nombre d’heures doit être compris entre 1 et 8760."],
        ),
        (table(), ["Le tableau des délais est vide."]),
        (table((MON, 9, NOON)), ["Un jour de la semaine va de lundi (0) à dimanche (6)."]),
        (
            table((MON, FRI, NOON), (MON, TUE, NOON)),
            ["Un jour ne peut figurer qu’une fois dans le tableau des délais."],
        ),
        (
            days_before(2, fallback=Counting.CLEAR),
            ["Le report se fait au dernier jour de semaine, ouvré, d’ouverture ou d’école."],
        ),
    ],
)
def test_a_senseless_rule_is_refused_in_words(rule, sentences):
    assert rule.validate() == sentences
    with pytest.raises(InvalidRule) as refused:
        DeadlineRule.from_json(rule.to_json())
    assert refused.value.sentences == sentences


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        "days",
        7,
        {},
        {"kind": "moon"},
        {"kind": []},
        {"kind": "never", "days": 2},
        {"kind": "days", "days": "2"},
        {"kind": "days", "days": True},
        {"kind": "days", "days": 2.0},
        {"kind": "days", "at": "25:00"},
        {"kind": "days", "at": 9},
        {"kind": "days", "counting": "moons"},
        {"kind": "days", "from_holiday_start": 1},
        {"kind": "days", "fallback": {}},
        {"kind": "table", "table": [[0, 4]]},
        {"kind": "table", "table": 3},
        {"kind": "table", "table": [[0, 4, "09:00", 1]]},
    ],
)
def test_an_unreadable_rule_is_refused_in_words(data):
    with pytest.raises(InvalidRule) as refused:
        DeadlineRule.from_json(data)
    assert refused.value.sentences == ["Cette règle de délai est illisible."]
