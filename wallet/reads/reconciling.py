"""« Rapprochement Stripe »: what our card payments and Stripe's say of the same days, side by side. Pure functions.

A pair is what both say of one payment, refund or dispute; either side may be missing. A pair that differs has its
reason, in French, and what to do about it. Amounts are euro cents.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any

from wallet.gateways.stripe import Checkout, Dispute, Refund
from wallet.models import CardDispute, CardPayment, CardRefund


class Reason(Enum):
    """Why a pair differs: what is so, what to do, whether « Reprendre » mends it, whether money differs."""

    PAID_THERE = "Payé chez Stripe, pas encore crédité ici.", "« Reprendre » crédite la famille.", True, True
    NOT_THERE = (
        "Compté ici, introuvable chez Stripe.",
        "Vérifiez les clés de Stripe (test ou réel), puis appelez le support.",
        False,
        True,
    )
    UNPAID_THERE = "Crédité ici, non payé chez Stripe.", "Ne remboursez rien : appelez le support.", False, True
    AMOUNT = (
        "Les montants sont différents.",
        "Comparez avec la fiche du paiement chez Stripe, puis appelez le support.",
        False,
        True,
    )
    UNKNOWN = (
        "Inconnu de ce portail.",
        "C’est sans doute l’opération d’un autre logiciel relié au même compte Stripe.",
        False,
        True,
    )
    ENDED_THERE = "Abandonné chez Stripe, encore attendu ici.", "« Reprendre » libère les places retenues.", True, False
    REFUNDED_THERE = "Remboursé chez Stripe, pas encore inscrit ici.", "« Reprendre » débite la famille.", True, True
    ASKED_HERE = (
        "Demandé ici, pas encore fait chez Stripe.",
        "Le portail le redemande toutes les dix minutes : rien à faire.",
        False,
        True,
    )
    FAILED_THERE = (
        "Remboursement refusé par la banque, encore compté ici.",
        "« Reprendre » recrédite la famille.",
        True,
        True,
    )
    DONE_THERE = (
        "Compté ici comme refusé, fait chez Stripe.",
        "Appelez le support avant de rembourser à nouveau.",
        False,
        True,
    )
    DISPUTED_THERE = (
        "Contesté auprès de la banque, pas encore inscrit ici.",
        "« Reprendre » débite la famille.",
        True,
        True,
    )
    WON_THERE = "Contestation gagnée, pas encore rendue ici.", "« Reprendre » recrédite la famille.", True, True
    LOST_THERE = "Contestation perdue, encore en cours ici.", "« Reprendre » l’inscrit.", True, False
    CONTRADICTED = "Gagnée ici, perdue ou en cours chez Stripe.", "Appelez le support.", False, True
    STILL_OPEN = (
        "La page de paiement est encore ouverte.",
        "Rien à faire : elle se ferme au bout de quarante minutes.",
        False,
        False,
    )
    TO_ANSWER = (
        "La banque attend une réponse à cette contestation.",
        "Répondez dans Stripe avant la date qu’il indique.",
        False,
        False,
    )

    def __init__(self, sentence: str, advice: str, is_mendable: bool, is_money: bool):
        self.sentence, self.advice, self.is_mendable, self.is_money = sentence, advice, is_mendable, is_money

    @property
    def is_going_on(self) -> bool:
        """Whether both sides agree, and something is only still to come."""
        return self in (Reason.STILL_OPEN, Reason.TO_ANSWER)


@dataclass(frozen=True, slots=True)
class Ours:
    """Our rows: those of the span, and those that Stripe's of the span speak of."""

    payments: list[CardPayment] = field(default_factory=list)
    refunds: list[CardRefund] = field(default_factory=list)
    disputes: list[CardDispute] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Theirs:
    """What Stripe knows: of the span, and what our rows of the span speak of."""

    checkouts: list[Checkout] = field(default_factory=list)
    refunds: list[Refund] = field(default_factory=list)
    disputes: list[Dispute] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Difference:
    """A pair that differs: its nature, its reason, what each side counts (None: knows nothing of it), our payment."""

    nature: str
    reason: Reason
    here: int | None
    there: int | None
    at: datetime
    stripe: str
    payment: CardPayment | None


@dataclass(slots=True)
class Total:
    """What both sides count of a nature."""

    name: str
    here: int = 0
    there: int = 0

    @property
    def gap(self) -> int:
        return self.here - self.there


@dataclass(slots=True)
class Reconciliation:
    """What differs, what is only going on, and the totals, which are equal exactly when no amount differs."""

    differences: list[Difference] = field(default_factory=list)
    going_on: list[Difference] = field(default_factory=list)
    totals: list[Total] = field(default_factory=list)

    @property
    def net(self) -> Total:
        """What is left: payments less refunds and disputes."""
        paid, *returned = self.totals
        here = paid.here - sum(each.here for each in returned)
        return Total("Net", here, paid.there - sum(each.there for each in returned))

    @property
    def mendable(self) -> list[CardPayment]:
        """The payments that « Reprendre » looks at again, each once."""
        found = {each.payment.pk: each.payment for each in self.differences if each.payment and each.reason.is_mendable}
        return list(found.values())


