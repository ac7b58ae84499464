"""What agents' pages read of families: how one is found."""
