"""The agents' pages of money: importing this room registers them."""

from wallet.admin import cards, sepa, wallets

__all__ = ["cards", "sepa", "wallets"]
