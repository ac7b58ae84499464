"""The roof, where several apps meet: settings, addresses, clockwork, and the pages that compose several apps.

Everything may be imported here; nothing imports it.
"""
