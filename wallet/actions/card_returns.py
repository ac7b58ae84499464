"""Card money that goes back: refunds asked by agents, refunds and disputes made at Stripe, each booked once.

A refund asked here takes the money from the wallet first, then asks Stripe: a family cannot spend it meanwhile. What
was done at Stripe is a fact: it is booked even when the wallet cannot follow, and is then owed.
"""

import logging
from collections import Counter

from django.db.models import Q, Sum

from accounts.models import User
from common.refusals import Refusal
from common.values.money import euros
from common.writing.once import claim_key
from common.writing.states import move
from common.writing.transactions import outermost
from wallet.actions.cards import locked
from wallet.actions.ledger import Move, post, reverse
from wallet.actions.wallets import system_account
from wallet.emails import payments as emails
from wallet.gateways import stripe as gateway
from wallet.models import AccountKind, CardDispute, CardPayment, CardRefund, Operation, Transfer
from wallet.rules.payments import spread

log = logging.getLogger(__name__)
GONE = ("failed", "canceled")  # a refund of Stripe whose money came back


class NotPaid(Refusal):
    """Nothing was paid that could be given back."""

    sentence = "Ce paiement n’a pas été encaissé : il n’y a rien à rembourser."


class TooMuch(Refusal):
    """More than what is left of the payment."""


class ReasonMissing(Refusal):
    """A refund is explained to the family."""

    sentence = "Indiquez le motif : la famille le lira."


def refundable(payment: CardPayment) -> int:
    """What is left of a paid payment to give back to the card, in cents."""
    return sum(_left(payment).values()) if payment.status == CardPayment.Status.PAID else 0


def _left(payment: CardPayment) -> dict[int, int]:
    """What each account still has of the payment, in cents by pk, refunds and disputes taken off."""
    returns = Q(operation__card_refund__payment=payment) | Q(operation__card_dispute__payment=payment)
    gone = Transfer.objects.filter(returns, reversal=None)
    taken = Counter(dict(gone.order_by().values_list("source").annotate(cents=Sum("cents"))))
    return {line.account_id: max(0, line.cents - taken[line.account_id]) for line in payment.lines.all()}


def refund_card(*, agent: User, payment: CardPayment, cents: int, reason: str, key: str) -> CardRefund:
    """Give ``cents`` of a payment back to the card, out of the wallets it credited; a second click changes nothing.

    ``key`` was made for (agent.owner, ``refund:<payment pk>``). Raise NotPaid, TooMuch, ReasonMissing, NotEnough (the
    family has spent it), CardsRefused (nothing was given back). While Stripe is silent the refund stays requested, and
    ``send_owed`` asks again.
    """
    return _send_or_owe(_ask_refund(agent=agent, payment=payment, cents=cents, reason=reason, key=key))


def refund_in_full(payment: CardPayment, reason: str) -> CardRefund | None:
    """Give all that is left of a payment back to the card, by the portal's own decision; None when nothing is.

    Called again, or by two at once, it gives back once. Raise NotEnough (spent since), CardsRefused (nothing was given back).
    """
    refund = _owe_in_full(payment.pk, reason)
    return refund and _send_or_owe(refund)


@outermost
def _owe_in_full(pk: int, reason: str) -> CardRefund | None:
    payment = locked(pk)
    cents = refundable(payment)
    return owe_refund(payment, cents, reason) if cents else None


def _send_or_owe(refund: CardRefund) -> CardRefund:
    try:
        return send(refund)
    except gateway.CardsUnavailable:
        log.warning("refund %s is owed: Stripe is silent", refund.reference)
        return refund


@outermost
def _ask_refund(*, agent: User, payment: CardPayment, cents: int, reason: str, key: str) -> CardRefund:
    once = claim_key(key, agent.owner, f"refund:{payment.pk}")
    if once.answer:
        return CardRefund.objects.get(pk=once.answer["refund"])
    payment = locked(payment.pk)
    if payment.status != CardPayment.Status.PAID:
        raise NotPaid
    left = _left(payment)
    if not 0 < cents <= sum(left.values()):
        raise TooMuch(f"Le montant est entre 0,01 € et {euros(sum(left.values()))}, ce qui reste de ce paiement.")
    if not reason.strip():
        raise ReasonMissing
    refund = owe_refund(payment, cents, reason.strip()[:200], by=agent)
    once.remember({"refund": refund.pk})
    return refund


def owe_refund(payment: CardPayment, cents: int, reason: str, by: User | None = None) -> CardRefund:
    """Take what goes back to the card from where it stands; ``send`` then asks Stripe. The payment is locked.

    ``by`` is empty when it goes back by itself. Raise NotEnough.
    """
    refund = CardRefund(payment=payment, cents=cents, reason=reason, by=by)
    refund.operation = _take_back(Operation.Kind.PARTIAL_REFUND, f"refund:{refund.reference}", payment, cents, actor=by)
    refund.save()
    emails.card_refunded(refund)
    return refund


