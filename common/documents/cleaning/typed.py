"""Text drawn into a PDF in Helvetica, as Windows encodes it: what a field or a note says where nothing draws it yet.

Runs in the child process. No letter is cut: the text shrinks until all of it fits its box, or nothing is drawn.
"""

import unicodedata
from dataclasses import dataclass

from pikepdf import Array, Dictionary, Name, Pdf, Stream

# Thousandths of the size, for the codes 32 to 255 (Adobe's metrics of Helvetica; 350 where Windows has no letter).
METRICS = (
    "278 278 355 556 556 889 667 191 333 333 389 584 278 333 278 278 556 556 556 556 556 556 556 556 556 556 278 278 "
    "584 584 584 556 1015 667 667 722 722 667 611 778 722 278 500 667 556 833 722 778 667 778 722 667 611 722 667 944 "
    "667 667 611 278 278 278 469 556 333 556 556 500 556 556 278 556 556 222 222 500 222 833 556 556 556 556 333 500 "
    "278 556 500 722 500 500 500 334 260 334 584 350 556 350 222 556 333 1000 556 556 333 1000 667 333 1000 350 611 "
    "350 350 222 222 333 333 350 556 1000 333 1000 500 333 944 350 500 667 278 333 556 556 556 556 260 556 333 737 370 "
    "556 584 333 737 333 400 584 333 333 333 556 537 278 333 333 365 556 834 834 834 611 667 667 667 667 667 667 1000 "
    "722 667 667 667 667 278 278 278 278 722 722 778 778 778 778 778 584 778 722 722 722 722 667 667 611 556 556 556 "
    "556 556 556 889 500 556 556 556 556 278 278 278 278 556 556 556 556 556 556 556 584 611 556 556 556 556 500 556 "
    "500"
)
WIDTHS = [int(width) for width in METRICS.split()]
SAME = str.maketrans({"\u202f": "\xa0", "\u2011": "-", "\u2212": "-", "\t": " "})
LARGEST, SMALLEST, STEP = 12.0, 4.0, 0.9  # points; each try is a tenth smaller
LEADING, DESCENT, MARGIN = 1.15, 0.22, 2.0


@dataclass(frozen=True)
class Look:
    """How a text stands in its box: points (0: as fits), an operator of colour, 0 left 1 middle 2 right."""

    size: float = 0
    colour: bytes = b"0 g"
    align: int = 0
    multiline: bool = False
    cells: int = 0


def typed(text: str, width: float, height: float, look: Look) -> bytes | None:
    """Return what draws the whole text in a box of this many points; None when it does not fit or has other letters."""
    rows = _encoded(text if look.multiline else " ".join(text.split("\n")))
    if rows is None:
        return None
    size = look.size or (LARGEST if look.multiline else min(LARGEST, height * 0.75))
    while size >= SMALLEST:
        lines = _wrapped(rows, size, width - 2 * MARGIN) if look.multiline else rows
        if _fits(lines, size, width - 2 * MARGIN, height, look.multiline):
            return _drawn(lines, size, width, height, look)
        size = size * STEP if size * STEP > SMALLEST or size == SMALLEST else SMALLEST
    return None


def box(pdf: Pdf, content: bytes, rect: tuple[float, float, float, float], **resources) -> Stream:
    """Return a drawing with our font as ``/Helv``, for ``rect`` (left, bottom, right, top)."""
    font = Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica, Encoding=Name.WinAnsiEncoding)
    keys = Dictionary(Type=Name.XObject, Subtype=Name.Form, BBox=Array([round(each, 3) for each in rect]))
    keys.Resources = Dictionary(Font=Dictionary(Helv=font), **resources)
    return Stream(pdf, content, keys)


def _encoded(text: str) -> list[bytes] | None:
    text = unicodedata.normalize("NFC", text).translate(SAME)
    try:
        return [line.rstrip().encode("cp1252") for line in text.split("\n")]
    except UnicodeEncodeError:
        return None


def _width(line: bytes, size: float) -> float:
    return sum(WIDTHS[code - 32] for code in line if code >= 32) * size / 1000


def _wrapped(rows: list[bytes], size: float, width: float) -> list[bytes]:
    return [line for row in rows for line in _broken(row, size, width)]


def _broken(row: bytes, size: float, width: float) -> list[bytes]:
    """A row as lines that fit, broken at its spaces."""
    lines, line = [], b""
    for word in row.split(b" "):
        longer = line + b" " + word if line else word
        if line and _width(longer, size) > width:
            lines.append(line)
            longer = word
        line = longer
    return [*lines, line]


def _fits(lines: list[bytes], size: float, width: float, height: float, multiline: bool) -> bool:
    tall = len(lines) * size * LEADING + (MARGIN if multiline else 0)
    lowest = size == SMALLEST and len(lines) == 1  # a line may touch the edges of a low field: drawn, it is read
    return (tall <= height or lowest) and all(_width(line, size) <= width for line in lines)


def _drawn(lines: list[bytes], size: float, width: float, height: float, look: Look) -> bytes:
    top = height - MARGIN - size if look.multiline else (height - size) / 2 + size * DESCENT
    parts = [b"q BT %b /Helv %.3f Tf" % (look.colour, size)]
    for number, line in enumerate(lines):
        for left, piece in _placed(line, size, width, look):
            parts.append(b"1 0 0 1 %.3f %.3f Tm (%b) Tj" % (left, top - number * size * LEADING, _escaped(piece)))
    return b"\n".join([*parts, b"ET Q"])


def _placed(line: bytes, size: float, width: float, look: Look) -> list[tuple[float, bytes]]:
    """Where each piece begins: the line, or each letter in its cell."""
    if look.cells >= max(1, len(line)):
        cell = width / look.cells
        letters = [bytes([code]) for code in line]
        return [(cell * place + (cell - _width(each, size)) / 2, each) for place, each in enumerate(letters)]
    room = width - 2 * MARGIN - _width(line, size)
    return [(MARGIN + room * min(max(look.align, 0), 2) / 2, line)]


def _escaped(line: bytes) -> bytes:
    return line.replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)")
