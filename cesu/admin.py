"""The pages of the issuer's and the funders' staff: importing them registers them."""

from cesu.aid.admin import caregivers, funders, imports, rights, transfers
from cesu.orders.admin import employers, issuer, orders

__all__ = [
    "caregivers",
    "employers",
    "funders",
    "imports",
    "issuer",
    "orders",
    "rights",
    "transfers",
]
