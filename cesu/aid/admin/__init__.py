"""The pages of the funders' staff: importing this room registers them."""

from cesu.aid.admin import caregivers, funders, imports, rights, transfers

__all__ = ["caregivers", "funders", "imports", "rights", "transfers"]
