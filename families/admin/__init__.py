"""The agents' pages of households, health and mandates: importing this room registers them."""

from families.admin import health, households, identity, mandates

__all__ = ["health", "households", "identity", "mandates"]
