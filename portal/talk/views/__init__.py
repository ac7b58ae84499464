"""Menus, contact and reviews as people see them: fetch, read, call, answer."""
