"""What families are reminded of before a deadline."""

from collections.abc import Collection
from datetime import date, datetime

from django.urls import reverse

from common.background.mailing import queue_all
from common.models import OutgoingEmail
from common.values.dates import day_and_month
from families.models import Guardian
from reservations.models import Activity
from reservations.rules import spoken_deadline


def nothing_booked(families: Collection[int], activity: Activity, monday: date, deadline: datetime) -> None:
    """« Pensez à réserver »: nothing is booked that week; until when, where, and how to hear no more of it."""
    context = {
        "activity": str(activity),
        "week": day_and_month(monday),
        "deadline": spoken_deadline(deadline),
        "address": reverse("reservations:calendar", args=[activity.slug]) + f"?mois={monday:%Y-%m}",
        "switch": reverse("reservations:reminders"),
    }
    guardians = Guardian.objects.filter(family__in=families, user__reminders_off=None).select_related("user")
    queue_all(
        [
            OutgoingEmail(
                template="reservations/nothing_booked", to=each.user.email or "", owner=each.user.owner, context=context
            )
            for each in guardians.order_by("pk")
        ]
    )
