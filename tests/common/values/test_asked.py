"""What is typed into the search box is a name, a telephone, an address or a number, however it is typed."""

import pytest

from common.values.asked import LONGEST, NothingAsked, TooMuchAsked, exactly, nearly, read


@pytest.mark.parametrize(
    "typed",
    [
        "06 12 34 56 78",
        "0612345678",
        "+33612345678",
        "+33 (0)6.12.34.56.78",
        "0033612345678",
        "612345678",
        "33612345678",
    ],
)
def test_a_telephone_is_one_however_it_is_typed(typed):
    assert read(typed).phone == "612345678"
    assert read(typed).words == []


@pytest.mark.parametrize(
    ("typed", "phone"),
    [
        ("06 12", "612"),
        ("0612", "612"),
        ("+41 22 345 67 89", "41223456789"),
        ("0041223456789", "41223456789"),
        ("0000", ""),
        ("123", ""),
    ],
)
def test_the_beginning_of_a_telephone_and_a_foreign_one(typed, phone):
    assert read(typed).phone == phone


def test_words_are_compared_without_accents_case_hyphens_and_ligatures():
    assert read("  Jean-Paul LEBŒUF ").words == ["jeanpaul", "leboeuf"]
    assert read("D’Aubigné d aubigne").words == ["daubigne", "aubigne"]
    assert read("%' dupont --").words == ["dupont"]


def test_a_reference_is_no_name():
    asked = read("d1042 Dupont")
    assert (asked.families, asked.words) == ([42], ["dupont"])


def test_an_address_is_no_name():
    asked = read("Claire.Dupont@Example")
    assert (asked.email, asked.words) == ("claire.dupont@example", [])


@pytest.mark.parametrize("typed", ["7", "n° 7", "Commande 7", "#7", "commande n°7"])
def test_the_number_of_an_order(typed):
    assert read(typed).number == 7


@pytest.mark.parametrize("typed", ["", "   ", "a", "é", "%", "'", "--", "²"])
def test_too_little_is_told(typed):
    with pytest.raises(NothingAsked):
        read(typed)


@pytest.mark.parametrize("typed", ["a" * (LONGEST + 1), "un deux trois quatre cinq six sept", "1" * 300])
def test_too_much_is_told(typed):
    with pytest.raises(TooMuchAsked):
        read(typed)


def test_a_near_word_is_asked_by_what_is_left_of_it():
    assert exactly("du") == "'du'"
    assert exactly("dup") == "'dup':*"
    assert nearly("dup") == exactly("dup")
    assert nearly("dupo") == "'dupo':* | '~dpo' | '~duo' | '~dup' | '~dupo' | '~upo'"
