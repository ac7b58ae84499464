"""What every act on places stands on: the cart read under lock, changes told, bookings paid, places given on."""
