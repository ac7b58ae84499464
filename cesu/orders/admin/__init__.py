"""The agents' pages of cesu: importing them registers them."""

from cesu.orders.admin import employers, issuer, orders

__all__ = ["employers", "issuer", "orders"]
