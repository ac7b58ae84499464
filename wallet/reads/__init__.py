"""What pages read of money: statements, direct debits, our payments beside Stripe's. Nothing is written here."""
