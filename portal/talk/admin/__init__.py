"""The agents' pages of news, menus, messages and reviews: importing this room registers them."""

from portal.talk.admin import menus, messages, news, reviews

__all__ = ["menus", "messages", "news", "reviews"]
