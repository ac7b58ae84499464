"""Every write of news, menus, messages and reviews that has a rule."""
