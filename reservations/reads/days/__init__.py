"""What agents read of a day: who is booked, who came, how many eat, what was told, what may be booked at the desk."""
