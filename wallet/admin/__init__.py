"""The agents' pages of wallet: importing them registers them."""

from wallet.admin import cards, sepa, wallets

__all__ = ["cards", "sepa", "wallets"]
