"""The page that the portal adds to a PDF: what somebody wrote in it and its own pages may not show."""

from common.documents.cleaning import sandbox
from common.documents.cleaning.child import Cleaned
from common.documents.refusals import CleaningUnavailable
from common.files.pdf import PdfUnavailable, render_pdf

TEMPLATE = "pdf/beside.html"


def with_words(cleaned: Cleaned) -> Cleaned:
    """Return the document, followed by a page of the words to be read beside it, marked as the portal's."""
    if not cleaned.beside:
        return cleaned
    try:
        page = render_pdf(TEMPLATE, {"words": cleaned.beside})
    except PdfUnavailable as error:
        raise CleaningUnavailable from error
    return sandbox.join(cleaned.bytes, page)
