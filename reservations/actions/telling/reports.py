"""The morning's report: what the night made definitive is told to each family, once (S4-93, S4-124).

Bookings of services that no back office knows become definitive here; the others when it has answered. Definitive and
told is one transaction: whatever crashes, nobody is told twice, nor forgotten.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date, datetime, timedelta

from django.db import connection
from django.db.models import Exists, OuterRef
from django.utils import timezone

from common.writing.transactions import outermost
from reservations.emails.reports import REFUSED, Told, reports
from reservations.models import BackOfficeService, Booking, Change

CHUNK = 500  # families a transaction
RECENT = timedelta(days=7)  # what was asked for earlier is settled without a word: a portal that is taken up anew


def settle_and_report(today: date) -> dict[str, int]:
    """Settle what no back office decides, tell every family what is new; {"settled", "reports"}."""
    done, unsettled = Counter(settled=0, reports=0), defaultdict(list)
    for family, booking in _unsettled().order_by().values_list("family", "pk"):
        unsettled[family].append(booking)
    for families in _chunks(sorted({*unsettled, *_answered()})):
        done.update(_settle_and_tell(families, [pk for family in families for pk in unsettled.get(family, ())]))
    return dict(done)


def report_answers() -> dict[str, int]:
    """Tell families what back offices have answered since the morning; {"reports"}. For the hours of the day."""
    reports = 0
    for families in _chunks(sorted(set(_answered()))):
        reports += _tell(families)
    return {"reports": reports}


def _unsettled():
    """What no back office decides: of services that none knows, and days over before one knew their service."""
    linked = {"session__activity__service__in": BackOfficeService.objects.values("service")}
    said = Change.objects.filter(booking=OuterRef("pk"))
    untold = Booking.objects.filter(~Exists(said), settled_at=None)
    return untold.exclude(**linked, session__date__gte=timezone.localdate())


def _answered():
    return Change.objects.filter(reported_at=None).exclude(verdict="").values_list("family", flat=True).distinct()


def _chunks(families: list[int]) -> Iterator[list[int]]:
    for first in range(0, len(families), CHUNK):
        yield families[first : first + CHUNK]


@outermost
def _settle_and_tell(families: list[int], bookings: list[int]) -> dict[str, int]:
    """Bookings by pk, then lines by pk; what another run took a moment before is no more among them."""
    now, told = timezone.now(), []
    settled = _settle(bookings, now) if bookings else {}
    for rows in (settled.values(), _report(families, now)):
        told += rows
    recent = [each for each in told if each.asked_at >= now - RECENT]
    return {"settled": len(settled), "reports": reports(recent)}


@outermost
def _tell(families: list[int]) -> int:
    return reports(_report(families, timezone.now()))


def _settle(bookings: list[int], now: datetime) -> dict[int, Told]:
    rows = _unsettled().filter(pk__in=bookings).order_by("pk").select_for_update(of=("self",), no_key=True)
    found = {
        pk: Told(family, asked_at, day, first_name, activity, "Annulée" if ended else "Validée")
        for pk, family, asked_at, day, first_name, activity, ended in rows.values_list(
            "pk",
            "family",
            "order__at",
            "session__date",
            "member__first_name",
            "session__activity__name",
            "cancelled_at",
        )
    }
    Booking.objects.filter(pk__in=found).update(settled_at=now)
    return found


def _report(families: list[int], now: datetime) -> list[Told]:
    with connection.cursor() as cursor:
        cursor.execute(_ANSWERED, [now, families])
        return [_told(*row) for row in cursor.fetchall() if row[1] != Change.Kind.FAMILY]


# In one statement, which takes the lines by pk: two hundred thousand of them are no objects of ours. As an array of keys:
# joined, PostgreSQL may read the whole table for each chunk.
_ANSWERED = """
    WITH told AS (
        UPDATE reservations_change SET reported_at = %s WHERE id = ANY (ARRAY (
            SELECT id FROM reservations_change WHERE family_id = ANY(%s) AND reported_at IS NULL AND verdict <> ''
            ORDER BY id FOR NO KEY UPDATE
        )) RETURNING *
    )
    SELECT family_id, kind, verdict, reason, verdict_at, (payload->>'date')::date, payload->>'first_name',
           payload->>'activity_name'
    FROM told ORDER BY id
"""


def _told(family: int, kind: str, verdict: str, reason: str, at: datetime, day: date, *names: str) -> Told:
    return Told(family, at, day, *names, _STATES[kind, verdict == Change.Verdict.REFUSED], reason)


_STATES = {
    (Change.Kind.BOOKING, False): "Validée",
    (Change.Kind.BOOKING, True): REFUSED,
    (Change.Kind.CANCELLATION, False): "Annulation validée",
    (Change.Kind.CANCELLATION, True): "Annulation à l’étude",
}
