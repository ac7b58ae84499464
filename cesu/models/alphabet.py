"""Names in alphabetical order whatever the database's collation: « Élie » between « Eliane » and « Emma »."""

import unicodedata

from django.db.models import F, Func, Value
from django.db.models.functions import Lower, Replace

LETTERS = "àâäáãåçèéêëìíîïñòóôöõùúûüýÿ"
BARE = "".join(unicodedata.normalize("NFD", letter)[0] for letter in LETTERS)
LIGATURES = {"œ": "oe", "æ": "ae", "-": " ", "’": "'"}


def bare(name: str) -> str:
    """« Élodie » as « elodie », as ``bare_sql`` does it."""
    text = unicodedata.normalize("NFC", name).lower().translate(str.maketrans(LETTERS, BARE))
    for written, plain in LIGATURES.items():
        text = text.replace(written, plain)
    return text


def bare_sql(column: str):
    """A column without case, accents, ligatures and hyphens."""
    found = Func(Lower(F(column)), Value(LETTERS), Value(BARE), function="translate")
    for written, plain in LIGATURES.items():
        found = Replace(found, Value(written), Value(plain))
    return found


def alphabetical(prefix: str = "") -> list:
    """What sorts holders by last and first name; ``prefix`` leads to them, such as ``beneficiary__holder__``."""
    return [bare_sql(f"{prefix}last_name"), bare_sql(f"{prefix}first_name")]
