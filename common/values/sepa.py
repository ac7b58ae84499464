"""What identifies creditors and accounts in SEPA."""

import re

from schwifty import IBAN

# The first two letters of the IBANs that SEPA transfers and debits reach. Source: European Payments Council,
# « EPC list of SEPA scheme countries » (EPC409-09): 41 countries since Serbia was let in (22 May 2025; its banks since
# May 2026), after Albania and Montenegro (21 November 2024), Moldova and North Macedonia (6 March 2025). Gibraltar has
# letters of its own, Guernsey, Jersey and the Isle of Man have GB, overseas France FR, Åland FI.
SEPA_LETTERS = frozenset(
    [
        "AD",
        "AL",
        "AT",
        "BE",
        "BG",
        "CH",
        "CY",
        "CZ",
        "DE",
        "DK",
        "EE",
        "ES",
        "FI",
        "FR",
        "GB",
        "GI",
        "GR",
        "HR",
        "HU",
        "IE",
        "IS",
        "IT",
        "LI",
        "LT",
        "LU",
        "LV",
        "MC",
        "MD",
        "ME",
        "MK",
        "MT",
        "NL",
        "NO",
        "PL",
        "PT",
        "RO",
        "RS",
        "SE",
        "SI",
        "SK",
        "SM",
        "VA",
    ]
)
SEPA_LIST_READ_ON = "2026-12-01"
IN_ZONE = rf"^({'|'.join(sorted(SEPA_LETTERS))})"  # a regular expression, of Python and of PostgreSQL
FRENCH = ("FR", "MC")  # a RIB stands in their IBAN
SHAPE = re.compile(r"[A-Z]{2}\d{2}[A-Z0-9]{3}[A-Z0-9]{1,28}")


def compact(text: str) -> str:
    """An identifier without its spaces, in capitals."""
    return re.sub(r"\s", "", text).upper()


def account_fault(text: str) -> str:
    """Why money can neither be sent to nor collected from this IBAN, in French; "" when it can: the rule of all doors."""
    read = IBAN(text, allow_invalid=True)
    if not read.is_valid:
        return "Cet IBAN n’est pas valable : recopiez-le depuis le relevé d’identité bancaire."
    if read.country_code in SEPA_LETTERS:
        return ""
    return (
        f"Ce compte ({read.country_code}) est hors de la zone SEPA : aucun virement ni prélèvement en euros n’y arrive. "
        "Donnez l’IBAN d’un compte de la zone SEPA."
    )


def key_warning(text: str) -> str:
    """What to look at again in a French IBAN whose RIB key is wrong, its own check digits right; "" when nothing.

    Banks still open accounts on it, so it is not refused. Source: CFONB, « clé RIB », modulo 97.
    """
    iban = compact(text)
    if iban[:2] not in FRENCH or len(iban) != 27 or _rib_remainder(iban[4:]) == 0:
        return ""
    return (
        f"La clé RIB de l’IBAN {masked(iban)} ne correspond pas au compte : comparez-le au relevé d’identité bancaire."
    )


def _rib_remainder(rib: str) -> int:
    """0 when the key fits: letters count 1 to 9, then 1 to 9 again, then 2 to 9."""
    figures = "".join(letter if letter.isdigit() else str(_letter_value(letter)) for letter in rib)
    return (89 * int(figures[:5]) + 15 * int(figures[5:10]) + 3 * int(figures[10:21]) + int(figures[21:])) % 97


def _letter_value(letter: str) -> int:
    rank = ord(letter) - ord("A")
    return rank % 9 + 1 if rank < 18 else rank - 16


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
