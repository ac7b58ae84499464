"""A caregiver is found by what they tell of themselves; who does not know it learns nothing."""

from datetime import date, timedelta

import pytest
from django.utils import timezone

from cesu.aid.actions.caregivers import (
    NobodyFound,
    TooManySearches,
    begins_name,
    favourites,
    find_caregiver,
    hide_caregiver,
    last_paid,
)
from cesu.models import Caregiver, KnownCaregiver
from cesu.rules.aid import LookOnly
from tests.factories.aid import aid_user, caregiver_with, holder_with, organisation_with
from tests.factories.aid_payments import home_with, pay_for, use

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("exact_books")]
BORN = date(1979, 2, 3)


def find(home, nan, *, kind="person", birth_date=BORN, name=""):
    return find_caregiver(user=home.user, holder=home.holder, kind=kind, nan=nan, birth_date=birth_date, name=name)


@pytest.mark.seed("S1-36")
def test_a_person_is_found_by_nan_and_birth_date_and_known_from_then_on():
    home, besson = home_with(), caregiver_with()
    for _ in range(2):
        assert find(home, f" {besson.nan[:7].lstrip('0')} * 1 ") == besson
    assert [known.caregiver for known in favourites(home.holder)] == [home.caregiver, besson][::-1]
    assert Caregiver.objects.known_to(holder_with()).count() == 0


@pytest.mark.parametrize(
    ("nan", "birth_date"),
    [("", BORN), ("9999999*9", BORN), ("n’importe quoi", BORN), (None, date(1979, 2, 4)), (None, None)],
)
def test_whatever_is_wrong_the_answer_is_the_same(nan, birth_date):
    home, besson = home_with(), caregiver_with()
    with pytest.raises(NobodyFound) as refused:
        find(home, besson.nan if nan is None else nan, birth_date=birth_date)
    assert str(refused.value).startswith("Aucun intervenant affilié ne correspond")
    assert not KnownCaregiver.objects.filter(caregiver=besson).exists()


def test_who_is_no_longer_affiliated_is_not_found():
    home, besson = home_with(), caregiver_with(ended_on=date(2026, 1, 1))
    with pytest.raises(NobodyFound):
        find(home, besson.nan)


@pytest.mark.seed("S1-48")
def test_an_organisation_is_found_by_nan_and_name_without_a_birth_date():
    home, named = home_with(), organisation_with(last_name="Association Aide à Domicile 31")
    assert find(home, named.nan, kind="organisation", birth_date=None, name="ASSOCIATION AIDE A DOMICILE") == named
    with pytest.raises(NobodyFound):
        find(home, named.nan, kind="organisation", birth_date=None, name="Autre")
    with pytest.raises(NobodyFound):
        find(home, named.nan, kind="person", birth_date=None)


@pytest.mark.parametrize(
    ("known", "typed", "same"),
    [
        ("Aide 31", "aide 31", True),
        ("Aide 31", "Aide", True),
        ("L’Éclaircie", "l'eclaircie", True),
        ("ADMR", "ADMR", True),
        ("Bonnes Œuvres", "bonnes oeuvres", True),
        ("Aide-Soins 31", "AIDESOINS", True),
        ("L’Éclaircie", "leclaircie", True),
        ("", "", False),
        ("Aide 31", "", False),
        ("Aide 31", "a", False),
        ("Aide 31", "31", False),
        ("Aide 31", "Aide 31 Toulouse", False),
    ],
)
def test_the_first_words_of_a_name_are_enough(known, typed, same):
    assert begins_name(known, typed) is same


def test_ten_failures_within_an_hour_stop_the_search_and_finds_do_not_count(time_machine):
    home, besson = home_with(), caregiver_with()
    for _ in range(10):
        find(home, besson.nan)
        with pytest.raises(NobodyFound):
            find(home, besson.nan, birth_date=None)
    with pytest.raises(TooManySearches):
        find(home, besson.nan)
    time_machine.move_to(timezone.now() + timedelta(minutes=61))
    assert find(home, besson.nan) == besson


def test_who_only_looks_searches_nobody():
    home, besson = home_with(), caregiver_with()
    home.user = aid_user(home.holder, role="3", may_pay=False)
    with pytest.raises(LookOnly):
        find(home, besson.nan)


def test_a_caregiver_leaves_the_list_and_comes_back_when_found_again():
    home = home_with(60)
    hide_caregiver(user=home.user, holder=home.holder, caregiver=home.caregiver)
    assert list(favourites(home.holder)) == []
    assert find(home, home.caregiver.nan) == home.caregiver
    assert [known.caregiver for known in favourites(home.holder)] == [home.caregiver]


def test_the_list_says_when_each_was_last_paid():
    home = home_with(60)
    pay_for(home, [use(home.rights[0], 60)])
    assert last_paid(home.holder) == {home.caregiver.pk: timezone.localdate()}
