"""What runs when nobody waits: jobs once a business date, the outbox of emails, how work is woken, how long data are kept.

A job of an app stands in that app; here is only what all of them need.
"""
