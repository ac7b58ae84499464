"""What a card payment is for: the app that opens one names its purpose, and registers here what follows its end.

from wallet import purposes
purposes.register("cart", CartPurpose())   # in AppConfig.ready(); serves « cart », « cart:12 » …
"""

from typing import Protocol

from django.urls import reverse

from wallet.models import CardPayment


class Purpose(Protocol):
    """What follows the end of a card payment."""

    def settle(self, payment: CardPayment) -> None:
        """Serve the purpose of a payment that ended, paid or not, and date its ``settled_at`` in the same transaction.

        Called outside any transaction, at least once, by several processes at a time: it locks the payment and does
        its work once.
        """

    def page(self, payment: CardPayment) -> str:
        """The payment's own page, where Stripe sends the payer back."""

    def address(self, payment: CardPayment) -> str:
        """Where the payer lands once the payment has ended."""


class FamilyPayment:
    """A family's payment: its page is the wallet's."""

    @staticmethod
    def page(payment: CardPayment) -> str:
        return reverse("wallet:payment", args=[payment.reference])


_registered: dict[str, Purpose] = {}


def register(name: str, purpose: Purpose) -> None:
    """Say who serves the payments of this purpose."""
    _registered[name] = purpose


def of(payment: CardPayment) -> Purpose:
    """Who serves this payment; raise LookupError when nobody does."""
    return _registered[payment.purpose.partition(":")[0]]
