"""The agents' pages of every day, gathered for the site: what they are called and where they are."""

from django.urls import reverse

from reservations import admin_attendance, admin_closing, admin_desk, admin_headcounts


def links() -> list[tuple[str, str]]:
    """What the first page of the agents offers: (label, address)."""
    return [
        ("Feuilles de présence", reverse("admin:attendance_day")),
        ("Effectifs", reverse("admin:headcounts")),
        ("Réserver pour une famille", reverse("admin:desk")),
        ("Fermer une journée", reverse("admin:closing")),
    ]


def pages() -> list:
    """The addresses of these pages; the site of the agents lets only agents in."""
    return [*admin_attendance.pages(), *admin_headcounts.pages(), *admin_desk.pages(), *admin_closing.pages()]
