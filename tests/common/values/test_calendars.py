from datetime import date, timedelta

import pytest

from common.values import calendars
from common.values.calendars import CalendarUnknown


def test_the_public_holidays_of_2026_are_the_eleven_of_the_labour_code_in_order():
    assert list(calendars.public_holidays(2026).items()) == [
        (date(2026, 1, 1), "Jour de l’an"),
        (date(2026, 4, 6), "Lundi de Pâques"),
        (date(2026, 5, 1), "Fête du Travail"),
        (date(2026, 5, 8), "Fête de la Victoire"),
        (date(2026, 5, 14), "Ascension"),
        (date(2026, 5, 25), "Lundi de Pentecôte"),
        (date(2026, 7, 14), "Fête nationale"),
        (date(2026, 8, 15), "Assomption"),
        (date(2026, 11, 1), "Toussaint"),
        (date(2026, 11, 11), "Armistice"),
        (date(2026, 12, 25), "Noël"),
    ]


@pytest.mark.parametrize(
    ("subdivision", "own"),
    [
        ("57", {date(2026, 4, 3): "Vendredi saint", date(2026, 12, 26): "Saint-Étienne"}),
        ("6AE", {date(2026, 4, 3): "Vendredi saint", date(2026, 12, 26): "Saint-Étienne"}),
        ("974", {date(2026, 12, 20): "Abolition de l’esclavage"}),
    ],
)
def test_a_department_adds_its_own_days(subdivision, own):
    common = calendars.public_holidays(2026)
    assert calendars.public_holidays(2026, subdivision, True) == common | own
    assert [day for day in own if calendars.is_public_holiday(day)] == []
    assert [day for day in own if calendars.is_public_holiday(day, subdivision, True)] == list(own)


GOOD_FRIDAY, SAINT_STEPHEN = date(2026, 4, 3), date(2026, 12, 26)


@pytest.mark.parametrize("subdivision", ["57", "6AE"])
def test_good_friday_asks_for_a_protestant_church_and_the_26th_of_december_does_not(subdivision):
    """Article L3134-13 of the code du travail, from the ordinance of 16 August 1892."""
    without = calendars.public_holidays(2026, subdivision, False)
    assert (GOOD_FRIDAY in without, SAINT_STEPHEN in without) == (False, True)
    with pytest.raises(CalendarUnknown, match="Le Vendredi saint 2026 n’est férié que dans les communes"):
        calendars.public_holidays(2026, subdivision)


@pytest.mark.parametrize(
    ("insee_code", "subdivision", "asks"),
    [
        ("67482", "6AE", True),
        ("68224", "6AE", True),
        ("57463", "57", True),
        ("2A004", None, False),
        ("69123", None, False),
        ("97411", "974", False),
        ("97502", "PM", False),
        ("97801", "MF", False),
        ("98735", "PF", False),
    ],
)
def test_the_code_of_a_commune_says_which_holidays_it_keeps(insee_code, subdivision, asks):
    assert calendars.subdivision_of(insee_code) == subdivision
    assert calendars.asks_for_church(insee_code) is asks


@pytest.mark.parametrize(
    ("subdivision", "day"),
    [
        ("971", date(2026, 5, 27)),
        ("972", date(2026, 5, 22)),
        ("973", date(2026, 6, 10)),
        ("974", date(2026, 12, 20)),
        ("976", date(2026, 4, 27)),
        ("BL", date(2026, 10, 9)),
        ("MF", date(2026, 5, 28)),
    ],
)
def test_slavery_was_abolished_on_another_day_in_each_department_overseas(subdivision, day):
    assert calendars.public_holidays(2026, subdivision)[day] == "Abolition de l’esclavage"


def test_two_holidays_on_one_day_are_both_named():
    assert calendars.public_holidays(2008)[date(2008, 5, 1)] == "Ascension et Fête du Travail"


def test_changing_the_answer_does_not_change_the_calendar():
    calendars.public_holidays(2026).clear()
    assert calendars.is_public_holiday(date(2026, 11, 11))


