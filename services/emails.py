"""What families are told of their requests and their pieces."""

from collections.abc import Iterable

from accounts.models import User
from families.models import Family
from portal.lib.dates import date_long
from portal.lib.mailing import queue, render
from portal.lib.models import OutgoingEmail
from services.models import AccessRequest, RequestLine, SupportingDocument


def access_asked(request: AccessRequest, user: User, lines: Iterable[RequestLine]) -> None:
    """« Votre demande est envoyée au service concerné » (S2-45), or what it still lacks."""
    complete = all(line.status == RequestLine.Status.PENDING for line in lines)
    context = {"service": str(request.service), "complete": complete, "lines": [_row(line) for line in lines]}
    queue("services/access_asked", to=user.email or "", owner=user.owner, context=context)


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
    for (request, status), rows in by_request.items():
        _tell(request.family, "services/lines_decided", _decided(request, status, rows))


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
    _tell(document.family, "services/document_refused", {"name": str(document), "reason": document.refusal_reason})


def document_expires(document: SupportingDocument, days: int) -> None:
    """« Votre pièce expire le … », 30 and 7 days before."""
    context = {
        "name": str(document),
        "day": date_long(document.expires_on, document.expires_on),
        "days": days,
    }
    _tell(document.family, "services/document_expires", context)


def document_expired(document: SupportingDocument, closed: list[str]) -> None:
    """« Votre pièce a expiré », with the services whose booking it closes."""
    _tell(document.family, "services/document_expired", {"name": str(document), "closed": closed})


def _decided(request: AccessRequest, status: str, lines: Iterable[RequestLine]) -> dict:
    return {"service": str(request.service), "status": status, "lines": [_row(line) for line in lines]}


def _preview(template: str, context: dict) -> tuple[str, str]:
    return render(OutgoingEmail(template=template, context=context))[:2]


def _row(line: RequestLine) -> dict:
    return {
        "member": str(line.member),
        "audience": line.audience.name,
        "status": line.get_status_display(),
        "reason": line.reason,
    }


def _tell(family: Family, template: str, context: dict) -> None:
    """To each guardian; those without an address read it in the portal."""
    for guardian in family.guardians.select_related("user"):
        queue(template, to=guardian.user.email or "", owner=guardian.user.owner, context=context)
