"""The agents' pages of families: importing them registers them."""

from families.admin import health, households, identity, mandates

__all__ = ["health", "households", "identity", "mandates"]
