"""What families and agents are told of bookings, by the outbox."""
