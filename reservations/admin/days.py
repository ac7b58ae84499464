"""The agents' pages of every day, gathered for the site: what they are called and where they are."""

from django.urls import reverse

from reservations.admin import attendance, calendar, closing, desk, headcounts


def links() -> list[tuple[str, str]]:
    """What the first page of the agents offers: (label, address)."""
    return [
        ("Feuilles de présence", reverse("admin:attendance_day")),
        ("Effectifs", reverse("admin:headcounts")),
        ("Réserver pour une famille", reverse("admin:desk")),
        ("Fermer une journée", reverse("admin:closing")),
        ("Calendrier", reverse("admin:calendar")),
    ]


def pages() -> list:
    """The addresses of these pages; the site of the agents lets only agents in."""
    apart = (attendance, headcounts, desk, closing, calendar)
    return [page for module in apart for page in module.pages()]
