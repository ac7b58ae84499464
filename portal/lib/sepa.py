"""What identifies creditors and accounts in SEPA."""

import re

SHAPE = re.compile(r"[A-Z]{2}\d{2}[A-Z0-9]{3}[A-Z0-9]{1,28}")


def compact(text: str) -> str:
    """An identifier without its spaces, in capitals."""
    return re.sub(r"\s", "", text).upper()


def is_creditor_id(text: str) -> bool:
    """Whether this is an ICS, such as FR72ZZZ123456: its two digits prove the rest (ISO 7064 mod 97-10).

    The business code (positions 5 to 7) is not covered. Source: EPC262-08, Banque de France.
    """
    text = compact(text)
    if not SHAPE.fullmatch(text):
        return False
    return int("".join(str(int(letter, 36)) for letter in text[7:] + text[:4])) % 97 == 1


def in_fours(iban: str) -> str:
    """An IBAN as people read it: « FR14 2004 1010 … »."""
    return " ".join(iban[start : start + 4] for start in range(0, len(iban), 4))


def masked(iban: str) -> str:
    """What of an IBAN may be shown: « FR14 •••• 3606 »."""
    return f"{iban[:4]} •••• {iban[-4:]}"
