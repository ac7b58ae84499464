"""Activation letters: one printed page a person, with their identifier and a code that serves once."""

from datetime import timedelta

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from accounts.models import ACTIVATION_DAYS, User
from common.files.pdf import render_pdf
from common.models import authority

MAX_LETTERS = 200  # a print run; more would keep the browser waiting


def letters_context(codes: list[tuple[User, str]]) -> dict:
    """Return what the letters say; the codes are known here only, in clear, once."""
    today = timezone.localdate()
    return {
        "letters": [{"user": user, "code": code} for user, code in codes],
        "authority": authority(),
        "address": settings.PUBLIC_URL + reverse("activation"),
        "today": today,
        "valid_until": today + timedelta(days=ACTIVATION_DAYS),
    }


def letters_pdf(context: dict) -> bytes:
    """Return the letters in one PDF; raise PdfUnavailable where it cannot be drawn."""
    return render_pdf("pdf/activation_letter.html", context)
