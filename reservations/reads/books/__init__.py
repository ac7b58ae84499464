"""What is read of money already moved: balances, consumption, receipts, certificates, journal, month."""
