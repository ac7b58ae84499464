"""What families are told of their requests and their pieces."""

from collections.abc import Iterable
from datetime import date

from accounts.models import User
from common.background.mailing import queue, render
from common.models import OutgoingEmail
from common.values.dates import date_long
from families.emails import tell_families
from services.models import AccessRequest, RequestLine, SupportingDocument


def access_asked(request: AccessRequest, user: User, lines: Iterable[RequestLine]) -> None:
    """« Votre demande est envoyée au service concerné » (S2-45), or what it still lacks."""
    complete = all(line.status == RequestLine.Status.PENDING for line in lines)
    context = {"service": str(request.service), "complete": complete, "lines": [_row(line) for line in lines]}
    queue("services/access_asked", to=user.email or "", owner=user.owner, context=context)


def asked_rows(request: AccessRequest) -> list[dict]:
    """The lines of a request as another email tells them: that of a sign-up."""
    lines = request.lines.select_related("member", "audience")
    return [_row(line) | {"service": str(request.service)} for line in lines]


def requests_sent(user: User, lines: Iterable[RequestLine]) -> None:
    """One email a request whose last piece has come."""
    by_request = {}
    for line in lines:
        by_request.setdefault(line.request, []).append(line)
    for request, rows in by_request.items():
        access_asked(request, user, rows)


def lines_decided(lines: Iterable[RequestLine]) -> None:
    """One email a family and a decision: accepted (S2-46), refused, pieces to complete."""
    by_request = {}
    for line in lines:
        by_request.setdefault((line.request, line.status), []).append(line)
    decided = [(request.family_id, _decided(request, status, rows)) for (request, status), rows in by_request.items()]
    tell_families("services/lines_decided", decided)


def preview_decided(request: AccessRequest, lines: Iterable[RequestLine], status: str, reason: str) -> tuple[str, str]:
    """The subject and text of the email that a decision on these lines of a request will send."""
    status = RequestLine.Status(status)
    rows = [_row(line) | {"status": status.label, "reason": reason} for line in lines]
    return _preview("services/lines_decided", _decided(request, status, []) | {"lines": rows})


def preview_document_refused(document: SupportingDocument, reason: str) -> tuple[str, str]:
    """The subject and text of the email that refusing a piece will send."""
    return _preview("services/document_refused", {"name": str(document), "reason": reason})


def document_refused(document: SupportingDocument) -> None:
    """« Votre pièce est refusée », with the reason."""
    context = {"name": str(document), "reason": document.refusal_reason}
    tell_families("services/document_refused", [(document.family_id, context)])


def documents_expire(documents: Iterable[SupportingDocument], today: date) -> None:
    """« Votre pièce expire le … », 30 and 7 days before, in two queries."""
    tell_families("services/document_expires", [(each.family_id, _expiry(each, today)) for each in documents])


def documents_expired(documents: Iterable[tuple[SupportingDocument, list[str]]]) -> None:
    """« Votre pièce a expiré », each with the services whose booking it closes, in two queries."""
    tell_families(
        "services/document_expired",
        [(document.family_id, {"name": str(document), "closed": closed}) for document, closed in documents],
    )


def _expiry(document: SupportingDocument, today: date) -> dict:
    days = (document.expires_on - today).days
    return {"name": str(document), "day": date_long(document.expires_on, today), "days": days}


def _decided(request: AccessRequest, status: str, lines: Iterable[RequestLine]) -> dict:
    return {"service": str(request.service), "status": status, "lines": [_row(line) for line in lines]}


def _preview(template: str, context: dict) -> tuple[str, str]:
    return render(OutgoingEmail(template=template, context=context))[:2]


def _row(line: RequestLine) -> dict:
    """What emails say of a line."""
    return {
        "member": str(line.member),
        "audience": line.audience.name,
        "status": line.get_status_display(),
        "reason": line.reason,
    }
