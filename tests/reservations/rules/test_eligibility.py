from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reservations.rules import Candidate, Conditions, age_on, reasons_against

DAY = date(2026, 11, 4)
LOUANE = Candidate(first_name="Louane", birth=date(2018, 5, 10), school=1, school_class=11)
THEO = Candidate(first_name="Théo", birth=date(2013, 7, 12), school=1, school_class=12)


@pytest.mark.parametrize(
    ("birth", "day", "age"),
    [
        (date(2018, 5, 10), date(2026, 5, 9), 7),
        (date(2018, 5, 10), date(2026, 5, 10), 8),
        (date(2018, 5, 10), date(2026, 12, 31), 8),
        (date(2020, 2, 29), date(2026, 2, 28), 5),
        (date(2020, 2, 29), date(2026, 3, 1), 6),
        (date(2020, 2, 29), date(2028, 2, 29), 8),
        (date(2026, 11, 4), date(2026, 11, 4), 0),
        (date(2027, 11, 4), date(2026, 11, 4), -1),
    ],
)
def test_age_is_counted_in_whole_years_on_the_day(birth, day, age):
    assert age_on(birth, day) == age


@given(st.dates(date(2000, 1, 1), date(2020, 1, 1)), st.dates(date(2021, 1, 1), date(2028, 1, 1)))
def test_nobody_grows_younger(birth, day):
    assert 0 <= age_on(birth, day) <= age_on(birth, day.replace(day=1, year=day.year + 1))


def test_an_activity_without_conditions_takes_everyone():
    assert reasons_against(Conditions(), Candidate(birth=None), DAY) == []


@pytest.mark.parametrize(
    ("conditions", "reasons"),
    [
        (Conditions(min_age=6, max_age=12), []),
        (Conditions(min_age=8, max_age=8), []),
        (Conditions(schools=frozenset({1, 2}), classes=frozenset({11})), []),
        (
            Conditions(min_age=3, max_age=6),
            ["Louane\u00a0: cette activité est ouverte de 3 à 6\u00a0ans, son âge sera de 8\u00a0ans ce jour-là."],
        ),
        (
            Conditions(min_age=12),
            [
                "Louane\u00a0: cette activité est ouverte à partir de 12\u00a0ans, "
                "son âge sera de 8\u00a0ans ce jour-là."
            ],
        ),
        (
            Conditions(max_age=1),
            ["Louane\u00a0: cette activité est ouverte jusqu’à 1\u00a0an, son âge sera de 8\u00a0ans ce jour-là."],
        ),
        (Conditions(schools=frozenset({2})), ["Louane\u00a0: cette activité n’est pas ouverte à son école."]),
        (
            Conditions(max_age=6, schools=frozenset({2}), classes=frozenset({12})),
            [
                "Louane\u00a0: cette activité est ouverte jusqu’à 6\u00a0ans, son âge sera de 8\u00a0ans ce jour-là.",
                "Louane\u00a0: cette activité n’est pas ouverte à son école.",
                "Louane\u00a0: cette activité n’est pas ouverte à sa classe.",
            ],
        ),
    ],
)
def test_all_the_reasons_are_told_at_once(conditions, reasons):
    assert reasons_against(conditions, LOUANE, DAY) == reasons


def test_the_age_is_that_of_the_day_booked():
    six_to_twelve = Conditions(min_age=6, max_age=12)
    assert reasons_against(six_to_twelve, THEO, date(2026, 7, 11)) == []
    assert len(reasons_against(six_to_twelve, THEO, date(2026, 7, 12))) == 1


def test_what_is_not_known_is_asked_for():
    nothing = Candidate(birth=None)
    conditions = Conditions(min_age=3, schools=frozenset({1}), classes=frozenset({11}))
    assert reasons_against(conditions, nothing, DAY) == [
        "indiquez sa date de naissance.",
        "indiquez son école pour cette année scolaire.",
        "indiquez sa classe pour cette année scolaire.",
    ]


def test_a_child_born_after_the_day_is_not_taken_by_an_age_limit():
    assert reasons_against(Conditions(max_age=3), Candidate(birth=date(2027, 1, 1)), DAY) == [
        "cette activité est ouverte jusqu’à 3\u00a0ans, son âge sera de 0\u00a0an ce jour-là."
    ]
