"""The vouchers of CESU, that employers order and that people who are helped at home spend.

Two spaces stand side by side on the same tables, ``orders`` and ``aid``; neither imports the other. It takes the ledger,
cards and accounts, nothing of families, services or bookings.
"""
