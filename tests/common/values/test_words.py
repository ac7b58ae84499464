"""Names are the same however they were typed."""

import pytest

from common.values.words import name_key, same_name, unaccented


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("LEFEVRE HELENE", "Lefèvre Hélène"),
        ("Leboeuf", "Lebœuf"),
        ("LEBŒUF", "lebœuf"),
        ("Jean-Pierre", "JEAN PIERRE"),
        ("D’Aubigné", "d'aubigne"),
        ("Lætitia", "Laetitia"),
        ("Weiß", "WEISS"),
        ("Løkke", "LOKKE"),
        ("Franc\u0327ois", "François"),
    ],
)
def test_one_person_has_one_name(one, other):
    assert same_name(one, other)


@pytest.mark.parametrize(("one", "other"), [("Martin", "Martine"), ("Иванов", "Петров"), ("Martin", "")])
def test_two_names_stay_two(one, other):
    assert not same_name(one, other)


def test_a_key_joins_what_is_given():
    assert name_key("Lefèvre", "Hélène") == name_key("LEFEVRE HELENE") == "lefevrehelene"
    assert unaccented("Élodie Lebœuf") == "elodie leboeuf"
