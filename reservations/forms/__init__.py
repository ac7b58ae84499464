"""What families and agents type of bookings."""
