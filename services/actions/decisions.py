"""An agent of the service decides: lines of requests, and pieces; the family is told at each change."""

from collections.abc import Iterable, Mapping
from datetime import date

from django.utils import timezone

from accounts.models import User
from common.refusals import Refusal
from common.writing.states import WrongState, move
from common.writing.transactions import outermost
from families.actions.agents import write_quotient
from families.actions.mandates import open_mandate
from families.actions.members import lock_family
from services import emails
from services.actions.documents import WAITING, NotScanned, account_of
from services.actions.requests import settle_pieces
from services.models import DocumentType, RequestLine, SupportingDocument
from services.reads.pieces import lacking_pieces, undecided_pieces

Status = RequestLine.Status


class NotYours(Refusal):
    """The line or the piece is of a service of other agents, or is gone."""

    sentence = "Cette demande n’existe pas, ou un autre service la traite."
    status = 404


class ReasonNeeded(Refusal):
    """A refusal is explained."""

    sentence = "Indiquez le motif : la famille le lira."


class PiecesMissing(Refusal):
    """A mandatory piece is missing or not validated; all of them are named."""


@outermost
def accept_lines(*, agent: User, lines: Iterable[int], seen: Mapping[int, str] | None = None) -> int:
    """Accept lines whose mandatory pieces are all validated; return how many changed.

    Lines that are accepted already stay so: a second click changes and mails nothing. ``seen`` is the status of each
    line as the agent read it: one that another agent has decided meanwhile is not decided again. Raise PiecesMissing,
    NotYours, WrongState.
    """
    rows = _to_change(agent, lines, Status.ACCEPTED, seen)
    lacking, undecided = lacking_pieces(rows), undecided_pieces(rows)
    reasons = [f"{line.member} : il manque {', '.join(lacking[line.pk])}." for line in rows if lacking[line.pk]]
    reasons += [
        f"{line.member} : à valider d’abord : {', '.join(undecided[line.pk])}." for line in rows if undecided[line.pk]
    ]
    if reasons:
        raise PiecesMissing(*reasons)
    for line in rows:
        move(line, Status.ACCEPTED, decided_at=timezone.now(), decided_by=agent, reason="")
    emails.lines_decided(rows)
    return len(rows)


@outermost
def refuse_lines(*, agent: User, lines: Iterable[int], reason: str, seen: Mapping[int, str] | None = None) -> int:
    """Refuse lines with a reason that the family reads; return how many changed. ``seen`` as in accept_lines.

    Raise ReasonNeeded, NotYours, WrongState.
    """
    return _answer(agent, lines, Status.REFUSED, reason, seen)


@outermost
def ask_for_documents(*, agent: User, lines: Iterable[int], reason: str, seen: Mapping[int, str] | None = None) -> int:
    """Send lines back for pieces, saying which; return how many changed. ``seen`` as in accept_lines.

    Raise ReasonNeeded, NotYours, WrongState.
    """
    return _answer(agent, lines, Status.INCOMPLETE, reason, seen)


def _answer(agent, lines, status, reason, seen) -> int:
    if not reason.strip():
        raise ReasonNeeded
    rows = _to_change(agent, lines, status, seen)
    for line in rows:
        move(line, status, decided_at=timezone.now(), decided_by=agent, reason=reason.strip())
    emails.lines_decided(rows)
    return len(rows)


@outermost
def decide_document(
    *,
    agent: User,
    document: SupportingDocument,
    accept: bool,
    reason: str = "",
    effective_from: date | None = None,
    seen: str = "",
) -> SupportingDocument:
    """Validate or refuse a piece; the lines that wait for it follow, those it had closed open again. Twice is once.

    A validated quotient is recorded from ``effective_from`` (today by default), a validated mandate becomes the
    family's SEPA mandate, signed on that day. ``seen`` is the status that the agent read: a piece that another agent
    has decided meanwhile is not decided again. Raise ReasonNeeded, NotYours, NotScanned, WrongState.
    """
    if not accept and not reason.strip():
        raise ReasonNeeded
    lock_family(document.family_id)
    lines = _lock_lines_of(document)
    document = _lock_document(agent, document)
    wanted = SupportingDocument.Status.VALIDATED if accept else SupportingDocument.Status.REFUSED
    if document.status == wanted:
        return document
    if seen and document.status != seen:
        raise WrongState
    if accept and document.is_quarantined:
        raise NotScanned
    now = timezone.now()
    move(document, wanted, decided_at=now, decided_by=agent, refusal_reason="" if accept else reason.strip())
    if accept:
        _take_effect(agent, document, effective_from or timezone.localdate(now))
        _reopen(agent, [line for line in lines if line.status == Status.EXPIRED])
    else:
        emails.document_refused(document)
        settle_pieces([line for line in lines if line.status in WAITING])
    return document


def _reopen(agent: User, lines: list[RequestLine]) -> None:
    """Accept again the lines that an expired piece had closed, once all their mandatory pieces are validated."""
    lacking, undecided = lacking_pieces(lines), undecided_pieces(lines)
    whole = [line for line in lines if not lacking[line.pk] and not undecided[line.pk]]
    for line in whole:
        move(line, Status.ACCEPTED, decided_at=timezone.now(), decided_by=agent, reason="")
    emails.lines_decided(whole)


def _take_effect(agent: User, document: SupportingDocument, day: date) -> None:
    if document.type.kind == DocumentType.Kind.QUOTIENT and document.declared_value is not None:
        write_quotient(agent, document.family, document.declared_value, day)
    if document.type.kind == DocumentType.Kind.MANDATE:
        open_mandate(document.family, **account_of(document.family), signed_on=day)


def _to_change(agent: User, pks: Iterable[int], status: str, seen: Mapping[int, str] | None) -> list[RequestLine]:
    """The lines, locked, that do not have the status yet; raise WrongState when one is no longer as it was seen."""
    rows = [line for line in _lock_lines(agent, pks) if line.status != status]
    if seen is not None and any(seen.get(line.pk) != line.status for line in rows):
        raise WrongState
    return rows


def _lock_lines(agent: User, pks: Iterable[int]) -> list[RequestLine]:
    wanted = set(pks)
    rows = list(
        RequestLine.objects.of_agent(agent)
        .filter(pk__in=wanted)
        .select_related("request__family", "request__service__commune", "member", "audience")
        .order_by("pk")
        .select_for_update(of=("self",), no_key=True)
    )
    if len(rows) != len(wanted):
        raise NotYours
    return rows


def _lock_lines_of(document: SupportingDocument) -> list[RequestLine]:
    """The lines that the piece serves, before the piece itself: the one order of docs/locks.md."""
    rows = RequestLine.objects.filter(
        request__family=document.family_id, request__service__required_documents__type=document.type_id
    )
    if document.member_id:
        rows = rows.filter(member=document.member_id)
    pks = list(rows.values_list("pk", flat=True))
    locked = RequestLine.objects.filter(pk__in=pks).order_by("pk").select_for_update(of=("self",), no_key=True)
    return list(locked.select_related("request__service__commune", "member", "audience"))


def _lock_document(agent: User, document: SupportingDocument) -> SupportingDocument:
    allowed = SupportingDocument.objects.of_agent(agent).current().filter(pk=document.pk)
    row = allowed.select_for_update(of=("self",), no_key=True).select_related("type", "family").first()
    if row is None:
        raise NotYours
    return row
