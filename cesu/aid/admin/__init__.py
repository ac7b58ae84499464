"""The agents' pages of cesu: importing them registers them."""

from cesu.aid.admin import caregivers, funders, imports, rights, transfers

__all__ = ["caregivers", "funders", "imports", "rights", "transfers"]
