"""What the home pages say: news, and when bookings open and close."""

from dataclasses import dataclass, field
from datetime import datetime

from django.utils import timezone

from common.writing.rows import Rows
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
    found = {}
    for activity, name in _MOVING(now, now, commune, commune):
        _place(activity, found.setdefault(name, Dates(name)), now)
    return list(found.values())


_MOVING = Rows(
    """
    SELECT {activity}, commune.name
    FROM reservations_activity activity
    JOIN services_service service ON service.id = activity.service_id
    JOIN accounts_commune commune ON commune.id = service.commune_id
    WHERE activity.is_open AND service.is_open AND (booking_opens_at > %s OR booking_closes_at > %s)
        AND (%s::bigint IS NULL OR commune.id = %s)
    ORDER BY commune.name, commune.id, booking_opens_at, activity.name
    """,
    activity=Activity,
)


def first_names(user) -> list[str]:
    """The people of a person's family, eldest first."""
    return [name for (name,) in _NAMES(user.guardian.family_id)]


_NAMES = Rows(
    """
    SELECT member.first_name FROM families_member member JOIN families_membership own ON own.member_id = member.id
    WHERE own.family_id = %s AND own.withdrawn_at IS NULL ORDER BY member.birth_date, member.id
    """
)


def _place(activity: Activity, dates: Dates, now: datetime) -> None:
    activity.residents_first = bool(activity.residents_open_at and activity.residents_open_at > now)
    if activity.booking_opens_at > now:
        dates.opening.append(activity)
    else:
        dates.closing.append(activity)
