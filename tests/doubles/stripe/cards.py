"""The card numbers of Stripe's test mode, and what happens to each."""

from dataclasses import dataclass

REFUSED = "Votre carte a été refusée. Essayez avec une autre carte."


@dataclass(frozen=True, slots=True)
class Card:
    """``code``: why a payment is refused, empty when it is accepted. ``refund``: how a refund ends, after a while."""

    number: str
    about: str
    code: str = ""
    reason: str = ""  # the decline_code, when the bank says more
    sentence: str = REFUSED
    challenge: bool = False
    refund: tuple[str, ...] = ("succeeded",)
    dispute: str = ""  # the status of the dispute that follows the payment at once

    @property
    def spaced(self) -> str:
        return " ".join(self.number[start : start + 4] for start in range(0, len(self.number), 4))


KNOWN = (
    Card("4242424242424242", "Paiement accepté"),
    Card("5555555555554444", "Paiement accepté (Mastercard)"),
    Card("4000002500003155", "La banque demande une confirmation (3-D Secure)", challenge=True),
    Card("4000002760003184", "La banque demande toujours une confirmation", challenge=True),
    Card(
        "4000008400001629",
        "Confirmation demandée, puis paiement refusé",
        code="card_declined",
        reason="generic_decline",
        challenge=True,
    ),
    Card("4000000000000002", "Carte refusée", code="card_declined", reason="generic_decline"),
    Card(
        "4000000000009995",
        "Provision insuffisante",
        code="card_declined",
        reason="insufficient_funds",
        sentence="Votre carte n’est pas assez approvisionnée. Essayez avec une autre carte.",
    ),
    Card("4000000000009987", "Carte perdue", code="card_declined", reason="lost_card"),
    Card(
        "4000000000000069",
        "Carte expirée",
        code="expired_card",
        sentence="Votre carte a expiré. Essayez avec une autre carte.",
    ),
    Card(
        "4000000000000127",
        "Cryptogramme faux",
        code="incorrect_cvc",
        sentence="Le code de sécurité de votre carte est incorrect.",
    ),
    Card(
        "4000000000000119",
        "Panne de la banque",
        code="processing_error",
        sentence="Une erreur s’est produite pendant le traitement de votre carte. Réessayez dans un instant.",
    ),
    Card("4000000000007726", "Accepté ; un remboursement met du temps", refund=("pending", "succeeded")),
    Card("4000000000005126", "Accepté ; un remboursement échoue ensuite", refund=("succeeded", "failed")),
    Card("4000000000000259", "Accepté, puis contesté auprès de la banque", dispute="needs_response"),
    Card("4000000000001976", "Accepté, puis demande de renseignements", dispute="warning_needs_response"),
)
BY_NUMBER = {card.number: card for card in KNOWN}
ACCEPTED = KNOWN[0].number


def of(number: str) -> Card:
    """The card of this number, digits only: one that no bank issued is refused."""
    if number in BY_NUMBER:
        return BY_NUMBER[number]
    if not is_sound(number):
        return Card(number, "", code="incorrect_number", sentence="Votre numéro de carte n’est pas valide.")
    real = "Ce n’est pas une carte d’essai : ici, aucune carte réelle n’est acceptée."
    return Card(number, "", code="card_declined", reason="test_mode_live_card", sentence=real)


def is_sound(number: str) -> bool:
    """Whether the last digit agrees with the others (Luhn)."""
    if not number.isascii() or not number.isdecimal() or not 12 <= len(number) <= 19:
        return False
    digits = [int(digit) for digit in reversed(number)]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[1::2]]
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0
