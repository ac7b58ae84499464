"""The password rule (S2-10…13; CNIL 2022-100)."""

import os
import subprocess
import sys
from datetime import date
from time import process_time

import pytest
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from accounts.models import Commune, User
from accounts.signing_in.passwords import GUESSABLE, RULE, is_guessable, is_strong
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
    assert "password_too_similar" in [error.code for error in refusal.value.error_list]


GUESSED = {
    "a known word, a sequence": "Password1234!",
    "French words": "motdepasse123!",
    "one letter": "aaaaaaaaaaa1!",
    "keys side by side": "Azertyuiop123!",
    "one word seven times": "soleil soleil soleil soleil soleil soleil soleil",
    "one word in seven ways": "Soleil, soleil SOLEIL soleil ! soleil - soléil. Soleil",
    "one's own name": "Claire-Dupont-26!",
    "one's own name and birth": "ClaireDupont12031985!",
    "one's own name, disguised": "C1aire_Dup0nt_1985",
    "one's own town": "Saint-Marcel-01390",
    "a name of seven words": "Claire Dupont claire dupont Claire Dupont Claire",
}
UNGUESSED = ["Cantine-Facile-2026", "cantine-2026-soleil", "le chat de Claire mange dans la cuisine du voisin"]


def claire():
    return User(
        email="claire.dupont-1985@example.org",
        first_name="Claire",
        last_name="Dupont",
        birth_date=date(1985, 3, 12),
        commune=Commune(name="Saint-Marcel", insee_code="01371"),
        postcode="01390",
    )


@pytest.mark.parametrize("password", GUESSED.values(), ids=GUESSED.keys())
def test_a_password_that_follows_the_rule_and_is_guessed_is_refused_with_what_to_do(password):
    assert is_strong(password)
    with pytest.raises(ValidationError) as refusal:
        validate_password(password, claire())
    assert GUESSABLE in refusal.value.messages


@pytest.mark.parametrize("password", UNGUESSED)
def test_a_password_that_nobody_guesses_is_taken(password):
    validate_password(password, claire())
    validate_password(password)


@pytest.mark.parametrize("password", ["Abc-1 " * 2000, "é" * 500 + "-k1q", "\x00-1aaaaaaaaaaaaaa", "😀" * 100 + "a1-"])
def test_whatever_is_typed_is_judged_and_quickly(password):
    started = process_time()
    is_guessable(password, claire())
    assert process_time() - started < 2


def test_the_estimator_keeps_nobodys_details_for_the_next_person():
    assert is_guessable("Zebulon-Tagada-77", User(first_name="Zébulon", last_name="Tagada"))
    assert not is_guessable("Zebulon-Tagada-77", claire())


def test_the_word_lists_are_read_with_the_first_password_not_at_the_start():
    code = "import django, sys; django.setup(); import portal.urls; sys.exit('zxcvbn' in sys.modules)"
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "portal.settings"}
    assert subprocess.run([sys.executable, "-c", code], env=environment, check=False).returncode == 0


def test_passwords_are_kept_with_argon2():
    assert portal_settings.PASSWORD_HASHERS[0] == "django.contrib.auth.hashers.Argon2PasswordHasher"
