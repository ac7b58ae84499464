"""Deferred billing: every night, what was consumed is debited from the families' wallets, each booking once.

Locks in the one order: sessions → bookings by pk → accounts by pk. A booking that may still be cancelled waits.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime
from itertools import groupby

from django.db.models import Exists, OuterRef, prefetch_related_objects
from django.utils import timezone

from common.values.dates import day_and_month
from common.writing.rows import Rows
from common.writing.transactions import outermost
from reservations.actions.places.ledger import MAX_LABEL
from reservations.models import Booking, Session
from wallet.actions import post_many, revenue_accounts, wallet_of
from wallet.models import Operation, Wallet

CHUNK = 5000  # bookings a transaction: under a second, far below the limit to the waiting


def debit_the_day(today: date) -> dict[str, int]:
    """Debit the deferred bookings of the days up to ``today`` that are past cancelling; {"bookings", "cents"}.

    Each chunk is a transaction of its own: after a crash another run debits the rest, and two runs at once share it.
    """
    done = Counter(bookings=0, cents=0)
    for day, pks in _chunks(today):
        done.update(_debit(day, pks))
    return dict(done)


def _chunks(today: date) -> Iterator[tuple[date, list[int]]]:
    """(day, bookings), oldest day first, so that statements tell it in order; a family's day is never cut."""
    rows = Booking.objects.to_debit(today, timezone.now()).order_by("session__date", "family", "pk")
    for day, bookings in groupby(rows.values_list("session__date", "family", "pk"), key=lambda row: row[0]):
        chunk = []
        for _, group in groupby(bookings, key=lambda row: row[1]):
            chunk += [pk for *_, pk in group]
            if len(chunk) >= CHUNK:
                yield day, chunk
                chunk = []
        if chunk:
            yield day, chunk


@outermost
def _debit(day: date, pks: list[int]) -> dict[str, int]:
    """Debit those of the bookings of ``day`` that are still to be debited once they are locked."""
    now = timezone.now()
    sessions = _share_sessions(pks)
    bookings = _lock_bookings(day, pks, now)
    priced = [pk for pk, cents in bookings.items() if cents]
    if priced:
        _open_wallets(priced)
        label = f"Consommations du {day_and_month(day)}"
        moved = post_many(Operation.Kind.DEFERRED_DEBIT, _MOVES, _params(sessions, priced), label=label, at=now)
        if moved != len(priced):
            raise RuntimeError(f"{len(priced)} bookings of {day}, {moved} transfers")
    Booking.objects.filter(pk__in=bookings).update(debited_at=now)
    return {"bookings": len(bookings), "cents": sum(bookings.values())}


def _share_sessions(pks: list[int]) -> list[Session]:
    """The days of these bookings, kept as they are until the end: nobody moves a deadline or closes one meanwhile."""
    sessions = [day for (day,) in _SHARED(pks)]
    prefetch_related_objects(sessions, "activity__service__commune", "activity__purse")
    return sessions


def _lock_bookings(day: date, pks: list[int], now: datetime) -> dict[int, int]:
    """Cents by pk of the bookings that are still to be debited: another run or a cancellation may have come first."""
    rows = Booking.objects.to_debit(day, now).filter(pk__in=pks).order_by("pk")
    return dict(rows.select_for_update(of=("self",), no_key=True).values_list("pk", "cents"))


def _open_wallets(pks: list[int]) -> None:
    """Booking opens the wallet; one is missing only where the activity has since taken another purse."""
    wallets = Wallet.objects.filter(family=OuterRef("family"), purse=OuterRef("session__activity__purse"))
    rows = Booking.objects.filter(~Exists(wallets), pk__in=pks).select_related("family", "session__activity__purse")
    for booking in rows.order_by("family", "pk"):
        wallet_of(booking.family, booking.session.activity.purse)


def _params(sessions: list[Session], pks: list[int]) -> list[list]:
    revenue = revenue_accounts(session.activity.revenue_code for session in sessions)
    return [
        MAX_LABEL,
        [session.pk for session in sessions],
        [session.activity.purse_id for session in sessions],
        [revenue[session.activity.revenue_code] for session in sessions],
        [str(session) for session in sessions],
        pks,
    ]


# Limited days first, then by pk, as everywhere (``lock_sessions``); shared, since no counter of places changes.
_SHARED = Rows(
    """
    SELECT {day} FROM reservations_session day
    WHERE id IN (SELECT session_id FROM reservations_booking WHERE id = ANY(%s))
    ORDER BY capacity IS NULL, id FOR SHARE
    """,
    day=Session,
)
# The transfers of ``reservations.actions.places.ledger.pay_bookings``, written by the database.
_MOVES = """
    SELECT wallet.account_id AS source, day.revenue AS target, booking.cents, NULL::int AS minutes,
           'booking:' || booking.id AS reference, left(member.first_name || ', ' || day.name, %s) AS label
    FROM reservations_booking booking
    JOIN unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::text[]) AS day (session, purse, revenue, name)
      ON day.session = booking.session_id
    JOIN families_member member ON member.id = booking.member_id
    JOIN wallet_wallet wallet ON wallet.family_id = booking.family_id AND wallet.purse_id = day.purse
    WHERE booking.id = ANY(%s)
    ORDER BY booking.id
"""
