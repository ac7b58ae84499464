"""Regulations of the CESU as pure functions."""
