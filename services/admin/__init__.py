"""The agents' pages of services, requests and pieces: importing this room registers them."""

from services.admin import pieces, requests, services

__all__ = ["pieces", "requests", "services"]
