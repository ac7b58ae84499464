"""A stand-in for Stripe: the part of its API that the portal uses, its payment page and its signed webhooks.

It keeps what it is told in SQLite, listens on 127.0.0.1 only, and asks for nothing but Python:

    python -m tests.doubles.stripe --port 8001 --db stripe.sqlite3 --webhook http://127.0.0.1:8000/…  --secret whsec_…
"""
