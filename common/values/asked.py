"""What somebody types to find a family, read once: words of names, a telephone, an address, a number.

Names are compared as ``lib_search_words`` keeps them (migration 0009 of this app): the same letters as ``name_key``.
"""

import re
from dataclasses import dataclass

from common.addresses import read_id
from common.refusals import Refusal
from common.values.words import name_key

LONGEST = 100  # characters
FEWEST_DIGITS = 4
MOST_WORDS = 6
NUMBER = re.compile(r"[\d\s.()/+\u00a0\u202f\u2010-\u2015-]+", re.ASCII)
FAMILY = re.compile(r"[Dd]([0-9]{1,11})", re.ASCII)
FIRST_REFERENCE = 1000  # Family.reference


class NothingAsked(Refusal):
    """Too little to look for."""

    sentence = "Tapez au moins deux lettres d’un nom, ou un numéro."


class TooMuchAsked(Refusal):
    """More than a name, an address or a number."""

    sentence = "C’est trop long : tapez un nom, un téléphone, une adresse e-mail ou un numéro, de cent signes au plus."


@dataclass(frozen=True)
class Asked:
    """``text`` as it was typed, between single spaces."""

    text: str

    @property
    def words(self) -> list[str]:
        """The words of names, as they are compared: « D’Aubigné » is one; a lone letter beside others is left out."""
        words = [] if self.is_contact else self.text.split()
        keys = [key for word in words if not FAMILY.fullmatch(word) and (key := name_key(word))]
        return [key for key in keys if len(key) > 1] or keys

    @property
    def families(self) -> list[int]:
        """The families whose reference was typed: D1042 is the 42nd."""
        return [int(found[1]) - FIRST_REFERENCE for word in self.text.split() if (found := FAMILY.fullmatch(word))]

    @property
    def email(self) -> str:
        """The beginning of an address, or nothing."""
        return self.text.lower() if "@" in self.text and " " not in self.text else ""

    @property
    def digits(self) -> str:
        """The digits of what is no word at all, or nothing."""
        return re.sub(r"[^0-9]", "", self.text) if NUMBER.fullmatch(self.text) else ""

    @property
    def is_contact(self) -> bool:
        """Whether an address or nothing but a number was typed, no name."""
        return bool(self.email or self.digits)

    @property
    def phone(self) -> str:
        """The beginning of a telephone as it is compared, of four digits: +33, 0033 and 0 are alike."""
        if len(self.digits) < FEWEST_DIGITS:
            return ""
        rest = self.digits.lstrip("0")
        return re.sub(r"^330?(?=[1-9])", "", rest) if self.text.startswith(("+33", "0033")) or len(rest) > 10 else rest

    @property
    def number(self) -> int | None:
        """The number of an order, when nothing but a number was typed: « 1204 », « n° 1204 », « commande 1204 »."""
        return read_id(re.sub(r"^(commande\s*)?(n[°o]\.?\s*|#)?", "", self.text.lower()))


def read(typed: str) -> Asked:
    """Read what was typed. Raise NothingAsked, TooMuchAsked."""
    text = " ".join(typed.split())
    asked = Asked(text)
    if len(text) > LONGEST or len(asked.words) > MOST_WORDS:
        raise TooMuchAsked
    if asked.number is None and len(name_key(text)) < 2:
        raise NothingAsked
    return asked


def exactly(word: str) -> str:
    """The text query for a word, or its beginning once there are three letters."""
    return f"'{word}'" if len(word) < 3 else f"'{word}':*"


def nearly(word: str) -> str:
    """The text query for a word, or one that differs by a wrong, missing, added or exchanged letter."""
    if len(word) < 4:
        return exactly(word)
    near = {word, *(word[:place] + word[place + 1 :] for place in range(len(word)))}
    return " | ".join([exactly(word), *(f"'~{each}'" for each in sorted(near))])
