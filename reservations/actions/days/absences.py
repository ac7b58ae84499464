"""« Signaler une absence »: told by the family past the deadline, proven in time, recredited when an agent says so.

Locks in the one order: key → members by pk → sessions (``lock_sessions``) → bookings by pk → absence → accounts.
"""

from datetime import date
from uuid import UUID

from django.core.files.uploadedfile import UploadedFile
from django.utils import timezone

from accounts.models import User
from common.background.retention import KEPT, months_before
from common.documents import vault
from common.documents.intake import accept_upload
from common.documents.refusals import DocumentMissing
from common.refusals import Refusal
from common.values.calendars import school_year_of
from common.writing.once import claim_key
from common.writing.states import move
from common.writing.transactions import outermost
from families.actions.health import log_reading
from reservations.actions.desk import end_booking, lock_booking
from reservations.actions.places.baskets import lock_sessions
from reservations.emails import desk as emails_desk
from reservations.models import Absence, Booking, Forgiveness
from reservations.reads.days.absences import against_telling, is_forgiven, limit_of
from reservations.reads.family import lock_members
from reservations.rules import in_time

FORGIVEN = "Premier changement tardif de l’année : il est pardonné."
MAX_WORDS = 200


class AbsenceRefused(Refusal):
    """Too early, too late, or not for such a booking; the sentence says which."""


class AlreadyTold(Refusal):
    """One absence a booking."""

    sentence = "Cette absence est déjà signalée."


class WordsMissing(Refusal):
    """A reason, or an agent's answer, that somebody reads."""

    sentence = f"Écrivez quelques mots, {MAX_WORDS} caractères au plus."


class ProofTooLate(Refusal):
    """The proof came after its delay, or after the decision."""

    sentence = "Le délai du justificatif est passé, ou la décision est déjà prise."


class NotScanned(Refusal):
    """Nobody reads a file that the antivirus has not seen: it is not kept."""

    sentence = "L’antivirus ne répond pas pour le moment : envoyez ce fichier un peu plus tard."


def purpose(booking: Booking) -> str:
    """What the key of the page of an absence is made for."""
    return f"absence:{booking.pk}"


def tell_absence(*, user: User, booking: Booking, reason: str, key: str, proof: UploadedFile | None = None) -> dict:
    """Tell that a child does not come, or did not; return {"absence": pk, "forgiven": bool}. Twice is once.

    ``booking`` comes from ``Booking.objects.of(user)``. Where the activity forgives a first late change, it is
    recredited at once. The proof is cleaned and encrypted before any lock. Raise WordsMissing, AbsenceRefused,
    AlreadyTold, AlreadyCancelled, DocumentRefused, NotScanned, StalePage.
    """
    reason = _words(reason)
    return _tell(user, booking, reason, key, _keep(user, booking, proof) if proof else None)


@outermost
def _tell(user: User, booking: Booking, reason: str, key: str, proof: UUID | None) -> dict:
    once = claim_key(key, user.owner, purpose(booking))
    if once.answer:
        return once.answer
    booking = _lock(Booking.objects.of(user), booking)
    if Absence.objects.filter(booking=booking).exists():
        raise AlreadyTold
    if reasons := against_telling(booking, timezone.now()):
        raise AbsenceRefused(*reasons)
    absence = Absence.objects.create(booking=booking, by=user, reason=reason, proof=proof)
    forgiven = is_forgiven(booking.session, booking.member_id)
    if forgiven:
        _forgive(absence, booking, user)
    return once.remember({"absence": absence.pk, "forgiven": forgiven})


def _lock(bookings, booking: Booking) -> Booking:
    """The child, the day and the booking, locked; the booking still stands. Raise AlreadyCancelled."""
    lock_members([booking.member_id])
    session = lock_sessions([booking.session_id])[booking.session_id]
    session.activity = booking.session.activity
    locked = lock_booking(bookings.select_related("member"), booking.pk)
    locked.session = session
    return locked


def _forgive(absence: Absence, booking: Booking, user: User) -> None:
    """The right to one error a child and a school year; nobody decides, the money comes back at once."""
    activity, year = booking.session.activity, school_year_of(booking.session.date)
    Forgiveness.objects.create(activity=activity, member=booking.member, school_year=year, booking=booking)
    _accept(absence, booking, user, FORGIVEN)
    emails_desk.absence_decided(absence)


