"""The agents' pages of every day, gathered for the site: where they are."""

from reservations.admin import attendance, calendar, closing, desk, headcounts


def pages() -> list:
    """The addresses of these pages; the site of the agents lets only agents in."""
    apart = (attendance, headcounts, desk, closing, calendar)
    return [page for module in apart for page in module.pages()]
