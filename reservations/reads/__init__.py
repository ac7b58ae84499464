"""What pages and decisions read of bookings, in a constant number of queries. Nothing is written here.

``facts`` and ``offers`` answer what a family may do on a day, at which price, and why not, for pages and under lock alike.
"""
