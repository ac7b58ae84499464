"""« Complément de paiement par CB »: the rights wait for the card, then all is paid together, or all is given back.

Locks: card payment → aid account → payment → accounts of the ledger. The wallet credits the hold account with what the
card paid, in a transaction of its own; what follows is decided here once, under the payment's lock.
"""

import logging
from collections.abc import Mapping, Sequence

from django.urls import reverse as address_of
from django.utils import timezone

from cesu.aid.actions.funders import fee_account, hold_account, payable_account
from cesu.aid.emails import payments as emails_payment
from cesu.models import AidAccount, AidPayment, AidPaymentLine, CesuHolder
from cesu.rules.aid import Use, credited_by
from cesu.rules.aid_payments import PaymentStands
from common.refusals import Refusal
from common.writing.states import move
from common.writing.transactions import outermost
from wallet.actions import Move, post, reverse
from wallet.actions.card_returns import owe_refund, refundable, send
from wallet.actions.cards import locked, new_payment
from wallet.models import CardPayment, CardRefund, Operation

log = logging.getLogger(__name__)
PURPOSE = "aid"
TOO_LATE = "Payé après la fin du paiement"


def standing_of(holder: CesuHolder) -> AidPayment | None:
    """The payment of a holder that waits for its card, if there is one."""
    return AidPayment.objects.filter(aid_account__holder=holder, status=AidPayment.Status.HELD).first()


def hold(payment: AidPayment, accounts: Mapping[int, int], uses: Sequence[Use]) -> None:
    """Put the rights of a payment to come aside, and ask for its card payment. The holder's aid accounts are locked.

    ``accounts``: those of the ledger, by pk of right. Raise PaymentStands: a holder has one such payment at a time.
    """
    if standing_of(payment.aid_account.holder):
        raise PaymentStands
    target = hold_account(payment.reference)
    moves = [
        Move(accounts[use.right], target.pk, use.cents, f"aid-hold:{payment.pk}:{use.right}", minutes=use.minutes)
        for use in uses
    ]
    label = f"Droits mis de côté pour {payment.caregiver}"[:200]
    payment.hold = post(Operation.Kind.HOLD, moves, actor=payment.by, label=label, at=payment.created_at)
    payment.card_payment = new_payment(
        user=payment.by,
        family=None,
        purpose=f"{PURPOSE}:{payment.reference}",
        label="Complément de paiement",
        lines={target.pk: payment.card_cents},
        email=payment.by.aid_login.email,
    )
    payment.status = AidPayment.Status.HELD
    payment.save(force_insert=True)
    write_lines(payment, uses)


def write_lines(payment: AidPayment, uses: Sequence[Use]) -> None:
    """Write what a payment takes of each right."""
    AidPaymentLine.objects.bulk_create(
        AidPaymentLine(payment=payment, right_id=use.right, minutes=use.minutes, cents=use.cents) for use in uses
    )


class AidComplement:
    """What follows the end of a complement's card payment."""

    @staticmethod
    def settle(payment: CardPayment) -> None:
        if refund := _settle(payment.pk):
            try:
                send(refund)
            except Refusal:
                log.warning("refund %s is owed", refund.reference)  # send_owed asks again

    @staticmethod
    def page(payment: CardPayment) -> str:
        return _page("aid:card", payment)

    @staticmethod
    def address(payment: CardPayment) -> str:
        return _page("aid:payment", payment)


def _page(name: str, card: CardPayment) -> str:
    found = AidPayment.objects.select_related("aid_account").get(card_payment=card)
    return address_of(name, args=[found.aid_account.holder_id, found.reference])


@outermost
def _settle(pk: int) -> CardRefund | None:
    """Pay the caregiver when the card has paid, give the rights back when it has not; once.

    Paid after that, the card's money goes back whole: return the refund to send.
    """
    card = locked(pk)
    if card.is_going or card.settled_at:
        return None
    payment = _lock(card)
    paid, refund = card.status == CardPayment.Status.PAID, None
    if payment.status == AidPayment.Status.HELD:
        _confirm(payment) if paid else _abandon(payment)
    elif paid and payment.status == AidPayment.Status.ABANDONED:
        refund = _give_back(card, payment)
    card.settled_at = timezone.now()
    card.save(update_fields=["settled_at"])
    return refund


def _lock(card: CardPayment) -> AidPayment:
    found = AidPayment.objects.get(card_payment=card)
    AidAccount.objects.locked().get(pk=found.aid_account_id)
    whole = AidPayment.objects.select_related("caregiver", "aid_account__holder", "aid_account__funder", "by", "hold")
    return whole.locked().get(pk=found.pk)


def _confirm(payment: AidPayment) -> None:
    """Rights, complement and fee together, in one operation."""
    now, source = timezone.now(), hold_account(payment.reference).pk
    target, name = payable_account(payment.caregiver).pk, f"aid:{payment.pk}"
    moves = [
        Move(source, target, line.cents, f"{name}:{line.right_id}", minutes=line.minutes)
        for line in payment.lines.order_by("pk")
    ]
    moves.append(Move(source, target, payment.complement_cents, f"{name}:complement", "Complément par carte"))
    if payment.fee_cents:
        label = "Participation aux frais de traitement"
        moves.append(Move(source, fee_account().pk, payment.fee_cents, f"{name}:fee", label))
    label = f"Paiement de {payment.caregiver}"[:200]
    operation = post(Operation.Kind.AID_PAYMENT, moves, actor=payment.by, label=label, at=now)
    day = credited_by(timezone.localtime(now))
    move(payment, AidPayment.Status.CONFIRMED, confirmed_at=now, operation=operation, credited_by=day)
    emails_payment.confirmed(payment)


def _abandon(payment: AidPayment) -> None:
    reverse(payment.hold, actor=None, label=f"Paiement de {payment.caregiver} abandonné, droits rendus"[:200])
    move(payment, AidPayment.Status.ABANDONED)


def _give_back(card: CardPayment, payment: AidPayment) -> CardRefund | None:
    """All that the card paid and that is still there."""
    cents = refundable(card)
    refund = owe_refund(card, cents, TOO_LATE) if cents else None
    emails_payment.paid_too_late(payment)
    return refund
