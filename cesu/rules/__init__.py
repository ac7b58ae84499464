"""Regulations of the CESU and of the aid as pure functions."""
