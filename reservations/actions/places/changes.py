"""What the back office will be told: a line for every booking and cancellation, written with it, never after it."""

from collections.abc import Iterable
from datetime import date, timedelta

from django.db import connection
from django.utils import timezone

from common.values.calendars import school_year_of
from reservations.models import BackOffice, Booking, Change


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

# --- What the night makes sure of -----------------------------------------------------------------------------------
PAST = timedelta(days=31)  # how long after its day the end of a booking is still told


def catch_up(office: BackOffice, today: date) -> None:
    """Write the lines that a back office lacks: standing days of a service linked since, ends that nobody told it.

    The caller holds the back office's lock: two nights at once write each line once.
    """
    now = timezone.now()
    with connection.cursor() as cursor:
        cursor.execute(_STANDING, [now, today, office.pk])
        cursor.execute(_ENDED, [now, today - PAST, office.pk])


def tell_families(office: BackOffice) -> None:
    """Write a line for each family of this back office whose details are not those it was told last.

    Known families and those that have a line to send; nothing of health, money or quotient.
    """
    known = {"office": office.pk, "year": school_year_of(timezone.localdate()), "now": timezone.now()}
    with connection.cursor() as cursor:
        cursor.execute(_FAMILIES, known)


_MISSING = f"""{INTO}
    SELECT link.back_office_id, asked.kind, booking.id, booking.family_id, {LINE}, %s, '', ''
    FROM reservations_booking booking {TOLD}
"""
_STANDING = f"""{_MISSING}
    CROSS JOIN (VALUES ('booking')) AS asked (kind)
    WHERE booking.status = 'booked' AND day.date >= %s AND link.back_office_id = %s
      AND NOT EXISTS (SELECT FROM reservations_change line WHERE line.booking_id = booking.id)
    ORDER BY booking.id
"""
_ENDED = f"""{_MISSING}
    CROSS JOIN (VALUES ('cancellation')) AS asked (kind)
    JOIN reservations_change made ON made.booking_id = booking.id AND made.kind = 'booking' AND made.verdict <> 'refused'
    WHERE booking.status <> 'booked' AND day.date >= %s AND link.back_office_id = %s
      AND NOT EXISTS (
          SELECT FROM reservations_change line WHERE line.booking_id = booking.id AND line.kind = 'cancellation'
      )
    ORDER BY booking.id
"""
_FAMILIES = f"""
    WITH told AS (
        SELECT DISTINCT ON (family_id) family_id, payload FROM reservations_change
        WHERE booking_id IS NULL AND back_office_id = %(office)s ORDER BY family_id, id DESC
    ), asked AS (
        SELECT family_id AS id FROM told
        UNION SELECT family_id FROM reservations_change WHERE transmission_id IS NULL AND back_office_id = %(office)s
    ), adults AS (
        SELECT family_id AS id, jsonb_agg(jsonb_build_object(
            'first_name', person.first_name, 'last_name', person.last_name, 'email', coalesce(person.email, ''),
            'phone', person.phone, 'address', person.address, 'postcode', person.postcode, 'city', person.city
        ) ORDER BY guardian.id) AS guardians
        FROM families_guardian guardian JOIN accounts_user person ON person.id = guardian.user_id
        WHERE family_id IN (SELECT id FROM asked) GROUP BY family_id
    ), people AS (
        SELECT family_id AS id, jsonb_agg(jsonb_build_object(
            'member', member.id, 'first_name', member.first_name, 'last_name', member.last_name,
            'birth_date', member.birth_date, 'kinship', kinship,
            'school', coalesce(school.name, ''), 'school_class', coalesce(class.name, '')
        ) ORDER BY member.id) AS members
        FROM families_membership membership JOIN families_member member ON member.id = membership.member_id
        LEFT JOIN families_schooling year ON year.member_id = member.id AND year.school_year = %(year)s
        LEFT JOIN families_schoolclass class ON class.id = year.school_class_id
        LEFT JOIN families_school school ON school.id = class.school_id
        WHERE withdrawn_at IS NULL AND family_id IN (SELECT id FROM asked) GROUP BY family_id
    ), today AS (
        SELECT family.id, jsonb_build_object(
            'family', 'D' || family.id + 1000, 'name', family.name, 'commune', coalesce(commune.insee_code, ''),
            'guardians', coalesce(guardians, '[]'), 'members', coalesce(members, '[]')
        ) AS payload
        FROM asked JOIN families_family family USING (id) LEFT JOIN adults USING (id) LEFT JOIN people USING (id)
        LEFT JOIN accounts_commune commune ON commune.id = family.commune_id
    )
    {INTO}
    SELECT %(office)s, 'family', NULL, today.id, today.payload, %(now)s, '', ''
    FROM today LEFT JOIN told ON told.family_id = today.id
    WHERE told.payload IS DISTINCT FROM today.payload
    ORDER BY today.id
"""