@pytest.mark.parametrize(
    ("day", "zone", "name"),
    [
        (date(2026, 10, 16), "A", None),
        (date(2026, 10, 17), "A", "Vacances de la Toussaint"),
        (date(2026, 11, 1), "A", "Vacances de la Toussaint"),
        (date(2026, 11, 2), "A", None),
        (date(2026, 12, 31), "C", "Vacances de Noël"),
        (date(2027, 2, 6), "A", None),
        (date(2027, 2, 6), "B", None),
        (date(2027, 2, 6), "C", "Vacances d’hiver"),
        (date(2027, 2, 22), "A", "Vacances d’hiver"),
        (date(2027, 2, 22), "B", "Vacances d’hiver"),
        (date(2027, 2, 22), "C", None),
        (date(2027, 5, 7), "B", "Pont de l’Ascension"),
        (date(2027, 7, 3), "A", "Vacances d’été"),
        (date(2028, 2, 29), "A", "Vacances d’hiver"),
        (date(2028, 2, 29), "B", None),
    ],
)
def test_school_holidays_follow_the_zone(day, zone, name):
    assert calendars.school_holiday_name(day, zone) == name
    assert calendars.is_school_term(day, zone) is (name is None)


@pytest.mark.parametrize(
    ("day", "answer"),
    [
        (date(2026, 11, 10), True),
        (date(2026, 11, 11), False),
        (date(2026, 11, 14), False),
        (date(2026, 11, 18), True),
        (date(2026, 10, 20), False),
        (date(2026, 5, 15), False),
    ],
    ids=["Tuesday", "Armistice", "Saturday", "Wednesday", "autumn holidays", "Friday after Ascension"],
)
def test_a_school_day_is_a_weekday_of_term_that_is_no_public_holiday(day, answer):
    assert calendars.is_school_day(day, "A") is answer


def test_good_friday_is_a_school_day_except_in_alsace_and_moselle():
    assert calendars.is_school_day(date(2026, 4, 3), "B")
    assert not calendars.is_school_day(date(2026, 4, 3), "B", "57", True)


@pytest.mark.parametrize(
    ("last_class", "first_off"),
    [
        (date(2021, 7, 6), date(2021, 7, 7)),
        (date(2022, 7, 7), date(2022, 7, 8)),
        (date(2028, 7, 4), date(2028, 7, 5)),
        (date(2026, 7, 3), date(2026, 7, 4)),
    ],
)
@pytest.mark.parametrize("zone", "ABC")
def test_a_summer_begins_the_day_after_the_last_class(last_class, first_off, zone):
    assert calendars.is_school_day(last_class, zone)
    assert calendars.school_holiday_name(first_off, zone) == "Vacances d’été"


@pytest.mark.parametrize("year", range(2021, 2029))
@pytest.mark.parametrize("zone", "ABC")
def test_there_is_no_class_on_the_friday_after_ascension(year, zone):
    ascension = next(day for day, name in calendars.public_holidays(year).items() if "Ascension" in name)
    assert calendars.school_holiday_name(ascension + timedelta(1), zone) == "Pont de l’Ascension"


@pytest.mark.parametrize("day", calendars.PRE_RETURN)
def test_pupils_are_off_on_the_day_when_only_teachers_come_back(day):
    assert calendars.school_holiday_name(day, "B") == "Vacances d’été"
    after = next(day + timedelta(n) for n in range(1, 5) if (day + timedelta(n)).weekday() < 5)
    assert calendars.is_school_day(after, "B")


@pytest.mark.parametrize("zone", sorted(set(calendars.ZONES) - set("ABC")))
def test_what_no_package_publishes_is_unknown_and_the_year_is_named(zone):
    with pytest.raises(CalendarUnknown) as refused:
        calendars.school_holiday_name(date(2027, 1, 18), zone)
    [sentence] = refused.value.sentences
    assert f"Les vacances scolaires 2026-2027 ({calendars.ZONES[zone]}) ne sont pas connues" in sentence
    span = (date(2027, 1, 18), date(2027, 1, 20))
    assert calendars.school_holidays_between(*span, zone) == {}
    assert len(calendars.unpublished_between(*span, zone)) == 3


