"""What is told of money, by the outbox."""
