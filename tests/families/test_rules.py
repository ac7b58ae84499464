"""What the rules of a household say, without a database."""

from datetime import date

import pytest

from families.models import Level
from families.rules import WrongPerson, check_person, clean_name, default_kinship, identity, next_class

TODAY = date(2026, 11, 3)
BORN = date(2018, 5, 10)


def test_a_person_with_plausible_details_is_accepted():
    check_person("Louane", "Dupont", BORN, TODAY)


def test_a_person_may_be_born_today_but_not_tomorrow():
    check_person("Louane", "Dupont", TODAY, TODAY)
    with pytest.raises(WrongPerson) as refusal:
        check_person("Louane", "Dupont", date(2026, 11, 4), TODAY)
    assert refusal.value.sentences == ["La date de naissance ne peut pas être dans le futur."]


def test_all_reasons_are_told_at_once():
    with pytest.raises(WrongPerson) as refusal:
        check_person("", "D" * 81, date(1899, 12, 31), TODAY)
    assert refusal.value.sentences == [
        "Le nom compte au plus 80 caractères.",
        "Le prénom est obligatoire.",
        "La date de naissance n’est pas plausible.",
    ]


def test_spaces_around_and_doubled_are_not_part_of_a_name():
    assert clean_name("  de  La   Tour ") == "de La Tour"


@pytest.mark.parametrize(
    ("first", "last"), [("Théo", "Dupont"), ("THEO", "dupont"), ("théo", "DU PONT"), ("Thé-o", "Dupont")]
)
def test_case_accents_and_hyphens_do_not_make_another_person(first, last):
    assert identity(first, last, BORN) == identity("Théo", "Dupont", BORN)


def test_another_birth_date_makes_another_person():
    assert identity("Théo", "Dupont", BORN) != identity("Théo", "Dupont", date(2018, 5, 11))


def test_the_type_of_filiation_is_father_unless_the_person_said_mme():
    assert [default_kinship(gender) for gender in ("", "M", "Mme")] == ["father", "father", "mother"]


def test_each_level_is_followed_by_the_next_and_cm2_by_none():
    assert [level.following for level in Level] == ["PS", "MS", "GS", "CP", "CE1", "CE2", "CM1", "CM2", None]


def test_the_only_class_of_the_next_level_is_the_next_class():
    assert next_class("CP bleu", "CP", "CE1", [("CE1", "CE1"), ("CE2", "CE2")]) == "CE1"


def test_the_namesake_is_the_next_class_among_several():
    assert next_class("CP B", "CP", "CE1", [("CE1 A", "CE1"), ("CE1 B", "CE1")]) == "CE1 B"


def test_several_classes_without_namesake_are_not_clear():
    assert next_class("CP", "CP", "CE1", [("CE1 A", "CE1"), ("CE1 B", "CE1")]) is None


def test_no_class_of_the_next_level_is_not_clear():
    assert next_class("GS", "GS", "CP", [("MS", "MS"), ("GS", "GS")]) is None
