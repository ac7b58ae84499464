"""The agents' pages of services: importing them registers them."""

from services.admin import pieces, requests, services

__all__ = ["pieces", "requests", "services"]
