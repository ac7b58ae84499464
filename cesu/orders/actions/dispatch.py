"""What the issuer's staff do with an order: send it, say that it arrived, or cancel it before it is made."""

from django.utils import timezone

from accounts.models import User
from cesu.models import Invoice, VoucherOrder, issuer
from cesu.orders.actions import numbering
from cesu.orders.actions.payments import card_payments_of
from cesu.orders.emails import people as emails
from cesu.orders.reads.delivery import overdue
from cesu.rules.orders import IssuerIncomplete
from common.refusals import Refusal
from common.writing.once import claim_key
from common.writing.states import WrongState, move
from common.writing.transactions import outermost

Status = VoucherOrder.Status
MAX_REASON = 200


class ReasonMissing(Refusal):
    sentence = (
        f"Écrivez le motif de l’annulation, en {MAX_REASON} caractères au plus : l’employeur le lira dans son e-mail."
    )


class NotMadeYet(Refusal):
    sentence = "Cette commande n’est pas encore fabriquée : elle ne peut pas être expédiée."


class BeingPaid(Refusal):
    sentence = "Un paiement par carte de cette commande est en cours : attendez qu’il soit terminé ou abandonné."


def deciding(order: VoucherOrder, what: str) -> str:
    """The purpose of the key of a form that decides on an order: ``what`` is ship, deliver or cancel."""
    return f"cesu-{what}:{order.pk}"


@outermost
def ship_order(*, agent: User, order: VoucherOrder, tracking: str, key: str) -> None:
    """The parcel has left; the manager is told with its number. Raise NotMadeYet, WrongState. Twice is once."""
    once = claim_key(key, agent.owner, deciding(order, "ship"))
    if once.answer:
        return
    order = _locked(order)
    if order.status == Status.MAKING and order.made_at is None:
        raise NotMadeYet
    day = overdue(order, timezone.localdate())
    move(order, Status.SHIPPED, shipped_at=timezone.now(), tracking=tracking.strip()[:60], **day)
    emails.order_shipped(order)
    once.remember({"shipped": order.pk})


@outermost
def deliver_order(*, agent: User, order: VoucherOrder, key: str) -> None:
    """The parcel has arrived. Raise WrongState. Twice is once."""
    once = claim_key(key, agent.owner, deciding(order, "deliver"))
    if once.answer:
        return
    order = _locked(order)
    if order.status != Status.SHIPPED:
        raise WrongState
    move(order, Status.DELIVERED, delivered_at=timezone.now())
    once.remember({"delivered": order.pk})


@outermost
def cancel_order(*, agent: User, order: VoucherOrder, reason: str, key: str) -> None:
    """Cancel an order that is not being made, with a credit note for its invoice; the manager is told why.

    Nothing was debited yet; what was paid for it stays on the employer's account. Raise ReasonMissing, BeingPaid,
    IssuerIncomplete, WrongState. Twice is once.
    """
    once = claim_key(key, agent.owner, deciding(order, "cancel"))
    if once.answer:
        return
    reason = reason.strip()
    if not 0 < len(reason) <= MAX_REASON:
        raise ReasonMissing
    order = _locked(order)
    if card_payments_of(order).going().exists():
        raise BeingPaid
    move(order, Status.CANCELLED, cancelled_at=timezone.now(), cancelled_by=agent, cancel_reason=reason)
    credit_note(order.invoice)
    emails.order_cancelled(order)
    once.remember({"cancelled": order.pk})


def _locked(order: VoucherOrder) -> VoucherOrder:
    rows = VoucherOrder.objects.select_related("invoice", "transport").locked()
    return rows.get(pk=order.pk)


def credit_note(invoice: Invoice) -> Invoice:
    """Write the avoir of an invoice, in the same numbering. Raise IssuerIncomplete."""
    if missing := issuer().missing:
        raise IssuerIncomplete.of(missing)
    today = timezone.localdate()
    return Invoice.objects.create(
        number=numbering.new_invoice_number(today),
        employer_id=invoice.employer_id,
        issued_on=today,
        cents=invoice.cents,
        credits=invoice,
    )
