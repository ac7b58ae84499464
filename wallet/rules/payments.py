"""What the counter and the card may take in, as pure functions."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from common.values.money import euros

MAX_CENTS = 500_000  # 5 000 € at once: above, a slip of the keyboard is likelier than a payment
MIN_CARD_CENTS = 50  # Stripe's own minimum in euros
MAX_AGE = timedelta(days=366)


def against_counter_payment(*, means: str, cents: int, number: str, received_on: date, today: date) -> list[str]:
    """Every reason, in French, not to record money received at the counter; ``cents`` in euro cents."""
    reasons = []
    if cents <= 0:
        reasons.append("Le montant doit être supérieur à zéro.")
    if cents > MAX_CENTS:
        reasons.append("Le montant dépasse 5\u202f000\u00a0€ : vérifiez-le, ou enregistrez plusieurs règlements.")
    if received_on > today:
        reasons.append("La date de réception est dans le futur.")
    if received_on < today - MAX_AGE:
        reasons.append("La date de réception remonte à plus d’un an.")
    if means == "CH" and not number.strip():
        reasons.append("Indiquez le numéro du chèque.")
    return reasons


def against_top_up(cents: Sequence[int], largest: int) -> list[str]:
    """Every reason, in French, not to ask the card for these amounts, one a wallet; all in euro cents.

    ``largest`` is asked of each. What is owed may be less than the smallest top-up of the authority's settings, which
    the form of « Recharger mon crédit » asks for; the card itself takes 0,50 € or more.
    """
    reasons = []
    if not cents or any(each < 0 for each in cents):
        reasons.append("Indiquez un montant à créditer supérieur à zéro.")
    elif sum(cents) < MIN_CARD_CENTS:
        reasons.append(f"Une carte ne peut pas payer moins de {euros(MIN_CARD_CENTS)}.")
    if any(each > largest for each in cents):
        reasons.append(f"Le montant maximum est de {euros(largest)}.")
    return reasons


def spread(cents: int, left: Mapping[int, int]) -> dict[int, int]:
    """Share an amount over what is left of each account, in their order; what goes beyond falls on the last one."""
    parts = {}
    for pk, available in left.items():
        parts[pk] = min(cents, available)
        cents -= parts[pk]
    if cents:
        parts[pk] += cents
    return {pk: part for pk, part in parts.items() if part}


def is_suspended(owed: int, limit: int | None, never_blocked: bool) -> bool:
    """Whether a wallet that owes so many cents books nothing new: its purse has a limit, and nobody exempted it."""
    return limit is not None and owed > limit and not never_blocked