def add_proof(*, user: User, absence: Absence, proof: UploadedFile, key: str) -> None:
    """Give the proof of an absence that waits for its decision, in time; a later one takes its place. Twice is once.

    Raise ProofTooLate, DocumentRefused, NotScanned, StalePage.
    """
    _add(user, absence, _keep(user, absence.booking, proof), key)


@outermost
def _add(user: User, absence: Absence, proof: UUID, key: str) -> None:
    once = claim_key(key, user.owner, purpose(absence.booking))
    if once.answer:
        return
    locked = _lock_absence(Absence.objects.of(user), absence.pk)
    if locked.status != Absence.Status.PENDING or not in_time(limit_of(locked.booking), timezone.now()):
        raise ProofTooLate
    locked.proof = proof
    locked.save(update_fields=["proof"])
    once.remember({"absence": locked.pk})


def _keep(user: User, booking: Booking, file: UploadedFile) -> UUID:
    """Into the vault; a content whose row never comes is swept away."""
    clean = accept_upload(file, user.guardian.family.owner)
    if clean.quarantined:
        raise NotScanned
    return UUID(vault.store(clean.bytes, vault_owner(booking)))


def vault_owner(booking: Booking) -> str:
    return f"absence:{booking.pk}"


def read_proof(*, agent: User, absence: Absence) -> bytes:
    """The proof, decrypted, for an agent whom the caller has checked; written down first, as a reading of health."""
    if absence.proof is None:
        raise DocumentMissing
    content = vault.open(absence.proof.hex, vault_owner(absence.booking))
    log_reading(agent, [absence.booking.member_id], "justificatif d’absence")
    return content


# --- The decision -----------------------------------------------------------------------------------------------------
def decision_purpose(absence: Absence) -> str:
    return f"decide-absence:{absence.pk}"


@outermost
def decide_absence(*, agent: User, absence: Absence, accept: bool, answer: str, key: str) -> Absence:
    """Recredit an absence, or not; the family reads the ``answer``, which a refusal needs. Twice is once.

    ``absence`` is of the agent's services. Raise WordsMissing, WrongState once it is decided, AlreadyCancelled.
    """
    if not accept or answer.strip():
        answer = _words(answer)
    once = claim_key(key, agent.owner, decision_purpose(absence))
    if once.answer:
        return absence
    booking = _lock(Booking.objects.all(), absence.booking)
    absence = _lock_absence(Absence.objects.of_agent(agent), absence.pk)
    if accept:
        _accept(absence, booking, agent, answer)
    else:
        move(absence, Absence.Status.REFUSED, decided_by=agent, decided_at=timezone.now(), answer=answer)
    emails_desk.absence_decided(absence)
    once.remember({"absence": absence.pk})
    return absence


def _lock_absence(absences, pk: int) -> Absence:
    rows = absences.select_related("booking__session__activity__service__commune", "booking__member")
    return rows.select_for_update(of=("self",), no_key=True).get(pk=pk)


def _accept(absence: Absence, booking: Booking, by: User, answer: str) -> None:
    """Recredit: the booking ends as a cancellation does; ``decided_by`` is nobody when the rule forgave."""
    decided_by = by if by.is_staff else None
    move(absence, Absence.Status.ACCEPTED, decided_by=decided_by, decided_at=timezone.now(), answer=answer)
    end_booking(booking, by=by, label=f"Absence – {booking.session}")


def _words(text: str) -> str:
    text = " ".join(text.split())
    if not text or len(text) > MAX_WORDS:
        raise WordsMissing
    return text


# --- What is kept -----------------------------------------------------------------------------------------------------
def kept_proofs() -> set[str]:
    """The vault's names of the proofs: the sweep leaves them."""
    return {key.hex for key in Absence.objects.exclude(proof=None).values_list("proof", flat=True)}


def forget_proofs(today: date) -> int:
    """Delete the proofs of absences told too long ago; rows are emptied first, then the vault. Return how many."""
    before = months_before(today, KEPT.absence_proof_months)
    rows = Absence.objects.exclude(proof=None).filter(created_at__date__lt=before)
    found = dict(rows.values_list("pk", "proof"))
    Absence.objects.filter(pk__in=found).update(proof=None)
    for key in found.values():
        vault.delete(key.hex)
    return len(found)
