"""Households: their people, schools and classes, health sheets, mandates, the other parent.

Upper apps tell it what they know of a person through ``families.hooks``; it never imports them. Nothing of money or days.
"""
