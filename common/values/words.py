"""Words and names as they are compared."""

import unicodedata

# Letters that Unicode does not take apart, though French keyboards, registers and people do.
PLAIN = str.maketrans({"œ": "oe", "æ": "ae", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i"})


def unaccented(text: str) -> str:
    """Return a text without case, accents or ligatures of letters that have a plain form: « Élodie Lebœuf » as « elodie leboeuf »."""
    letters = unicodedata.normalize("NFKD", text.casefold().translate(PLAIN))
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


def name_key(*names: str) -> str:
    """Return names as they are compared everywhere: no case, accents, ligatures, hyphens, apostrophes or spaces.

    « LEFEVRE HELENE » and « Lefèvre », « Hélène » have the same key; so have « D’Aubigné » and « d aubigne ».
    """
    return "".join(sign for name in names for sign in unaccented(name) if sign.isalnum())


def same_name(one: str, other: str) -> bool:
    """Whether two names are those of one person, however each was typed."""
    return name_key(one) == name_key(other)
