"""What back offices answer, line by line: taken once, whatever comes twice, too late, unknown or against what was said.

A refused booking ends here: recredited, its place free. Files are fetched and read outside any transaction; lines are
then taken in chunks, each whole, so that a crash leaves nothing half done and the next run takes the rest.
Locks: sessions → booking → line → waitlist entries → accounts; accepted lines by pk, nothing else.
"""

import hashlib
import logging
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from django.db import connection
from django.utils import timezone

from accounts.models import User
from common.refusals import Refusal
from common.writing.once import claim_key
from common.writing.states import move
from common.writing.transactions import outermost
from reservations.actions.places.baskets import change_counters, lock_sessions
from reservations.actions.places.ledger import MAX_LABEL, Posting, post_orders, recredit_bookings
from reservations.actions.places.promotion import promote
from reservations.actions.telling.transmission import deliver, parcel_of
from reservations.backoffice import deliveries, files
from reservations.emails import reports as emails_reports
from reservations.models import Booking, Change, Order, Transmission
from wallet.actions import Draft
from wallet.models import Operation

log = logging.getLogger(__name__)
CHUNK = 5000  # lines a transaction
AWAITED = timedelta(days=31)  # how long after its night an answer is still fetched; an agent may give it later
SHOWN = 10  # line numbers in a remark
Kind, Verdict = Change.Kind, Change.Verdict


class NotTaken(Refusal):
    """Some answers could not be had or read; asked for again every hour."""

    sentence = "La réponse du logiciel métier n’a pas pu être lue. Elle sera redemandée dans l’heure."
    status = 503


# --- Fetching -------------------------------------------------------------------------------------------------------
def collect_answers() -> dict[str, int]:
    """Fetch and take what back offices answer to what they were sent; raise NotTaken when one failed, others being done."""
    taken, failed = 0, []
    since = timezone.localdate() - AWAITED
    sent = Transmission.objects.filter(status="sent", back_office__is_active=True, night__gte=since)
    down = set()
    for batch in sent.defer("file").select_related("back_office").order_by("pk"):
        if batch.back_office_id in down:
            continue
        try:
            taken += _collect(batch)
        except deliveries.DeliveryError as error:
            down.add(batch.back_office_id)
            failed.append(_fail(batch, error))
        except Refusal as refusal:
            failed.append(_fail(batch, refusal))
    if failed:
        raise NotTaken(*failed)
    return {"answers": taken}


def _collect(batch: Transmission) -> bool:
    """Whether there was something new to take."""
    data = deliveries.fetch(batch.back_office, parcel_of(batch))
    if data is None or _digest(data) == batch.answer_digest:
        Transmission.objects.filter(pk=batch.pk).exclude(error="").update(error="")
        return False
    take_answer(batch, data)
    return True


def _fail(batch: Transmission, error: Exception) -> str:
    log.warning("answer to transmission %s not taken: %s", batch.pk, error)
    Transmission.objects.filter(pk=batch.pk).update(error=str(error)[:200])
    return f"{batch} : {error}"


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


# --- Taking ---------------------------------------------------------------------------------------------------------
def take_answer(batch: Transmission, data: bytes) -> dict[str, int]:
    """Take what is new in an answer, outside any transaction; {"accepted", "refused", "remarks"}. Raise BadAnswer.

    The first verdict of a line stands. What does not fit is left out and told to the agents on the batch's page.
    """
    answer = files.read_answer(batch.number, data)
    standing = dict(batch.changes.values_list("pk", "verdict").iterator(chunk_size=CHUNK))
    new = sorted(line for line in answer.said if standing.get(line) == "")
    accepted = [line for line in new if answer.said[line].verdict == Verdict.ACCEPTED]
    refused = {line: answer.said[line].reason for line in new if answer.said[line].verdict == Verdict.REFUSED}
    for chunk in _chunks(accepted):
        _accept(chunk)
    for line in refused:
        _refuse(batch.pk, line, refused[line])
    remarks = list(_remarks(answer, standing))
    _close(batch.pk, "\n".join(remarks), _digest(data))
    return {"accepted": len(accepted), "refused": len(refused), "remarks": len(remarks)}


def _chunks(lines: list[int]) -> Iterator[list[int]]:
    for first in range(0, len(lines), CHUNK):
        yield lines[first : first + CHUNK]


@outermost
def _accept(lines: list[int]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_ACCEPT, [timezone.now(), lines])


# Locks by pk before it writes: two runs at once wait for each other, never in a circle. The lines are the batch's, read
# from it: asked for by batch too, or joined, PostgreSQL may walk through the whole batch for each chunk.
_ACCEPT = """
    UPDATE reservations_change SET verdict = 'accepted', verdict_at = %s WHERE id = ANY (ARRAY (
        SELECT id FROM reservations_change WHERE id = ANY(%s) AND verdict = '' ORDER BY id FOR NO KEY UPDATE
    ))
"""


@outermost
def _refuse(batch_pk: int, pk: int, reason: str) -> None:
    """A refused booking ends; a refused cancellation, or family, waits for an agent (``Change.objects.to_handle``)."""
    line, now = Change.objects.select_related("booking").get(pk=pk), timezone.now()
    booking = None
    if line.kind == Kind.BOOKING:
        session = lock_sessions([line.booking.session_id])[line.booking.session_id]
        booking = Booking.objects.select_for_update(of=("self",), no_key=True).get(pk=line.booking_id)
    waiting = Change.objects.filter(pk=pk, transmission=batch_pk, verdict="")
    if waiting.update(verdict=Verdict.REFUSED, reason=reason, verdict_at=now) and booking:
        _end(booking, f"Refusée par le service – {session}"[:MAX_LABEL], now)


