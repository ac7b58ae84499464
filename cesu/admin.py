"""The pages of the issuer's staff: importing them registers them."""

from cesu import admin_employers, admin_issuer, admin_orders

__all__ = ["admin_employers", "admin_issuer", "admin_orders"]
