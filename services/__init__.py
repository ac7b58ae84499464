"""The services of a commune, who asked for them, the pieces they ask for, and the agents' decisions.

A service does not know what is booked in it (``services.hooks`` asks). Nothing of money.
"""
