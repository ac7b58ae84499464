"""The pages of the issuer's and the funders' staff: importing them registers them."""

from cesu.aid import admin as aid
from cesu.orders import admin as orders

__all__ = ["aid", "orders"]
