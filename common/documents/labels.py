"""The name that people see: what they called the file, made harmless. The stored name is never made from it."""

import re
import unicodedata

from common.documents.kinds import Kind

MAX_LABEL = 100  # characters, suffix included
KNOWN = re.compile(r"(\.(pdf|jpe?g|jfif|png|webp))+$", re.IGNORECASE)
RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.IGNORECASE)  # devices, for Windows
FORBIDDEN = '<>:"|?*%'


def clean_label(name: str, kind: Kind) -> str:
    """Return a label of at most 100 characters that ends as its kind does: no path, control or direction character."""
    stem = KNOWN.sub("", _plain(re.split(r"[/\\]", name)[-1])).strip(" .") or "document"
    if RESERVED.match(stem):
        stem = f"document {stem}"
    return stem[: MAX_LABEL - len(kind.suffix)].rstrip(" .") + kind.suffix


def _plain(name: str) -> str:
    letters = (_letter(letter) for letter in unicodedata.normalize("NFC", name))
    return " ".join("".join(letters).split())


def _letter(letter: str) -> str:
    category = unicodedata.category(letter)
    if letter in FORBIDDEN or category in ("Zl", "Zp", "Cc"):
        return " "
    return "" if category.startswith("C") else letter
