"""The agents' pages of the portal's own tables: importing them registers them."""

from portal.desk.admin import exports
from portal.talk import admin

__all__ = ["admin", "exports"]
