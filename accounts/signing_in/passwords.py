"""The password rule (S2-10…13; CNIL 2022-100): 13 characters with letters, digits and symbols, or 7 words.

On top of it an estimator (zxcvbn) refuses what follows the rule and is guessed all the same: « Password1234! », one
word seven times, the person's own name. It knows the words of ``french_words.txt`` and what the person's account says.
"""

import re
from functools import cache
from pathlib import Path
from threading import Lock

from django.core.exceptions import ValidationError

from common.values.words import unaccented

RULE = (
    "Le mot de passe doit être de 13 caractères avec des lettres, des chiffres et des symboles, "
    "ou une phrase d’au moins 7 mots."
)
GUESSABLE = (
    "Ce mot de passe se devine trop facilement. Évitez votre nom, votre adresse, vos dates, votre commune, ainsi que "
    "les suites et les mots très courants : choisissez plutôt plusieurs mots sans lien entre eux, un nombre et un symbole."
)
GUESSES = 10**10  # zxcvbn's best score: safe even where somebody stole the hashes
READ = 72  # characters that the estimator reads: more makes no weak password strong
MARKS = ".,;:!?-_'’"  # around a word that is the same without
ALIKE = {"a": "4@", "b": "8", "e": "3", "g": "9", "i": "1!", "l": "1", "o": "0", "s": "5$", "t": "7+"}
SHORTEST = 3  # letters of a detail that counts
DATES = ("%d%m%Y", "%d%m%y", "%Y%m%d", "%d%m", "%Y")  # as a birth date is typed


def is_strong(password: str) -> bool:
    """Return whether a password follows the rule."""
    if len([word for word in password.split() if len(word) >= 2]) >= 7:
        return True
    has = [re.search(pattern, password) for pattern in (r"[^\W\d_]", r"\d", r"[^\w\s]|_")]
    return len(password) >= 13 and all(has)


def is_guessable(password: str, user=None) -> bool:
    """Return whether few guesses find a password: once said what is repeated, and nothing of the person's own details."""
    details = details_of(user) if user else []
    bare = " ".join({word.strip(MARKS): word for word in unaccented(password).split()}.values())
    for detail in details:
        bare = re.sub("".join(map(_alike, detail)), "", bare)
    return guesses(bare[:READ], details) < GUESSES


def _alike(letter: str) -> str:
    """The pattern of a letter and of the signs that people put in its place."""
    return f"[{re.escape(letter + ALIKE.get(letter, ''))}]"


def details_of(user) -> list[str]:
    """What others know of a person, as it may stand in a password: the longest first."""
    place = [user.commune.name, user.commune.insee_code] if user.commune else []
    texts = [user.first_name, user.last_name, user.email, user.identifier, user.phone, user.city, user.postcode, *place]
    said = [unaccented(text) for text in texts if text]
    parts = [part for text in said for part in [text.partition("@")[0], *re.split(r"[^a-z0-9]+", text)]]
    born = [user.birth_date.strftime(form) for form in DATES] if user.birth_date else []
    return sorted({part for part in parts + born if len(part) >= SHORTEST}, key=len, reverse=True)


_ONE_AT_A_TIME = Lock()  # the estimator keeps the details of who is asked about in a global


def guesses(bare: str, details: list[str]) -> float:
    """How many guesses find a text of at most READ characters."""
    with _ONE_AT_A_TIME:
        return float(_estimator()(bare, details)["guesses"]) if bare else 0.0


@cache
def _estimator():
    """Half a second of word lists: read when the first password is chosen, not at the start."""
    from zxcvbn import matching, zxcvbn

    words = (Path(__file__).parent / "french_words.txt").read_text().split()
    matching.add_frequency_lists({"french": list(dict.fromkeys(words))})
    return zxcvbn


class StrongPasswordValidator:
    """Django's entrance to the rule."""

    def validate(self, password, user=None):
        if not is_strong(password):
            raise ValidationError(RULE, code="password_weak")

    def get_help_text(self):
        return RULE


class UnguessableValidator:
    """Django's entrance to the estimator."""

    def validate(self, password, user=None):
        if is_strong(password) and is_guessable(password, user):  # one sentence at a time
            raise ValidationError(GUESSABLE, code="password_guessable")

    def get_help_text(self):
        return ""
