"""What agents do to days and on the day: sessions, closing, attendance, absences, headcounts."""
