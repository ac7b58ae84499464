"""The nightly transmission: what is not yet in a batch is frozen into one, its file is written once, then handed over.

Each back office has its own numbers. A crash anywhere is resumed by another run, which changes nothing but the time.
"""

import hashlib
import logging
from collections import Counter
from collections.abc import Iterator
from datetime import date
from functools import partial
from itertools import count

import psycopg
from django.db import connection
from django.db.models import F, Max
from django.utils import timezone
from psycopg.rows import tuple_row

from common.refusals import Refusal
from common.writing.states import move
from common.writing.transactions import outermost
from reservations.actions.places.changes import catch_up, tell_families
from reservations.backoffice import deliveries, files
from reservations.models import BackOffice, Change, Transmission

log = logging.getLogger(__name__)
PIECE = 16 * 1024 * 1024  # bytes of a file read at once


class NotDelivered(Refusal):
    """Some files did not arrive; they are kept and sent again, the same."""

    sentence = "Le logiciel métier n’a pas reçu le fichier. Il sera renvoyé dans l’heure, à l’identique."
    status = 503


# --- Freezing -------------------------------------------------------------------------------------------------------
def freeze_the_night(today: date) -> dict[str, int]:
    """Freeze a batch for each back office in service that has lines to send; {"batches", "lines"}."""
    done = Counter(batches=0, lines=0)
    for pk in BackOffice.objects.filter(is_active=True).values_list("pk", flat=True):
        lines = freeze(pk, today)
        done.update(batches=bool(lines), lines=lines)
    return dict(done)


@outermost
def freeze(office_pk: int, night: date) -> int:
    """Put every line that is in no batch yet into a new one and write its file; return how many, 0 for no batch.

    The back office's row is locked: numbers follow each other without a gap. Bookings go on meanwhile: a line that is
    not committed when the batch is taken goes with the next night.
    """
    office = BackOffice.objects.select_for_update(no_key=True).get(pk=office_pk)
    catch_up(office, night)
    tell_families(office)
    waiting = Change.objects.filter(back_office=office, transmission=None)
    if not waiting.exists():
        return 0
    last = office.transmissions.aggregate(last=Max("number"))["last"] or 0
    batch = Transmission.objects.create(
        back_office=office, number=last + 1, night=night, frozen_at=timezone.now(), format=office.format
    )
    lines = waiting.update(transmission=batch)
    _write_file(batch)
    return lines


def _write_file(batch: Transmission) -> None:
    """Piece by piece into the database, which joins them: the whole file is never in our memory."""
    digest = hashlib.sha256()
    # Sent as they are, in binary: quoted into the statement, 40 MB would become 200.
    with connection.cursor(), psycopg.Cursor(connection.connection) as cursor:
        cursor.execute("CREATE TEMP TABLE piece (rank int, data bytea) ON COMMIT DROP")
        for rank, data in enumerate(files.pieces(batch.format, batch.number, batch.night, _lines(batch))):
            digest.update(data)
            cursor.execute("INSERT INTO piece VALUES (%s, %b)", [rank, data])
        cursor.execute(
            "UPDATE reservations_transmission SET file = (SELECT string_agg(data, '' ORDER BY rank) FROM piece),"
            " digest = %s WHERE id = %s AND file IS NULL",
            [digest.hexdigest(), batch.pk],
        )
        cursor.execute("DROP TABLE piece")


def _lines(batch: Transmission) -> Iterator[files.Line]:
    """Families first, so that the others speak of people that the reader knows; then in the order of the acts."""
    for rows in (batch.changes.filter(booking=None), batch.changes.exclude(booking=None)):
        for row in rows.order_by("pk").values_list("pk", "kind", "booking", "payload").iterator(chunk_size=5000):
            yield files.Line(*row)


# --- Handing over ---------------------------------------------------------------------------------------------------
def transmit(today: date) -> dict[str, int]:
    """The night's delivery; raise NotDelivered, which has it tried again within the hour."""
    return deliver_pending()


def deliver_pending() -> dict[str, int]:
    """Hand over every frozen file that was not yet, in order; raise NotDelivered when one could not, others being done."""
    sent, failed = 0, []
    for office in BackOffice.objects.filter(is_active=True, transmissions__status="frozen").distinct():
        for pk in office.transmissions.filter(status="frozen").order_by("number").values_list("pk", flat=True):
            try:
                deliver(pk)
            except NotDelivered as refusal:
                failed += refusal.sentences
                break  # the next number waits for this one
            sent += 1
    if failed:
        raise NotDelivered(*failed)
    return {"sent": sent}


def deliver(pk: int) -> None:
    """Hand over one file, again if asked: always the same bytes. Outside any transaction; raise NotDelivered."""
    batch = Transmission.objects.select_related("back_office").defer("file").get(pk=pk)
    try:
        deliveries.send(batch.back_office, parcel_of(batch, _file_of(batch)))
    except deliveries.DeliveryError as error:
        log.warning("transmission %s not delivered: %s", pk, error)
        Transmission.objects.filter(pk=pk).update(tries=F("tries") + 1, error=str(error)[:200])
        raise NotDelivered(f"{batch} : {error}") from error
    _mark_sent(pk)


def _file_of(batch: Transmission) -> bytes:
    """The bytes of the file, read in binary and in pieces: at once and as text they would take five times their place."""
    return b"".join(iter(partial(_piece_of, batch, count(1, PIECE)), b""))


def _piece_of(batch: Transmission, starts: Iterator[int]) -> bytes:
    with connection.cursor(), psycopg.Cursor(connection.connection, row_factory=tuple_row) as cursor:
        query = "SELECT substring(file FROM %s FOR %s) FROM reservations_transmission WHERE id = %s"
        cursor.execute(query, [next(starts), PIECE, batch.pk], binary=True)
        return cursor.fetchone()[0]


def parcel_of(batch: Transmission, data: bytes = b"") -> deliveries.Parcel:
    return deliveries.Parcel(batch.number, batch.format, batch.digest, data)


@outermost
def _mark_sent(pk: int) -> None:
    batch = Transmission.objects.defer("file").select_for_update(no_key=True).get(pk=pk)
    Transmission.objects.filter(pk=pk).update(tries=F("tries") + 1, error="")
    if batch.status == Transmission.Status.FROZEN:
        move(batch, Transmission.Status.SENT, sent_at=timezone.now())