def send(refund: CardRefund) -> CardRefund:
    """Have Stripe give the money back, once; when it refuses for good, the wallet gets it again."""
    if refund.status != CardRefund.Status.REQUESTED or refund.stripe:
        return refund
    try:
        answer = gateway.create_refund(refund)
    except gateway.CardsRefused:
        _fail(refund.pk)
        raise
    _book_refund(refund.payment_id, answer)
    refund.refresh_from_db()
    return refund


@outermost
def _fail(pk: int) -> None:
    """Stripe refuses a refund for good: the wallet gets its money again, once."""
    locked(CardRefund.objects.values_list("payment", flat=True).get(pk=pk))
    refund = CardRefund.objects.get(pk=pk)
    if refund.status == CardRefund.Status.REQUESTED:
        _undo_refund(refund)


def send_owed() -> int:
    """Ask again for the refunds that Stripe has not answered; return how many.

    Stripe forgets a key after a day: what it did is looked up first, by our reference.
    """
    owed = list(CardRefund.objects.filter(status=CardRefund.Status.REQUESTED).select_related("payment"))
    for refund in owed:
        try:
            sync(refund.payment)
            refund.refresh_from_db()
            send(refund)
        except Refusal:
            log.warning("refund %s is not done", refund.reference)
    return len(owed)


def sync(payment: CardPayment) -> None:
    """Book the refunds and disputes that Stripe has for a paid payment, and what became of them, each once.

    Raise CardsUnavailable when Stripe is silent.
    """
    if payment.status != CardPayment.Status.PAID:
        return
    refunds, disputes = gateway.refunds_of(payment.intent), gateway.disputes_of(payment.intent)
    for refund in refunds:
        _book_refund(payment.pk, refund)
    for dispute in disputes:
        _book_dispute(payment.pk, dispute)


@outermost
def _book_refund(pk: int, told: gateway.Refund) -> None:
    payment = locked(pk)
    known = payment.refunds.filter(stripe=told.id).first()
    refund = known or next((each for each in payment.refunds.all() if told.reference == str(each.reference)), None)
    if refund is None:
        if told.status not in GONE:
            _new_refund(payment, told)
    elif refund.status == CardRefund.Status.FAILED:
        return
    elif told.status in GONE:
        _undo_refund(refund, stripe=told.id)
    else:
        refund.status = CardRefund.Status.DONE if told.status == "succeeded" else refund.status
        refund.stripe = told.id
        refund.save(update_fields=["status", "stripe"])


def _new_refund(payment: CardPayment, told: gateway.Refund) -> None:
    refund = CardRefund(
        payment=payment,
        cents=told.cents,
        reason="Remboursement fait par la régie",
        status=CardRefund.Status.DONE if told.status == "succeeded" else CardRefund.Status.REQUESTED,
        stripe=told.id,
    )
    refund.operation = _take_back(Operation.Kind.CARD_REFUND, f"refund:{told.id}", payment, told.cents)
    refund.save()
    emails.card_refunded(refund)


def _undo_refund(refund: CardRefund, stripe: str = "") -> None:
    undone = reverse(refund.operation, actor=None, label="Remboursement refusé par la banque, somme recréditée")
    move(refund, CardRefund.Status.FAILED, undone=undone, stripe=stripe or refund.stripe)
    emails.card_refund_failed(refund)


@outermost
def _book_dispute(pk: int, told: gateway.Dispute) -> None:
    payment = locked(pk)
    dispute = payment.disputes.filter(stripe=told.id).first()
    if dispute is None:
        if told.takes_money and told.status != "won":
            _new_dispute(payment, told)
    elif dispute.status != CardDispute.Status.OPEN:
        return
    elif told.status == "won":
        undone = reverse(dispute.operation, actor=None, label="Contestation close, somme recréditée")
        move(dispute, CardDispute.Status.WON, undone=undone)
        emails.card_dispute_won(dispute)
    elif told.status == "lost":
        move(dispute, CardDispute.Status.LOST)


def _new_dispute(payment: CardPayment, told: gateway.Dispute) -> None:
    dispute = CardDispute(
        payment=payment,
        stripe=told.id,
        cents=told.cents,
        status=CardDispute.Status.LOST if told.status == "lost" else CardDispute.Status.OPEN,
    )
    dispute.operation = _take_back(Operation.Kind.DISPUTE, f"dispute:{told.id}", payment, told.cents)
    dispute.save()
    emails.card_disputed(dispute)


def _take_back(kind: str, reference: str, payment: CardPayment, cents: int, actor: User | None = None) -> Operation:
    """Post what goes from the payment's accounts back to the cards, as far as each has of it."""
    cards = system_account(AccountKind.CARD).pk
    parts = spread(cents, _left(payment))
    moves = [Move(pk, cards, part, f"{reference}:{pk}") for pk, part in parts.items()]
    return post(kind, moves, actor=actor, label=Operation.Kind(kind).label)
