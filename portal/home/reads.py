"""What the home pages say: news, and when bookings open and close."""

from dataclasses import dataclass, field
from datetime import datetime

from django.utils import timezone

from portal.models import News
from reservations.models import Activity

NEWS_SHOWN = 6


def commune_of(user) -> int | None:
    """The commune whose news a person reads, none for who is not signed in."""
    return user.commune_id if user.is_authenticated else None


def news_for(user) -> list[News]:
    """The latest news of the person's commune and of all; of every commune for who is not signed in."""
    return list(News.objects.shown(timezone.localdate(), commune_of(user))[:NEWS_SHOWN])


@dataclass
class Dates:
    """When the bookings of a commune's activities open or close: each an activity with its own instants."""

    commune: str
    opening: list[Activity] = field(default_factory=list)
    closing: list[Activity] = field(default_factory=list)


def booking_dates(user) -> list[Dates]:
    """« Dates des réservations », commune by commune (S4-9), the person's alone once they are signed in."""
    now, commune = timezone.now(), commune_of(user)
    activities = Activity.objects.offered()
    if commune:
        activities = activities.filter(service__commune=commune)
    found = {}
    for activity in activities.order_by("service__commune__name", "booking_opens_at", "name"):
        place = found.setdefault(activity.service.commune_id, Dates(activity.service.commune.name))
        _place(activity, place, now)
    return [dates for dates in found.values() if dates.opening or dates.closing]


def _place(activity: Activity, dates: Dates, now: datetime) -> None:
    activity.residents_first = bool(activity.residents_open_at and activity.residents_open_at > now)
    if activity.booking_opens_at > now:
        dates.opening.append(activity)
    elif activity.booking_closes_at and activity.booking_closes_at > now:
        dates.closing.append(activity)
