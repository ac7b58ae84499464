"""What the back office will be told: a line for every booking and cancellation, written with it, never after it."""

from collections.abc import Iterable

from django.db import connection
from django.utils import timezone

from reservations.models import Booking, Change


def record_changes(*, booked: Iterable[Booking] = (), cancelled: Iterable[Booking] = ()) -> None:
    """Write the lines of what was just booked and cancelled, all that is told of it frozen; in the caller's transaction.

    Only for services that a back office knows; in one statement, after the bookings are saved as they will stay.
    """
    kinds = [Change.Kind.BOOKING] * len(new := [each.pk for each in booked])
    kinds += [Change.Kind.CANCELLATION] * len(ended := [each.pk for each in cancelled])
    if kinds:
        with connection.cursor() as cursor:
            cursor.execute(_LINES, [timezone.now(), new + ended, [kind.value for kind in kinds]])


# Words of the payload: docs/transmission.md. Instants are UTC, amounts cents.
LINE = """
    jsonb_build_object(
        'family', 'D' || booking.family_id + 1000,
        'member', booking.member_id, 'first_name', member.first_name, 'last_name', member.last_name,
        'birth_date', member.birth_date, 'service', service.id, 'service_name', service.name,
        'commune', commune.insee_code, 'activity', activity.slug, 'activity_name', activity.name,
        'date', day.date, 'arrival', to_char(day.arrival, 'HH24:MI'), 'departure', to_char(day.departure, 'HH24:MI'),
        'quantity', booking.quantity, 'cents', booking.cents, 'billing', booking.billing, 'origin', booking.origin,
        'made_at', to_char(
            CASE asked.kind WHEN 'booking' THEN request.at ELSE booking.cancelled_at END AT TIME ZONE 'UTC',
            'YYYY-MM-DD"T"HH24:MI:SS"Z"'
        )
    )
"""
TOLD = """
    JOIN reservations_order request ON request.id = booking.order_id
    JOIN reservations_session day ON day.id = booking.session_id
    JOIN reservations_activity activity ON activity.id = day.activity_id
    JOIN reservations_backofficeservice link ON link.service_id = activity.service_id
    JOIN services_service service ON service.id = activity.service_id
    JOIN accounts_commune commune ON commune.id = service.commune_id
    JOIN families_member member ON member.id = booking.member_id
"""
INTO = """
    INSERT INTO reservations_change (
        back_office_id, kind, booking_id, family_id, payload, created_at, verdict, reason
    )
"""
_LINES = f"""{INTO}
    SELECT link.back_office_id, asked.kind, booking.id, booking.family_id, {LINE}, %s, '', ''
    FROM unnest(%s::bigint[], %s::text[]) WITH ORDINALITY AS asked (pk, kind, rank)
    JOIN reservations_booking booking ON booking.id = asked.pk
    {TOLD}
    ORDER BY asked.rank
"""