@pytest.mark.parametrize(
    ("day", "year"),
    [
        (date(2026, 8, 31), 2025),
        (date(2026, 9, 1), 2026),
        (date(2026, 12, 31), 2026),
        (date(2027, 1, 1), 2026),
        (date(2027, 7, 14), 2026),
        (date(2027, 9, 1), 2027),
    ],
)
def test_the_school_year_turns_on_the_first_of_september(day, year):
    assert calendars.school_year_of(day) == year
    first, last = calendars.school_year_bounds(year)
    assert first <= day <= last


def test_school_holidays_are_known_until_the_summer_of_2028():
    assert date(2028, 8, 31) == calendars.KNOWN_UNTIL
    assert calendars.school_holiday_name(calendars.KNOWN_UNTIL, "A") == "Vacances d’été"


@pytest.mark.parametrize(
    ("day", "sentence"),
    [
        (calendars.KNOWN_UNTIL + timedelta(1), "Les vacances scolaires 2028-2029 ne sont pas encore publiées."),
        (calendars.KNOWN_FROM - timedelta(1), "Les vacances scolaires 2019-2020 ne sont plus tenues à jour."),
    ],
)
def test_a_date_beyond_the_school_calendar_is_refused_in_words(day, sentence):
    with pytest.raises(CalendarUnknown) as refused:
        calendars.school_holiday_name(day, "A")
    assert refused.value.sentences == [sentence]


@pytest.mark.parametrize("year", [1802, 2101])
def test_a_year_without_public_holidays_is_refused_in_words(year):
    with pytest.raises(CalendarUnknown) as refused:
        calendars.public_holidays(year)
    assert refused.value.sentences == [f"Les jours fériés de l’année {year} ne sont pas connus."]


def test_an_unknown_zone_or_department_is_refused_in_words():
    with pytest.raises(CalendarUnknown) as zone:
        calendars.school_holiday_name(date(2026, 11, 3), "D")
    with pytest.raises(CalendarUnknown) as department:
        calendars.public_holidays(2026, "75")
    assert [zone.value.sentences, department.value.sentences] == [
        ["Le calendrier scolaire « D » n’existe pas : choisissez-en un dans la liste."],
        ["Aucun calendrier de jours fériés n’est connu pour « 75 »."],
    ]


def test_the_sets_between_two_dates_include_both_ends():
    assert calendars.public_holidays_between(date(2026, 12, 25), date(2027, 1, 1)) == {
        date(2026, 12, 25): "Noël",
        date(2027, 1, 1): "Jour de l’an",
    }
    autumn = dict.fromkeys([date(2026, 10, 17), date(2026, 10, 18)], "Vacances de la Toussaint")
    assert calendars.school_holidays_between(date(2026, 10, 16), date(2026, 10, 18), "A") == autumn
    assert calendars.unpublished_between(date(2028, 8, 31), date(2028, 9, 1), "A") == {date(2028, 9, 1)}


def test_banks_settle_on_working_days_but_six_holidays():
    """TARGET: 1 January, Good Friday, Easter Monday, 1 May, 25 and 26 December; the French 14 July is a working day."""
    closed = {date(2027, 1, 1), date(2027, 3, 26), date(2027, 3, 29), date(2026, 5, 1), date(2026, 12, 25)}
    assert {day for day in closed if calendars.is_target_day(day)} == set()
    assert calendars.is_target_day(date(2026, 7, 14))
    assert not calendars.is_target_day(date(2028, 12, 26))


@pytest.mark.parametrize(
    ("day", "moved"),
    [
        (date(2026, 11, 5), date(2026, 11, 5)),
        (date(2026, 12, 5), date(2026, 12, 7)),
        (date(2027, 3, 26), date(2027, 3, 30)),
        (date(2026, 12, 25), date(2026, 12, 28)),
    ],
)
def test_a_payment_is_moved_to_the_next_day_of_the_banks(day, moved):
    assert calendars.target_day(day) == moved
