"""Emails of the wallet: templates in ``emails/wallet/``."""

from accounts.models import User
from families.models import Family
from portal.lib import mailing
from portal.lib.money import euros
from wallet.models import CounterPayment


def credited(payment: CounterPayment, balance: int) -> None:
    """Tell the family that money received at the counter is in its wallet; ``balance`` in cents, after it."""
    _tell(payment.wallet.family, "wallet/credited", _context(payment, balance))


def credit_cancelled(payment: CounterPayment, balance: int) -> None:
    """Tell the family that a credit was taken back, and why; ``balance`` in cents, after it."""
    context = _context(payment, balance) | {
        "reason": payment.cancellation_reason,
        "owed": euros(-balance) if balance < 0 else "",
    }
    _tell(payment.wallet.family, "wallet/credit_cancelled", context)


def _context(payment: CounterPayment, balance: int) -> dict:
    return {
        "family": str(payment.wallet.family),
        "purse": payment.wallet.purse.name,
        "amount": euros(payment.cents),
        "means": payment.label,
        "received_on": f"{payment.received_on:%d-%m-%Y}",
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
