"""The agents' pages of reservations: importing them registers them."""

from reservations.admin import absences, activities, school_calendars, transmission, waiting

__all__ = ["absences", "activities", "school_calendars", "transmission", "waiting"]
