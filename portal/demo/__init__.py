"""The demo: a living authority made from real communes, calendars and prices, for a first look and for the journeys."""
