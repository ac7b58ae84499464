"""What the portal itself says to people and hears from them."""

from portal.models.exports import ListExport
from portal.models.menus import Dish, Kitchen, Menu
from portal.models.news import News
from portal.models.talk import ContactMessage, Review

__all__ = ["ContactMessage", "Dish", "Kitchen", "ListExport", "Menu", "News", "Review"]
