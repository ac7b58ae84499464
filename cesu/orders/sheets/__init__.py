"""Files of beneficiaries and of orders, read and checked line by line; nothing is written here."""
