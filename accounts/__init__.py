"""People who sign in, their communes, the agents and what each may do.

Rules of accounts, their writes and their pages; signing in has a room of its own. Nothing of households, money or bookings.
"""
