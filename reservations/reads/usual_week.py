"""The days of a week that a family usually books, as (session, member) pairs."""

from datetime import date, timedelta

from common.writing.rows import Rows
from reservations.rules.usual_week import usual_days

LOOK_BACK = timedelta(weeks=8)  # holidays are leapt over, a year gone by is not


def coming_monday(today: date) -> date:
    """The Monday of the coming week."""
    return today + timedelta(7 - today.weekday())


def usual_pairs(family_id: int, monday: date, like_last: bool = False) -> list[tuple[int, int, bool]]:
    """The usual (session, member) pairs of the week in order, each with whether it is booked already, in two queries.

    ``like_last``: as in the week booked last, instead of what most of the last ones have in common.
    """
    history = _HISTORY(family_id, monday - LOOK_BACK, monday)
    if like_last and history:
        latest = max(day - timedelta(day.weekday()) for *_, day in history)
        history = [row for row in history if row[2] >= latest]
    usual = usual_days(history)
    if not usual:
        return []
    members, activities = map(list, zip(*usual, strict=True))
    days = _DAYS(members, activities, monday, monday + timedelta(7))
    return [
        (session, who, booked) for session, day, activity, who, booked in days if day.weekday() in usual[who, activity]
    ]


_HISTORY = Rows(
    """
    SELECT booking.member_id, session.activity_id, session.date
    FROM reservations_booking booking JOIN reservations_session session ON session.id = booking.session_id
    WHERE booking.family_id = %s AND booking.status = 'booked' AND session.date >= %s AND session.date < %s
    """
)
_DAYS = Rows(
    """
    SELECT session.id, session.date, session.activity_id, usual.member, EXISTS (
        SELECT FROM reservations_booking booking
        WHERE booking.session_id = session.id AND booking.member_id = usual.member AND booking.status = 'booked'
    )
    FROM unnest(%s::bigint[], %s::bigint[]) AS usual (member, activity)
    JOIN reservations_session session ON session.activity_id = usual.activity
    WHERE session.date >= %s AND session.date < %s
    ORDER BY session.date, usual.member, session.id
    """
)
