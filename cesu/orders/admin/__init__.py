"""The pages of the issuer's staff: importing this room registers them."""

from cesu.orders.admin import employers, issuer, orders

__all__ = ["employers", "issuer", "orders"]
