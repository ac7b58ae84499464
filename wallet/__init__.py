"""What families hold and owe: the ledger, their wallets, the counter, cards, SEPA.

``wallet.actions.post`` is the one door to the ledger. What a payment is for is told by upper apps (``wallet.purposes``);
the wallet knows no booking and no order.
"""
