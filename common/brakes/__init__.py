"""How often, and how fast, something may be tried: counted in the database, where nothing goes before its time.

Which act has which brake is said where the act is.
"""
