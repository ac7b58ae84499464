"""The password rule (S2-10…13; CNIL 2022-100)."""

import pytest
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from accounts.models import User
from accounts.passwords import RULE, is_strong
from portal import settings as portal_settings

STRONG = ["cantine-2026-soleil", "Abcdefghijk1!", "é1_aaaaaaaaaa", "le chat mange dans la cuisine du voisin"]
WEAK = {
    "twelve characters": "Abcdefghij1!",
    "no letter": "1234567890-12",
    "no digit": "abcdefghijkl-",
    "no symbol": "abcdefghijkl1",
    "the five characters of the guide": "abc1!",
    "six words": "le chat mange dans la cuisine",
    "words of one letter": "a b c d e f g h i j",
    "empty": "",
}


@pytest.mark.seed("S2-10", "S2-11", "S2-12", "S2-13")
@pytest.mark.parametrize("password", STRONG)
def test_a_password_that_follows_the_rule_is_taken(password):
    assert is_strong(password)


@pytest.mark.seed("S2-10", "S2-11", "S2-12", "S2-13")
@pytest.mark.parametrize("password", WEAK.values(), ids=WEAK.keys())
def test_a_password_that_breaks_the_rule_is_not_taken(password):
    assert not is_strong(password)


def test_the_refusal_of_a_weak_password_tells_the_rule():
    with pytest.raises(ValidationError) as refusal:
        validate_password("abc1!")
    assert RULE in refusal.value.messages


def test_a_password_known_to_everyone_is_refused_although_it_follows_the_rule():
    known = "john!20130605at1753"
    assert is_strong(known)
    with pytest.raises(ValidationError) as refusal:
        validate_password(known)
    assert [error.code for error in refusal.value.error_list] == ["password_too_common"]


def test_a_password_made_of_the_persons_own_address_is_refused():
    user = User(email="claire.dupont-1985@example.org", first_name="Claire", last_name="Dupont")
    with pytest.raises(ValidationError) as refusal:
        validate_password("claire.dupont-1985", user)
    assert [error.code for error in refusal.value.error_list] == ["password_too_similar"]


def test_passwords_are_kept_with_argon2():
    assert portal_settings.PASSWORD_HASHERS[0] == "django.contrib.auth.hashers.Argon2PasswordHasher"
