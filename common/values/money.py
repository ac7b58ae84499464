"""Euros as people write them; everywhere else money is a whole number of cents."""

import re

NBSP, THIN_NBSP, MINUS = "\u00a0", "\u202f", "\u2212"
AMOUNT = re.compile(r"([+-]?)([0-9]{1,9})(?:[.,]([0-9]{1,2}))?", re.ASCII)


def euros(cents: int) -> str:
    """Return ``cents`` as « 15,20 € » (S4-120), below zero « −46,05 € », the spaces never breaking."""
    whole, rest = divmod(abs(cents), 100)
    thousands = f"{whole:,}".replace(",", THIN_NBSP)
    return f"{MINUS if cents < 0 else ''}{thousands},{rest:02}{NBSP}€"


def bare_euros(cents: int) -> str:
    """Return ``cents`` as « 15,20 », for a field or for a column whose title says « € »."""
    return euros(cents).removesuffix(f"{NBSP}€")


def parse_euros(text: str) -> int:
    """Return the cents of « 15,20 », « 15.2 € » or « −1 234,56 € »; raise ValueError for anything else."""
    amount = AMOUNT.fullmatch(re.sub(r"\s", "", text).replace(MINUS, "-").removesuffix("€"))
    if not amount:
        raise ValueError("Écrivez un montant en euros, comme 15,20.")
    sign, whole, rest = amount.groups()
    cents = int(whole) * 100 + int((rest or "").ljust(2, "0"))
    return -cents if sign == "-" else cents
