"""The pages of the issuer's and the funders' staff: importing them registers them."""

from cesu import admin_employers, admin_issuer, admin_orders
from cesu.aid import admin_caregivers, admin_funders, admin_imports, admin_rights, admin_transfers

__all__ = [
    "admin_caregivers",
    "admin_employers",
    "admin_funders",
    "admin_imports",
    "admin_issuer",
    "admin_orders",
    "admin_rights",
    "admin_transfers",
]
