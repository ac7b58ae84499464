"""The outside that moves money: Stripe, and the files of banks. A new means of payment is a module here.

Each speaks to its service and translates; what follows in the ledger is decided in ``wallet.actions``.
"""
