"""What an order costs and what a line may ask, as pure functions; all amounts in cents."""

from dataclasses import dataclass

from common.refusals import Refusal
from common.values.money import euros

LINES_PER_PERSON = 20


class NoDraft(Refusal):
    """There is no order being filled."""

    sentence = "Vous n’avez pas de commande en cours. Cliquez sur « Commander »."


class TooManyLines(Refusal):
    """A beneficiary has as many lines as an order may hold."""

    sentence = f"Un bénéficiaire a au plus {LINES_PER_PERSON} lignes dans une commande."


class ChangedSince(Refusal):
    """A beneficiary of the file left or chose another form since it was read."""

    sentence = (
        "Un bénéficiaire du fichier a changé depuis sa lecture : rien n’est repris. Vérifiez le fichier de nouveau."
    )


class NothingOrdered(Refusal):
    """No line asks for a booklet."""

    sentence = "Commandez au moins un carnet."


class OrderRefused(Refusal):
    """The order cannot be placed as it is; the sentences say why."""


class OrderChanged(Refusal):
    """The order, a price or the terms are no longer what the page showed."""

    sentence = "La commande a changé depuis l’affichage de cette page. Vérifiez-la, puis validez à nouveau."


class TermsNotAccepted(Refusal):
    """The terms of sale in force were not ticked."""

    sentence = "Lisez et acceptez les Conditions Générales de Vente."


class NotInvoiced(Refusal):
    """The issuer cannot write invoices yet: what a manager reads."""

    sentence = "Les commandes ne sont pas encore ouvertes : contactez votre Service Clients."


class IssuerIncomplete(Refusal):
    """The same as the issuer's staff reads it: what is missing, and where it is filled in."""

    @classmethod
    def of(cls, missing: list[str]) -> "IssuerIncomplete":
        return cls(
            "Sans eux, ni facture ni avoir ne peut être établi : complétez la fiche « Émetteur des CESU » de "
            f"l’administration. Il y manque : {', '.join(missing)}."
        )


class NoTerms(Refusal):
    """There are no terms of sale to accept yet."""

    sentence = "Les Conditions Générales de Vente ne sont pas encore publiées : contactez votre Service Clients."


def half_up(numerator: int, denominator: int) -> int:
    """The quotient of two whole numbers ≥ 0, a half rounded up."""
    return (2 * numerator + denominator) // (2 * denominator)


@dataclass(frozen=True)
class Price:
    """What an order costs. The face value bears no VAT; the service and the transport do."""

    face: int
    fee: int
    shipping: int
    vat: int

    @property
    def total(self) -> int:
        return self.face + self.fee + self.shipping + self.vat


def price_of(face: int, *, fee_rate: int, min_fee: int, shipping: int, vat_rate: int) -> Price:
    """The price of titles worth ``face``: rates in basis points, the fee never below the contract's minimum."""
    fee = max(min_fee, half_up(face * fee_rate, 10_000))
    return Price(face, fee, shipping, half_up((fee + shipping) * vat_rate, 10_000))


@dataclass(frozen=True)
class Bounds:
    """What the issuer makes: booklets of a line, titles of a booklet, face values in cents."""

    max_booklets: int
    max_vouchers: int
    min_face: int
    max_face: int


def against(values: dict, bounds: Bounds, chose_electronic: bool) -> dict[str, str]:
    """The sentences against a line, by field; ``values``: booklets, vouchers, face_cents, share, form."""
    whole = "Indiquez un nombre entier de {} à {}."
    found = {}
    if not 0 <= values["booklets"] <= bounds.max_booklets:
        found["booklets"] = whole.format(0, bounds.max_booklets)
    if not 1 <= values["vouchers"] <= bounds.max_vouchers:
        found["vouchers"] = whole.format(1, bounds.max_vouchers)
    if not bounds.min_face <= values["face_cents"] <= bounds.max_face:
        found["face_cents"] = f"La valeur faciale va de {euros(bounds.min_face)} à {euros(bounds.max_face)}."
    if not 1 <= values["share"] <= 100:
        found["share"] = "La part patronale va de 1 à 100 %."
    if values["form"] == "e" and not chose_electronic:
        found["form"] = "L’e-CESU est le choix du salarié, qui a choisi le papier."
    return found
