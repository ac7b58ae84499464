"""The fields of a PDF form, drawn where they are not yet. Runs in the child process."""

import re
import unicodedata

from pikepdf import Array, Dictionary, Name, Pdf, Stream, String

from common.documents.cleaning.shown import shown_words
from common.documents.cleaning.typed import Look, box, typed

Told = list[tuple[str, str]]
PASSWORD, MULTILINE, PUSH_BUTTON, COMB = 1 << 13, 1 << 12, 1 << 16, 1 << 24
DEPTH = 32
NUMBER = rb"[-+]?(?:\d+\.?\d*|\.\d+)"
SIZE = re.compile(rb"(" + NUMBER + rb")\s+Tf")
COLOUR = re.compile(rb"((?:" + NUMBER + rb"\s+){4}k|(?:" + NUMBER + rb"\s+){3}rg|" + NUMBER + rb"\s+g)(?![a-z])")
TICK = b"q 1 J 1 j %.2f w %.2f %.2f m %.2f %.2f l %.2f %.2f l S Q"


def fill(pdf: Pdf, widget: Dictionary, asked: bool) -> Told:
    """Draw a field that lacks its drawing; return its name and value when the page may not say all of it.

    ``asked``: the form wants its reader to draw every field anew, since a program only noted the values.
    """
    kind = inherited(widget, "/FT")
    if kind == Name.Btn:
        _tick(pdf, widget, asked)
    return _write(pdf, widget, asked) if kind in (Name.Tx, Name.Ch) else []


def inherited(widget: Dictionary, key: str):
    """The value of a field's key, its parents' when it has none."""
    for _ in range(DEPTH):
        if key in widget:
            return widget[key]
        widget = widget.get("/Parent")
        if not isinstance(widget, Dictionary):
            return None
    return None


def rectangle(annotation: Dictionary) -> tuple[float, float, float, float]:
    """Left, bottom, right, top; raise ValueError for a broken one."""
    left, bottom, right, top = (float(each) for each in annotation.Rect)
    return min(left, right), min(bottom, top), max(left, right), max(bottom, top)


def look_of(manner, **more) -> Look:
    """The size and the colour that a field or a note asks for."""
    manner = bytes(manner) if isinstance(manner, String) else b""
    size, colour = SIZE.search(manner), COLOUR.search(manner)
    return Look(abs(float(size[1])) if size else 0, colour[1] if colour else b"0 g", **more)


# --- Boxes to tick ---------------------------------------------------------------------------------------------------
def _tick(pdf: Pdf, widget: Dictionary, asked: bool) -> None:
    if _flags(widget) & PUSH_BUTTON:
        return
    drawings = _states(widget)
    state, value = widget.get("/AS"), _state(inherited(widget, "/V"))
    if value is not None and (asked or state is None):
        named = value in drawings or not drawings
        state = Name(value) if named else Name.Off
        widget.AS = state
    if state is not None and state != Name.Off and not isinstance(drawings.get(str(state)), Stream):
        drawing = _ticked(pdf, widget)
        widget.AP = Dictionary(N=Dictionary({**drawings, str(state): pdf.make_indirect(drawing)}))


def _states(widget: Dictionary) -> dict:
    drawings = widget.get("/AP", Dictionary()).get("/N")
    return dict(drawings.items()) if isinstance(drawings, Dictionary) else {}


def _state(value) -> str | None:
    if isinstance(value, Name):
        return str(value)
    return f"/{str(value).lstrip('/')}" if isinstance(value, String) and str(value) else None


def _ticked(pdf: Pdf, widget: Dictionary) -> Stream:
    left, bottom, right, top = rectangle(widget)
    width, height = right - left, top - bottom
    points = (0.2 * width, 0.5 * height, 0.42 * width, 0.25 * height, 0.8 * width, 0.8 * height)
    return box(pdf, TICK % (min(width, height) / 9, *points), (0, 0, width, height))


# --- Words -----------------------------------------------------------------------------------------------------------
def _write(pdf: Pdf, widget: Dictionary, asked: bool) -> Told:
    text = _value(widget)
    if not text.strip() or _flags(widget) & PASSWORD:
        return []
    shown, formatted = _shown(pdf, widget), _is_formatted(widget)
    if shown is not None and same(shown, text):
        return []
    if shown is None or (shown.strip() and (formatted or not asked)):
        return [(_name(widget), text)] if asked or not formatted else []
    return [] if _draw(pdf, widget, text) else [(_name(widget), text)]


def same(shown: str, text: str) -> bool:
    """Whether two texts have the same letters; where lines break does not count."""
    return _letters(shown) == _letters(text)


def _letters(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).split())


def _value(widget: Dictionary) -> str:
    value = inherited(widget, "/V")
    options = inherited(widget, "/Opt")
    chosen = list(value) if isinstance(value, Array) else [value]
    names = _options(options) if isinstance(options, Array) else {}
    words = [plain(each) for each in chosen]
    return "\n".join(names.get(each, each) for each in words)


def plain(value) -> str:
    """The words of a text of PDF, one kind of line end."""
    if isinstance(value, Stream):
        value = String(value.read_bytes())
    text = str(value)[1:] if isinstance(value, Name) else str(value) if isinstance(value, String) else ""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _options(options: Array) -> dict[str, str]:
    """What people see of each choice, by what the form keeps of it."""
    pairs = [list(each) for each in options if isinstance(each, Array) and len(each) == 2]
    return {plain(kept): plain(seen) for kept, seen in pairs}


def _shown(pdf: Pdf, widget: Dictionary) -> str | None:
    drawing = widget.get("/AP", Dictionary()).get("/N")
    if not isinstance(drawing, Stream):
        return ""
    common = pdf.Root.get("/AcroForm", Dictionary()).get("/DR", Dictionary()).get("/Font")
    return shown_words(drawing, common)


def _is_formatted(widget: Dictionary) -> bool:
    """A script of the form shows the value otherwise than it keeps it, as an amount or a date."""
    actions = inherited(widget, "/AA")
    return isinstance(actions, Dictionary) and "/F" in actions


def _name(widget: Dictionary) -> str:
    return (plain(inherited(widget, "/TU")) or plain(inherited(widget, "/T")) or "Champ").strip()[:100]


def _flags(widget: Dictionary) -> int:
    flags = inherited(widget, "/Ff")
    return flags if isinstance(flags, int) else 0


def _draw(pdf: Pdf, widget: Dictionary, text: str) -> bool:
    left, bottom, right, top = rectangle(widget)
    flags, cells = _flags(widget), inherited(widget, "/MaxLen")
    manner = inherited(widget, "/DA")
    if manner is None:
        manner = pdf.Root.get("/AcroForm", Dictionary()).get("/DA")
    align = inherited(widget, "/Q")
    look = look_of(
        manner,
        align=align if isinstance(align, int) else 0,
        multiline=bool(flags & MULTILINE) or isinstance(inherited(widget, "/V"), Array),
        cells=cells if flags & COMB and isinstance(cells, int) else 0,
    )
    content = typed(text, right - left, top - bottom, look)
    if content is None:
        widget.AP = Dictionary()
        return False
    widget.AP = Dictionary(N=pdf.make_indirect(box(pdf, content, (0, 0, right - left, top - bottom))))
    return True
