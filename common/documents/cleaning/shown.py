"""The words that a drawing of a PDF shows, as far as its fonts tell. Runs in the child process."""

import re

import pikepdf
from fontTools.agl import toUnicode
from pikepdf import Array, Dictionary, Name, Stream, String

DEPTH = 4
TEXT = {"Tj", "TJ", "'", '"'}
CODECS = {"/WinAnsiEncoding": "cp1252", "/MacRomanEncoding": "mac_roman"}
UNKNOWN = "\ufffd"
CODE = rb"<\s*([0-9A-Fa-f]+)\s*>"
SINGLE = re.compile(CODE + rb"\s*" + CODE)
RANGE = re.compile(CODE + rb"\s*" + CODE + rb"\s*(?:" + CODE + rb"|\[([^\]]*)\])")
LONGEST_RANGE = 0x10000


def shown_words(drawing: Stream, fonts: Dictionary | None = None, depth: int = DEPTH) -> str | None:
    """Return every letter that the drawing shows, in the order of its writing; None when a font does not tell which.

    ``fonts`` are those of the form, for drawings that name a font and do not bring it.
    """
    resources = drawing.get("/Resources", Dictionary())
    known = {**_fonts(fonts), **_fonts(resources.get("/Font"))}
    words, font, codes = [], None, {}
    for operands, operator in pikepdf.parse_content_stream(drawing):
        name = str(operator)
        if name == "Tf":
            font = known.get(str(operands[0]))
            codes = _codes(font)
        elif name in TEXT:
            words.append(_decoded(_bytes(operands[-1]), font, codes))
        elif name == "Do":
            words.append(_inside(resources, str(operands[0]), fonts, depth))
    return None if None in words else "".join(words)


def _inside(resources, name: str, fonts, depth: int) -> str | None:
    drawing = resources.get("/XObject", Dictionary()).get(name)
    if not isinstance(drawing, Stream) or drawing.get("/Subtype") != Name.Form:
        return ""
    return shown_words(drawing, fonts, depth - 1) if depth else None


def _fonts(fonts) -> dict:
    return dict(fonts.items()) if isinstance(fonts, Dictionary) else {}


def _bytes(operand) -> bytes:
    if isinstance(operand, Array):
        return b"".join(bytes(part) for part in operand if isinstance(part, String))
    return bytes(operand)


def _codes(font) -> dict[bytes, str]:
    """What each code of a font means: by its table of letters, else by its encoding."""
    if not isinstance(font, Dictionary):
        return {}
    table = font.get("/ToUnicode")
    if isinstance(table, Stream):
        return _table(table.read_bytes())
    encoding = font.get("/Encoding")
    base = encoding.get("/BaseEncoding") if isinstance(encoding, Dictionary) else encoding
    codec = CODECS.get(str(base), "ascii")
    codes = {bytes([code]): bytes([code]).decode(codec, "replace") for code in range(256)}
    if isinstance(encoding, Dictionary):
        codes |= _differences(encoding.get("/Differences", Array()))
    return codes


def _differences(entries) -> dict[bytes, str]:
    codes, code = {}, 0
    for entry in entries:
        if isinstance(entry, Name):
            codes[bytes([code % 256])] = toUnicode(str(entry)[1:]) or UNKNOWN
            code += 1
        else:
            code = int(entry)
    return codes


def _table(cmap: bytes) -> dict[bytes, str]:
    codes = {}
    for block in re.findall(rb"beginbfchar(.*?)endbfchar", cmap, re.S):
        codes |= {_hex(code): _letters(_hex(letters)) for code, letters in SINGLE.findall(block)}
    for block in re.findall(rb"beginbfrange(.*?)endbfrange", cmap, re.S):
        for first, last, start, each in RANGE.findall(block):
            codes |= _range(_hex(first), _hex(last), start, each)
    return codes


def _range(first: bytes, last: bytes, start: bytes, each: bytes) -> dict[bytes, str]:
    low, high = int.from_bytes(first, "big"), int.from_bytes(last, "big")
    many = min(high - low + 1, LONGEST_RANGE)
    if start:
        head, end = _hex(start)[:-2], int.from_bytes(_hex(start)[-2:], "big")
        letters = [_letters(head + ((end + step) % 0x10000).to_bytes(2, "big")) for step in range(many)]
    else:
        letters = [_letters(_hex(code)) for code in re.findall(CODE, each)]
    return {(low + step).to_bytes(len(first), "big"): letter for step, letter in enumerate(letters[: max(many, 0)])}


def _hex(digits: bytes) -> bytes:
    return bytes.fromhex(digits.decode() + "0" * (len(digits) % 2))


def _letters(code: bytes) -> str:
    return code.decode("utf-16-be", "replace") if len(code) > 1 else code.decode("latin-1")


def _decoded(text: bytes, font, codes: dict[bytes, str]) -> str | None:
    if not codes:
        return "" if not text.strip() else None
    size = 2 if isinstance(font, Dictionary) and font.get("/Subtype") == Name.Type0 else 1
    pieces = [text[start : start + size] for start in range(0, len(text), size)]
    return "".join(codes.get(piece, UNKNOWN) for piece in pieces)
