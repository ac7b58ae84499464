"""What pages and decisions read of bookings, in a constant number of queries. Nothing is written here.

``offers`` answers what a family may do on a day, ``prices`` what it costs, ``reasons`` why not, ``access`` who is let in
where, all from what ``family`` read once; for pages and under lock alike.
"""
