"""« Mon porte-monnaie », the payment page, direct debits: fetch, read, call, answer."""
