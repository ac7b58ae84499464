"""The agents' pages of portal: importing them registers them."""

from portal.talk.admin import menus, messages, news, reviews

__all__ = ["menus", "messages", "news", "reviews"]
