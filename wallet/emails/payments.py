"""Emails of the wallet: templates in ``emails/wallet/``."""

from accounts.models import User
from common.background import mailing
from common.values.dates import date_short
from common.values.money import euros
from families.models import Family
from wallet.models import CardDispute, CardPayment, CardRefund, CounterPayment, DirectDebit, Wallet


def credited(payment: CounterPayment, balance: int) -> None:
    """Tell the family that money received at the counter is in its wallet; ``balance`` in cents, after it."""
    _tell(payment.wallet.family, "wallet/credited", _context(payment, balance))


def credit_cancelled(payment: CounterPayment, balance: int) -> None:
    """Tell the family that a credit was taken back, and why; ``balance`` in cents, after it."""
    context = _context(payment, balance) | {
        "reason": payment.cancellation_reason,
        "owed": _asked(payment.wallet, balance),
        "top_up": payment.wallet.purse.top_up_address,
    }
    _tell(payment.wallet.family, "wallet/credit_cancelled", context)


def _asked(wallet: Wallet, balance: int) -> str:
    """What a wallet still lacks, direct debits that are announced counted as paid; "" when nothing."""
    lacks = -balance - DirectDebit.objects.pending().cents_by_wallet([wallet.pk]).get(wallet.pk, 0)
    return euros(lacks) if lacks > 0 else ""


def card_paid(payment: CardPayment) -> None:
    """The receipt of a payment by card: a message in the portal, by email if the payer gave an address (S4-52)."""
    context = {"label": payment.label, "amount": euros(payment.cents), "at": date_short(payment.paid_at)}
    context |= {"reference": str(payment.reference), "of_a_family": payment.family is not None}
    owner = payment.family.owner if payment.family else payment.user.owner
    mailing.queue("wallet/card_paid", to=payment.email, owner=owner, context=context)


def card_to_check(payment: CardPayment) -> None:
    """Tell who paid that their payment is being looked at, and that they may pay anew."""
    context = {"label": payment.label, "amount": euros(payment.cents), "reference": str(payment.reference)}
    if payment.family:
        _tell(payment.family, "wallet/card_to_check", context)
    else:
        mailing.queue("wallet/card_to_check", to=payment.email, owner=payment.user.owner, context=context)


def card_refunded(refund: CardRefund) -> None:
    """Tell the family that money goes back to the card that paid, and why."""
    _tell_card(refund, "wallet/card_refunded", {"reason": refund.reason})


def card_refund_failed(refund: CardRefund) -> None:
    """Tell the family that the bank refused a refund: the wallet has the money again."""
    _tell_card(refund, "wallet/card_refund_failed", {})


def card_disputed(dispute: CardDispute) -> None:
    """Tell the family that a payment was contested at the bank: the wallet no longer has the money."""
    _tell_card(dispute, "wallet/card_disputed", {})


def card_dispute_won(dispute: CardDispute) -> None:
    """Tell the family that a contested payment stands after all: the wallet has the money again."""
    _tell_card(dispute, "wallet/card_dispute_won", {})


def _tell_card(gone: CardRefund | CardDispute, template: str, context: dict) -> None:
    payment = gone.payment
    if payment.family:
        context |= {"amount": euros(gone.cents), "paid_on": date_short(payment.paid_at)}
        _tell(payment.family, template, context)


def _context(payment: CounterPayment, balance: int) -> dict:
    return {
        "family": str(payment.wallet.family),
        "purse": payment.wallet.purse.name,
        "amount": euros(payment.cents),
        "means": payment.label,
        "received_on": date_short(payment.received_on),
        "balance": euros(balance),
    }


def _tell(family: Family, template: str, context: dict) -> None:
    """One message stands in the portal for the family; each guardian with an address gets it by email too."""
    addresses = list(
        User.objects.filter(guardian__family=family, email__isnull=False).order_by("pk").values_list("email", flat=True)
    )
    mailing.queue(template, to=addresses[0] if addresses else "", owner=family.owner, context=context)
    for address in addresses[1:]:
        mailing.queue(template, to=address, context=context)
