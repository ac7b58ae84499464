"""What the cells of a spreadsheet say: numbers, amounts, days, dates of birth."""

import re
from collections import defaultdict
from collections.abc import Collection, Iterator
from datetime import date

from common.values.dates import MONTHS, date_numeric
from common.values.money import parse_euros
from common.values.words import unaccented

OLDEST = 115  # years: nobody alive is much older
WRITE_IN_FULL = "écrivez-la en entier, comme 31/12/1938."
KEEP_YEARS = "écrivez-la en entier, comme 31/12/1938, ou enregistrez le fichier en XLSX ou en ODS."
DAY_FIRST = re.compile(r"([0-9]{1,2})([/.-])([0-9]{1,2})\2([0-9]{4}|[0-9]{2})", re.ASCII)
YEAR_FIRST = re.compile(r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})", re.ASCII)
# What a spreadsheet shows of a number that is too long for its column: the last digits are lost.
ROUNDED = re.compile(r"[0-9]+([.,][0-9]+)?E\+[0-9]+", re.ASCII)


class WrongCell(ValueError):
    """A cell cannot be understood; its text is the sentence that says why."""


def bare(text: str) -> str:
    """Return a heading or a word as it is compared: no case, accents or punctuation, single spaces."""
    return " ".join(re.sub(r"[^a-z0-9]+", " ", unaccented(text)).split())


def whole(text: str) -> int | None:
    """Return the whole number that a cell says (« 12 », « 1 200 », « 50 % »), or None."""
    plain = re.sub(r"[\s%]", "", text)
    plain = re.sub(r"[.,]0+$", "", plain)
    return int(plain) if re.fullmatch(r"-?[0-9]{1,9}", plain, re.ASCII) else None


def cents(text: str) -> int | None:
    """Return the amount that a cell says in euros (« 15 », « 15,50 € », « 1 200.00 »), in cents; None for anything else."""
    try:
        return parse_euros(text)
    except ValueError:
        return None


def lost_zeros(known: Collection[str]) -> dict[str, str]:
    """Identifiers as a spreadsheet shortens them (« 123 ») to those that are known (« 00123 »), where one only is meant."""
    found = defaultdict(list)
    for number in known:
        if number.isdecimal() and number.startswith("0"):
            found[number.lstrip("0")].append(number)
    return {short: full[0] for short, full in found.items() if len(full) == 1 and short not in known}


# --- Days ---------------------------------------------------------------------------------------------------------------
def day(text: str) -> date | None:
    """Return the day that a cell says (« 31/12/2026 », « 31/12/26 »: of our century), or None. Not for a birth: ``birth``."""
    return next(_days(text, (2000,)), None)


def birth(text: str, today: date, *, youngest: int = 0, oldest: int = OLDEST, whose: str = "Une personne") -> date:
    """Return the date of birth that a cell says, of somebody who is from ``youngest`` to ``oldest`` years old today.

    LibreOffice and Excel write « 14/05/38 » for 1938: two digits are taken for the one year that can be meant, and never
    guessed. Raise WrongCell with the reason.
    """
    found = list(_days(text, (1900, 2000)))
    if not found:
        said = f"« {text} » n’est pas une date de naissance" if text else "La date de naissance manque"
        raise WrongCell(f"{said}\u00a0: {WRITE_IN_FULL}")
    possible = [day for day in found if not _against_birth(day, today, youngest, oldest, whose)]
    if len(possible) == 1:
        return possible[0]
    if len(found) == 1:
        raise WrongCell(_against_birth(found[0], today, youngest, oldest, whose))
    either = " ou ".join(str(day.year) for day in possible or found)
    said = f"peut être {either}" if possible else f"ne peut être {either.replace(' ou ', ' ni ')}"
    raise WrongCell(f"L’année de « {text} » {said}\u00a0: {KEEP_YEARS}")


def _against_birth(born: date, today: date, youngest: int, oldest: int, whose: str) -> str:
    """The sentence against a date of birth, empty when it is possible."""
    age = today.year - born.year - ((today.month, today.day) < (born.month, born.day))
    if born > today:
        return f"La date de naissance {date_numeric(born)} est dans le futur."
    if age > oldest:
        return f"La date de naissance {date_numeric(born)} n’est pas plausible\u00a0: {age} ans."
    if age < youngest:
        return f"{whose} de {age} an{'s' if age > 1 else ''} n’est pas possible\u00a0: vérifiez l’année ({date_numeric(born)})."
    return ""


def _days(text: str, centuries: tuple[int, ...]) -> Iterator[date]:
    """The days that a text may say: one for a year of four digits, one a century for two."""
    if found := YEAR_FIRST.fullmatch(text):
        years, month, number = [int(found[1])], int(found[2]), int(found[3])
    elif found := DAY_FIRST.fullmatch(text):
        number, month, year = int(found[1]), int(found[3]), int(found[4])
        years = [year] if len(found[4]) == 4 else [century + year for century in centuries]
    else:
        return
    for year in years:
        try:
            yield date(year, month, number)
        except ValueError:
            continue


def month(text: str) -> date | None:
    """The month that a cell says, as its first day: « 11/2026 », « 2026-11 », « novembre 2026 », « nov.-26 », « 01/11/26 »."""
    if found := re.fullmatch(r"([0-9]{1,2})[/.-]([0-9]{4})|([0-9]{4})[/.-]([0-9]{1,2})", text, re.ASCII):
        number, year = (found[1], found[2]) if found[1] else (found[4], found[3])
    elif found := re.fullmatch(r"([a-z]+) ([0-9]{4}|[0-9]{2})", bare(text)):
        number, year = _month_named(found[1]), found[2]
    else:
        full = day(text)
        return full.replace(day=1) if full else None
    year = int(year) + (2000 if len(year) == 2 else 0)
    return date(year, int(number), 1) if 1 <= int(number) <= 12 and 2000 <= year <= 2100 else None


def _month_named(word: str) -> int:
    """1 for « janvier », « janv », « jan »; 0 for what names no month, or several."""
    named = [rank for rank, name in enumerate(MONTHS, start=1) if bare(name).startswith(word)]
    return named[0] if len(named) == 1 and len(word) >= 3 else 0
