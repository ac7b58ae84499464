"""A family's days to come, booked or waited for, as its lists show them."""

from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby

from django.utils import timezone

from accounts.models import User
from common.values.dates import date_short
from common.writing.rows import Listing, Rows
from families.models import Member
from reservations.models import Activity, Session, WaitlistEntry
from reservations.rules import in_time


@dataclass(frozen=True, slots=True)
class UpcomingDay:
    """A booking to come, at its price in cents."""

    pk: int
    date: date
    cancellable_until: datetime | None
    activity: str
    member_id: int
    first_name: str
    last_name: str
    cents: int

    @property
    def member(self) -> str:
        return f"{self.first_name} {self.last_name}"

    @property
    def changeable(self) -> bool:
        """Whether the red cross stands."""
        return in_time(self.cancellable_until, timezone.now())

    @property
    def cancel_label(self) -> str:
        """What the red cross says."""
        return f"Annuler {self.activity}, {self.first_name}, {date_short(self.date)}"


def upcoming(user: User) -> Listing:
    """The family's bookings from today on, each a UpcomingDay."""
    return Listing(_HOW_MANY, _UPCOMING, UpcomingDay, user.guardian.family_id, timezone.localdate())


_HOW_MANY = Rows(
    """
    SELECT count(*) FROM reservations_booking booking JOIN reservations_session session ON session.id = booking.session_id
    WHERE booking.family_id = %s AND booking.status = 'booked' AND session.date >= %s
    """
)
_UPCOMING = Rows(
    """
    SELECT booking.id, session.date, session.cancellable_until, activity.name, member.id, member.first_name, member.last_name,
        booking.cents
    FROM reservations_booking booking
    JOIN reservations_session session ON session.id = booking.session_id
    JOIN reservations_activity activity ON activity.id = session.activity_id
    JOIN families_member member ON member.id = booking.member_id
    WHERE booking.family_id = %s AND booking.status = 'booked' AND session.date >= %s
    ORDER BY session.date, member.birth_date, booking.id
    LIMIT %s OFFSET %s
    """
)


def by_day(bookings: list[UpcomingDay]) -> list[tuple[date, list[UpcomingDay]]]:
    """The bookings grouped by their day, in order."""
    return [(day, list(rows)) for day, rows in groupby(bookings, key=lambda row: row.date)]


def waited_for(user: User) -> list[WaitlistEntry]:
    """The family's places on waiting lists, with their ``rank``; those that are offered first."""
    found = []
    for entry, session, activity, member, rank in _WAITED_FOR(user.guardian.family_id, list(WaitlistEntry.LIVE)):
        entry.session, entry.member, entry.rank, session.activity = session, member, rank, activity
        found.append(entry)
    return found


# The rank is that of ``WaitlistEntryQuerySet.with_rank``.
_WAITED_FOR = Rows(
    """
    SELECT {entry}, {session}, {activity}, {member}, 1 + (
        SELECT count(*) FROM reservations_waitlistentry ahead
        WHERE ahead.session_id = entry.session_id AND ahead.status = 'waiting'
            AND (-ahead.priority, ahead.arrived_at, ahead.id) < (-entry.priority, entry.arrived_at, entry.id)
    )
    FROM reservations_waitlistentry entry
    JOIN reservations_session session ON session.id = entry.session_id
    JOIN reservations_activity activity ON activity.id = session.activity_id
    JOIN families_member member ON member.id = entry.member_id
    WHERE entry.family_id = %s AND entry.status = ANY(%s)
    ORDER BY entry.offered_until NULLS LAST, session.date, entry.id
    """,
    entry=WaitlistEntry,
    session=Session,
    activity=Activity,
    member=Member,
)