def _end(booking: Booking, label: str, now: datetime) -> None:
    """Nothing was kept for a booking that the service refuses: the place goes to who waits and all money is back.

    No line tells the back office so: it does not know the booking.
    """
    if booking.status == Booking.Status.BOOKED:
        move(booking, Booking.Status.CANCELLED, cancelled_at=now)
        change_counters(Counter(), Counter([booking.session_id]))
        post_orders(promote([booking.session_id], _recredit(booking, label, now)))
    elif (order := booking.cancelled_in) and order.consent and not order.operation_id:
        # An agent had cancelled it too late to give the money back: it is given back now.
        post_orders(_recredit(booking, label, now, order))


def _recredit(booking: Booking, label: str, now: datetime, order: Order | None = None) -> list[Posting]:
    moves = recredit_bookings([booking])
    return [(Draft(Operation.Kind.CANCELLATION, moves, None, label, now), order)] if moves else []


@outermost
def _close(batch_pk: int, remarks: str, digest: str) -> None:
    """Remember what was taken; a batch is answered once each of its lines is."""
    batch, now = Transmission.objects.defer("file").select_for_update(no_key=True).get(pk=batch_pk), timezone.now()
    seen = batch.checked_at if remarks == batch.remarks else None
    rows = Transmission.objects.filter(pk=batch_pk)
    rows.update(remarks=remarks, checked_at=seen, answer_digest=digest, error="")
    answered = batch.status == Transmission.Status.ANSWERED
    if not answered and not batch.changes.filter(verdict="").exists():
        move(batch, Transmission.Status.ANSWERED, answered_at=now, sent_at=batch.sent_at or now)


# --- Remarks --------------------------------------------------------------------------------------------------------
def _remarks(answer: files.Answer, standing: dict[int, str]) -> Iterator[str]:
    """What does not fit, in sentences for the agents."""
    known = [line for line in answer.said if line in standing]
    against = [line for line in known if standing[line] not in ("", answer.said[line].verdict)]
    unknown = [line for line in answer.said if line not in standing]
    yield from _listed("Lignes inconnues de cette transmission, ignorées", unknown)
    yield from _listed("Lignes qui avaient reçu l’autre réponse, laissées telles quelles", against)
    yield from _listed("Lignes à deux réponses contraires, ignorées", answer.contradicted)
    yield from _listed("Lignes répétées, prises une fois", answer.repeated)


def _listed(what: str, lines: Iterable[int]) -> Iterator[str]:
    lines = sorted(lines)
    if lines:
        more = f" et {len(lines) - SHOWN} autres" if len(lines) > SHOWN else ""
        yield f"{what} : {', '.join(map(str, lines[:SHOWN]))}{more}."


# --- What agents do ---------------------------------------------------------------------------------------------------
class AlreadyHandled(Refusal):
    """Someone else put it right a moment before."""

    sentence = "Ce refus est déjà réglé."


@outermost
def handle_refusal(*, agent: User, line: Change, note: str, key: str) -> Change:
    """An agent has put a refused line right with the back office; the family of a cancellation is told how.

    ``line`` is of the agent's communes. A second click gets the first answer. Raise AlreadyHandled.
    """
    once = claim_key(key, agent.owner, f"handle-refusal:{line.pk}")
    if once.answer:
        return line
    rows = Change.objects.of_agent(agent).select_for_update(of=("self",), no_key=True)
    line = rows.get(pk=line.pk, verdict=Verdict.REFUSED)
    if line.handled_at:
        raise AlreadyHandled
    line.handled_at, line.handled_by, line.note = timezone.now(), agent, note
    line.save(update_fields=["handled_at", "handled_by", "note"])
    if line.kind == Kind.CANCELLATION:
        emails_reports.cancellation_settled(line)
    once.remember({"line": line.pk})
    return line


def resend(*, agent: User, batch: Transmission, key: str) -> Transmission:
    """An agent has the same file handed over again, byte for byte; raise NotDelivered."""
    if _is_first(agent, f"resend:{batch.pk}", key):
        deliver(batch.pk)
    return batch


def upload_answer(*, agent: User, batch: Transmission, data: bytes, key: str) -> Transmission:
    """An agent gives the answer that a back office handed over otherwise; raise BadAnswer."""
    files.read_answer(batch.number, data)  # a bad file leaves the key unused
    if _is_first(agent, f"upload-answer:{batch.pk}", key):
        take_answer(batch, data)
    return batch


@outermost
def _is_first(agent: User, purpose: str, key: str) -> bool:
    """Whether this click is the first: what follows is done outside any transaction, and may be done twice."""
    once = claim_key(key, agent.owner, purpose)
    if once.answer:
        return False
    once.remember({"done": True})
    return True


@outermost
def check_remarks(*, agent: User, batch: Transmission, key: str) -> Transmission:
    """An agent has read what did not fit in an answer: it waits for nobody any more."""
    once = claim_key(key, agent.owner, f"check-remarks:{batch.pk}")
    if not once.answer:
        Transmission.objects.filter(pk=batch.pk, remarks=batch.remarks).update(checked_at=timezone.now())
        once.remember({"batch": batch.pk})
    return batch
