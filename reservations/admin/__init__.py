"""The agents' pages of activities, days and bookings: importing this room registers them."""

from reservations.admin import absences, activities, school_calendars, transmission, waiting

__all__ = ["absences", "activities", "school_calendars", "transmission", "waiting"]
