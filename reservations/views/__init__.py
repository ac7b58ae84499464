"""The families' pages of bookings: fetch, read, call, answer."""
