"""What managers and holders are told of orders, by the outbox."""
