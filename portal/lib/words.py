"""Words as they are compared."""

import unicodedata


def unaccented(text: str) -> str:
    """Return a text without case, accents or ligatures of letters that have a plain form: « Élodie » as « elodie »."""
    letters = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in letters if not unicodedata.combining(letter))
