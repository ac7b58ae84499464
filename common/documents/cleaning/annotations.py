"""What stands on a PDF's pages without being drawn yet: filled fields and notes that readers draw themselves.

Runs in the child process. A drawing that the file brings and that says what was written is never replaced; what is
lacking is drawn; what cannot be drawn, or may differ from what the page shows, is told as ``Beside``, for a page of its
own. ISO 32000-1, 12.5 and 12.7.
"""

from collections.abc import Iterator

import pikepdf
from pikepdf import Array, Dictionary, Name, Pdf, Stream

from common.documents.cleaning.child import Beside
from common.documents.cleaning.fields import fill
from common.documents.cleaning.marks import draw_mark
from common.documents.limits import MAX_BESIDE
from common.documents.refusals import TooComplex

INVISIBLE, HIDDEN, NO_VIEW = 1, 2, 32
NOT_OURS = {"/Popup", "/Link", "/PrinterMark", "/TrapNet", "/Watermark", "/Redact", "/Sound", "/Movie", "/Screen", "/3D",
            "/RichMedia", "/FileAttachment"}  # fmt: skip
FAULTS = (pikepdf.PdfError, ValueError, TypeError, KeyError, AttributeError, IndexError, ArithmeticError)


def draw_annotations(pdf: Pdf) -> list[Beside]:
    """Draw all that a screen would show into the pages; return what the agent reads beside them."""
    asked = _forget_wish(pdf)
    beside = [told for number, annotation in _seen(pdf) for told in _drawn(pdf, number, annotation, asked)]
    if sum(len(each.text) for each in beside) > MAX_BESIDE:
        raise TooComplex
    pdf.flatten_annotations("screen")
    return beside


def _forget_wish(pdf: Pdf) -> bool:
    """Whether the form asked its reader to draw its fields; qpdf would draw none of them as long as it asks."""
    form = pdf.Root.get("/AcroForm")
    if not isinstance(form, Dictionary):
        return False
    asked = bool(form.get("/NeedAppearances"))
    form.NeedAppearances = False
    return asked


def _seen(pdf: Pdf) -> Iterator[tuple[int, Dictionary]]:
    for number, page in enumerate(pdf.pages, 1):
        annotations = page.obj.get("/Annots")
        for annotation in annotations if isinstance(annotations, Array) else ():
            if isinstance(annotation, Dictionary) and not _flags(annotation) & (HIDDEN | NO_VIEW):
                yield number, annotation


def _flags(annotation: Dictionary) -> int:
    flags = annotation.get("/F", 0)
    return flags if isinstance(flags, int) else 0


def _drawn(pdf: Pdf, number: int, annotation: Dictionary, asked: bool) -> list[Beside]:
    """Draw one annotation; what is too broken to be drawn stays as it is."""
    kind = str(annotation.get("/Subtype", ""))
    try:
        if kind in NOT_OURS:
            return []
        if _flags(annotation) & INVISIBLE:  # it hides kinds that no standard knows
            annotation.F = _flags(annotation) & ~INVISIBLE
        told = (
            fill(pdf, annotation, asked) if kind == "/Widget" else draw_mark(pdf, annotation, _has_drawing(annotation))
        )
    except FAULTS:
        return []
    return [Beside(number, name, text) for name, text in told]


def _has_drawing(annotation: Dictionary) -> bool:
    drawing = annotation.get("/AP", Dictionary()).get("/N")
    if isinstance(drawing, Dictionary):
        drawing = drawing.get(str(annotation.get("/AS", Name.Off)))
    return isinstance(drawing, Stream)
