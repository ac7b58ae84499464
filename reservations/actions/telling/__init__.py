"""What is told by itself: transmissions and their answers, reports, reminders, the address of the calendar feed."""
