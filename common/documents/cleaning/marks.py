"""Notes, highlights, strokes of a pen and shapes that a reader draws itself. Runs in the child process."""

from itertools import chain, pairwise

from pikepdf import Array, Dictionary, Name, Pdf

from common.documents.cleaning.fields import Told, look_of, plain, rectangle
from common.documents.cleaning.typed import box, typed

OPERATORS = {1: b"g", 3: b"rg", 4: b"k"}  # by the number of its parts; strokes in capitals
CURVE = 0.5523  # of a quarter of a circle
NAMES = {"/Text": "Note", "/FreeText": "Texte", "/Stamp": "Tampon"}
Points = list[tuple[float, float]]


def draw_mark(pdf: Pdf, mark: Dictionary, is_drawn: bool) -> Told:
    """Draw a mark that lacks its drawing; return what it says in words where the page cannot show them."""
    kind = str(mark.get("/Subtype", ""))
    words = plain(mark.get("/Contents")).strip()
    if kind == "/FreeText":
        return [] if is_drawn or not words or _write(pdf, mark, words) else [(NAMES[kind], words)]
    if not is_drawn:
        _shape(pdf, mark, kind)
        if kind == "/Stamp":
            words = words or plain(mark.get("/Name"))
    return [(NAMES.get(kind, "Remarque"), words)] if words and (kind != "/Stamp" or not is_drawn) else []


def _write(pdf: Pdf, mark: Dictionary, words: str) -> bool:
    left, bottom, right, top = rectangle(mark)
    look = look_of(mark.get("/DA"), multiline=True, align=int(mark.get("/Q", 0)))
    content = typed(words, right - left, top - bottom, look)
    if content is None:
        return False
    paper = _colour(mark.get("/C"))
    page = b"q %b 0 0 %.3f %.3f re f Q\n" % (paper, right - left, top - bottom) if paper else b""
    mark.AP = Dictionary(N=pdf.make_indirect(box(pdf, page + content, (0, 0, right - left, top - bottom))))
    return True


def _shape(pdf: Pdf, mark: Dictionary, kind: str) -> None:
    if kind == "/Highlight":
        quads = _quads(mark)
        paths = b"\n".join(_path([a, b, d, c]) + b" f" for a, b, c, d in quads)
        _keep(pdf, mark, _colour(mark.get("/C")) or b"1 1 0 rg", paths, [*chain(*quads)], 0, Name.Multiply)
    elif kind in ("/Underline", "/Squiggly", "/StrikeOut"):
        lines = [_under(quad, 0.5 if kind == "/StrikeOut" else 0.1) for quad in _quads(mark)]
        _stroke(pdf, mark, lines, thick=0.8)
    elif kind == "/Ink":
        _stroke(pdf, mark, [_points(each) for each in mark.InkList])
    elif kind in ("/PolyLine", "/Polygon"):
        points = _points(mark.Vertices)
        _stroke(pdf, mark, [points + points[: kind == "/Polygon"]])
    elif kind == "/Line":
        _stroke(pdf, mark, [_points(mark.L)])
    elif kind in ("/Square", "/Circle"):
        _round(pdf, mark, kind)


def _quads(mark: Dictionary) -> list[Points]:
    """Upper left, upper right, lower left, lower right of each line of text, as programs write them."""
    points = _points(mark.QuadPoints)
    return [points[start : start + 4] for start in range(0, len(points) - 3, 4)]


def _under(quad: Points, part: float) -> Points:
    """A line through a quad, this part of its height above its foot."""
    top, foot = quad[:2], quad[2:]
    return [
        (low[0] + (high[0] - low[0]) * part, low[1] + (high[1] - low[1]) * part)
        for high, low in zip(top, foot, strict=True)
    ]


def _points(numbers) -> Points:
    values = [float(each) for each in numbers]
    return list(zip(values[::2], values[1::2], strict=False))


def _path(points: Points) -> bytes:
    steps = [b"%.3f %.3f %b" % (*point, b"l" if number else b"m") for number, point in enumerate(points)]
    return b" ".join(steps)


def _stroke(pdf: Pdf, mark: Dictionary, lines: list[Points], thick: float | None = None) -> None:
    width = _thickness(mark) if thick is None else thick
    paths = b"\n".join(_path(line if len(line) > 1 else line * 2) + b" S" for line in lines if line)
    colour = (_colour(mark.get("/C"), strokes=True) or b"0 G") + b" 1 J 1 j %.3f w" % width
    _keep(pdf, mark, colour, paths, [point for line in lines for point in line], width)


def _round(pdf: Pdf, mark: Dictionary, kind: str) -> None:
    width = _thickness(mark)
    left, bottom, right, top = rectangle(mark)
    points = [(left, bottom), (right, bottom), (right, top), (left, top)]
    path = _path(points) + b" h" if kind == "/Square" else _ellipse(left, bottom, right, top)
    inside = _colour(mark.get("/IC"))
    colour = b"%b %b %.3f w" % (inside, _colour(mark.get("/C"), strokes=True) or b"0 G", width)
    _keep(pdf, mark, colour, path + (b" B" if inside else b" S" if width else b" n"), points, width)


def _ellipse(left: float, bottom: float, right: float, top: float) -> bytes:
    x, y, w, h = (left + right) / 2, (bottom + top) / 2, (right - left) / 2, (top - bottom) / 2
    corners = [(1, 0), (0, 1), (-1, 0), (0, -1), (1, 0)]
    parts = [b"%.3f %.3f m" % (x + w, y)]
    for (a, b), (c, d) in pairwise(corners):
        near, far = (a + c * CURVE, b + d * CURVE), (c + a * CURVE, d + b * CURVE)
        parts.append(b" ".join(b"%.3f %.3f" % (x + w * u, y + h * v) for u, v in (near, far, (c, d))) + b" c")
    return b" ".join([*parts, b"h"])


def _thickness(mark: Dictionary) -> float:
    style, border = mark.get("/BS"), mark.get("/Border")
    if isinstance(style, Dictionary) and "/W" in style:
        return float(style.W)
    return float(border[2]) if isinstance(border, Array) and len(border) > 2 else 1.0


def _colour(parts, strokes: bool = False) -> bytes:
    """The operator for a colour; nothing where there is none."""
    values = [float(each) for each in parts] if isinstance(parts, Array) else []
    operator = OPERATORS.get(len(values), b"")
    return operator and b" ".join(b"%.4f" % each for each in values) + b" " + (
        operator.upper() if strokes else operator
    )


def _keep(pdf: Pdf, mark: Dictionary, colour: bytes, paths: bytes, points: Points, width: float, blend=None) -> None:
    """Make the drawing the mark's own, where its points are: some programs write a frame that is too small."""
    xs, ys = [point[0] for point in points], [point[1] for point in points]
    if not xs:
        return
    frame = (min(xs) - width, min(ys) - width, max(xs) + width, max(ys) + width)
    mark.Rect = Array([round(each, 3) for each in frame])
    opacity = float(mark.get("/CA", 1))
    state = Dictionary(Type=Name.ExtGState, ca=opacity, CA=opacity, BM=blend or Name.Normal)
    frame = tuple(float(each) for each in mark.Rect)
    drawing = box(pdf, b"q /G gs %b\n%b Q" % (colour, paths), frame, ExtGState=Dictionary(G=state))
    mark.AP = Dictionary(N=pdf.make_indirect(drawing))
