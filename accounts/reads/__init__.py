"""What agents' pages read of accounts: how one is found."""
