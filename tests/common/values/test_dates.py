from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from django import forms

from common.values.dates import (
    date_long,
    date_numeric,
    date_short,
    dates_short,
    day_and_month,
    day_of_month,
    local_day,
    moment_long,
    moment_numeric,
    moment_short,
    month_after,
    month_title,
    school_year,
    weekday_titles,
)

TODAY = date(2026, 11, 2)


@pytest.mark.parametrize(
    ("day", "year"),
    [
        (date(2026, 8, 31), 2025),
        (date(2026, 9, 1), 2026),
        (date(2026, 12, 31), 2026),
        (date(2027, 1, 1), 2026),
        (date(2027, 8, 31), 2026),
    ],
)
def test_a_school_year_begins_on_the_first_of_september(day, year):
    assert school_year(day) == year


@pytest.mark.parametrize(
    ("day", "text"),
    [
        (date(2026, 11, 3), "mardi 3 novembre"),
        (date(2027, 1, 1), "vendredi 1er janvier"),
        (date(2026, 12, 21), "lundi 21 décembre"),
        (date(2027, 2, 11), "jeudi 11 février"),
        (date(2027, 8, 31), "mardi 31 août"),
        (date(2027, 9, 1), "mercredi 1er septembre 2027"),
        (date(2026, 8, 31), "lundi 31 août 2026"),
        (date(2018, 5, 10), "jeudi 10 mai 2018"),
    ],
)
def test_a_date_is_said_with_its_year_only_outside_the_school_year(day, text):
    assert date_long(day, TODAY) == text


def test_a_moment_is_said_with_its_hour():
    moment = datetime(2026, 11, 10, 9, 5, tzinfo=ZoneInfo("Europe/Paris"))
    assert moment_long(moment, TODAY) == "mardi 10 novembre 09:05"


# 00:30 in Paris on 1 December: in UTC it is still 30 November.
JUST_AFTER_MIDNIGHT = datetime(2026, 11, 30, 23, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("write", "said"),
    [
        (date_short, "01-12-2026"),
        (date_numeric, "01/12/2026"),
        (day_and_month, "1er décembre"),
        (day_of_month, "Mar 1"),
        (month_title, "Décembre 2026"),
        (moment_short, "01-12-2026 00:30"),
        (moment_numeric, "01/12/2026 00:30"),
        (lambda moment: date_long(moment, moment), "mardi 1er décembre"),
        (lambda moment: moment_long(moment, moment), "mardi 1er décembre 00:30"),
        (lambda moment: dates_short([moment, date(2026, 12, 1)]), "01-12-2026"),
        (local_day, date(2026, 12, 1)),
        (month_after, date(2027, 1, 1)),
    ],
)
def test_an_instant_says_its_day_in_paris_and_one_without_a_time_zone_is_refused(write, said):
    assert write(JUST_AFTER_MIDNIGHT) == said
    with pytest.raises(ValueError, match="no time zone"):
        write(datetime(2026, 12, 1, 0, 30))


def test_a_new_school_year_begins_at_midnight_in_paris():
    assert school_year(datetime(2026, 8, 31, 22, 0, tzinfo=UTC)) == 2026
    assert school_year(datetime(2026, 8, 31, 21, 59, tzinfo=UTC)) == 2025


def test_the_first_day_of_a_month_is_said_1er():
    assert [day_and_month(date(2026, 5, number)) for number in (1, 2, 21)] == ["1er mai", "2 mai", "21 mai"]


def test_a_short_date_is_day_month_year():
    assert date_short(date(2026, 3, 9)) == "09-03-2026"


@pytest.mark.seed("S3-120")
def test_a_list_of_dates_is_in_order_and_in_french_format():
    days = [date(2027, 1, 4), date(2026, 3, 19), date(2026, 12, 5), date(2026, 3, 19)]
    assert dates_short(days) == "19-03-2026, 05-12-2026, 04-01-2027"


def test_a_month_has_a_title():
    assert [month_title(date(2026, month, 1)) for month in (2, 8, 11)] == ["Février 2026", "Août 2026", "Novembre 2026"]


def test_the_days_of_the_week_are_named_short_and_long():
    assert weekday_titles(5) == [
        ("Lun", "lundi"),
        ("Mar", "mardi"),
        ("Mer", "mercredi"),
        ("Jeu", "jeudi"),
        ("Ven", "vendredi"),
    ]
    assert weekday_titles()[5:] == [("Sam", "samedi"), ("Dim", "dimanche")]


@pytest.mark.parametrize("typed", ["14/05/1938", "14-05-1938", "14.05.1938", "1938-05-14"])
def test_a_date_is_typed_with_its_whole_year_in_every_form(typed):
    assert forms.DateField().clean(typed) == date(1938, 5, 14)
    with pytest.raises(forms.ValidationError):
        forms.DateField().clean("14/05/38")  # Django's own French formats take it for 2038
