"""What families and agents type of money."""
