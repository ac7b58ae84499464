"""Documents leave as downloads that no browser runs, shows inside the portal, or keeps."""

from django.http import HttpResponse
from django.utils.http import content_disposition_header

from common.documents.kinds import Kind


def document_response(data: bytes, label: str, kind: Kind | str) -> HttpResponse:
    """Return the document as an attachment named by its label. The caller has checked the reader and logs the reading."""
    return HttpResponse(
        data,
        content_type=Kind(kind).mime,
        headers={
            "Content-Disposition": content_disposition_header(True, label),
            "Content-Security-Policy": "default-src 'none'; sandbox",
            "Cross-Origin-Resource-Policy": "same-origin",
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "private, no-store",
        },
    )
