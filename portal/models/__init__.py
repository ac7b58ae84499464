"""What the portal itself says to people and hears from them."""

from portal.models.menus import Dish, Kitchen, Menu
from portal.models.news import News

__all__ = ["Dish", "Kitchen", "Menu", "News"]