def compare(ours: Ours, theirs: Theirs, inside: Callable[[datetime], bool]) -> Reconciliation:
    """Compare both sides; ``inside`` says whether an instant is in the span: pairs with neither side in it are left out."""
    found = Reconciliation()
    by_intent = _by_intent(ours, theirs)
    kinds = [
        ("Paiement", "Paiements", ours.payments, theirs.checkouts, _against_payment, _paid),
        ("Remboursement", "Remboursements", ours.refunds, theirs.refunds, _against_refund, _refunded),
        ("Contestation", "Contestations", ours.disputes, theirs.disputes, _against_dispute, _disputed),
    ]
    for nature, plural, mine, others, against, counted in kinds:
        total = Total(plural)
        found.totals.append(total)
        for here, there in _pairs(mine, others):
            if not any(inside(at) for at in _instants(here, there)):
                continue
            payment = _payment_of(here) or by_intent.get(there.intent)
            cents = counted(here), counted(there)
            total.here, total.there = total.here + (cents[0] or 0), total.there + (cents[1] or 0)
            reason = against(here, there, payment)
            if reason:
                at, stripe = next(_instants(here, there)), there.id if there else _stripe_of(here)
                rows = found.going_on if reason.is_going_on else found.differences
                rows.append(Difference(nature, reason, *cents, at, stripe, payment))
    return found


def _by_intent(ours: Ours, theirs: Theirs) -> dict[str, CardPayment]:
    """Our payments by Stripe's name of them, those that we do not know to be paid included."""
    named = ((here, there.intent) for here, there in _pairs(ours.payments, theirs.checkouts) if here and there)
    return {intent: each for each, intent in [*named, *((each, each.intent) for each in ours.payments)] if intent}


def _pairs(mine: list, others: list) -> Iterator[tuple[Any, Any]]:
    """Each of ours with Stripe's of the same name; None where a side is missing."""
    known = {name: each for each in mine for name in _names(each)}
    met = set()
    for other in others:
        each = known.get(other.id) or known.get(other.reference if hasattr(other, "reference") else "")
        met.add(each and each.pk)
        yield each, other
    yield from ((each, None) for each in mine if each.pk not in met)


def _names(mine) -> list[str]:
    """What Stripe may call one of our rows: its own id for it, and the reference that we sent."""
    return [name for name in (_stripe_of(mine), str(getattr(mine, "reference", ""))) if name]


def _stripe_of(mine) -> str:
    return mine.session if isinstance(mine, CardPayment) else mine.stripe


def _payment_of(mine) -> CardPayment | None:
    return mine if mine is None or isinstance(mine, CardPayment) else mine.payment


def _instants(here, there) -> Iterator[datetime]:
    if here:
        yield here.created_at
    if there:
        yield there.created


# What a side counts, in cents: None when it knows nothing, 0 when no money moved.
def _paid(side: CardPayment | Checkout | None) -> int | None:
    if side is None:
        return None
    paid = side.status == CardPayment.Status.PAID if isinstance(side, CardPayment) else side.paid
    return side.cents if paid else 0


def _refunded(side: CardRefund | Refund | None) -> int | None:
    if side is None:
        return None
    gone = (CardRefund.Status.FAILED,) if isinstance(side, CardRefund) else ("failed", "canceled")
    return 0 if side.status in gone else side.cents


def _disputed(side: CardDispute | Dispute | None) -> int | None:
    if side is None:
        return None
    taken = side.status != "won" and (isinstance(side, CardDispute) or side.takes_money)
    return side.cents if taken else 0


def _against_payment(here: CardPayment | None, there: Checkout | None, payment) -> Reason | None:
    mine, other = _paid(here), _paid(there)
    if here is None:
        return Reason.UNKNOWN if other else None
    if there is None:
        return Reason.NOT_THERE if mine else None
    if mine and other:
        return Reason.AMOUNT if (mine, "eur") != (other, there.currency) else None
    if mine or other:
        return Reason.UNPAID_THERE if mine else Reason.PAID_THERE
    if there.status == "open":
        return Reason.STILL_OPEN
    return Reason.ENDED_THERE if here.is_going else None


def _against_refund(here: CardRefund | None, there: Refund | None, payment: CardPayment | None) -> Reason | None:
    mine, other = _refunded(here), _refunded(there)
    if here is None:
        return _unbooked(other, payment, Reason.REFUNDED_THERE)
    if there is None:
        asked = here.status == CardRefund.Status.REQUESTED and not here.stripe
        return (Reason.ASKED_HERE if asked else Reason.NOT_THERE) if mine else None
    if mine and other:
        return Reason.AMOUNT if mine != other else None
    if mine or other:
        return Reason.FAILED_THERE if mine else Reason.DONE_THERE
    return None


def _against_dispute(here: CardDispute | None, there: Dispute | None, payment: CardPayment | None) -> Reason | None:
    mine, other = _disputed(here), _disputed(there)
    if here is None:
        return _unbooked(other, payment, Reason.DISPUTED_THERE)
    if there is None:
        return Reason.NOT_THERE if mine else None
    if mine and other:
        return _of_going_dispute(here, there)
    if mine or other:
        return Reason.WON_THERE if mine else Reason.CONTRADICTED
    return None


def _of_going_dispute(here: CardDispute, there: Dispute) -> Reason | None:
    if here.cents != there.cents:
        return Reason.AMOUNT
    if there.status == "lost":
        return Reason.LOST_THERE if here.status == CardDispute.Status.OPEN else None
    return Reason.TO_ANSWER if there.status == "needs_response" else None


def _unbooked(cents: int | None, payment: CardPayment | None, reason: Reason) -> Reason | None:
    """Something at Stripe that we have not booked: of a payment of ours, or of another system."""
    if not cents:
        return None
    return reason if payment else Reason.UNKNOWN
