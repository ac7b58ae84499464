"""What the counter may take in, as pure functions."""

from datetime import date, timedelta

MAX_CENTS = 500_000  # 5 000 € at once: above, a slip of the keyboard is likelier than a payment
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
