"""The agents' pages of every day, gathered for the site: what they are called and where they are."""

from django.urls import reverse

from reservations import admin_attendance, admin_calendar, admin_closing, admin_desk, admin_headcounts


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
    apart = (admin_attendance, admin_headcounts, admin_desk, admin_closing, admin_calendar)
    return [page for module in apart for page in module.pages()]
