"""What a file is, told by its first bytes: neither its name nor the declared type is ever believed."""

from enum import StrEnum

BLANKS = b"\xef\xbb\xbf \t\r\n\x00"  # what honest PDF writers put before the header


class Kind(StrEnum):
    """A kind of file that people may send. WebP comes in and goes out as JPEG."""

    PDF = "pdf"
    JPEG = "jpeg"
    PNG = "png"
    WEBP = "webp"

    @property
    def suffix(self) -> str:
        return ".jpg" if self is Kind.JPEG else f".{self.value}"

    @property
    def mime(self) -> str:
        return "application/pdf" if self is Kind.PDF else f"image/{self.value}"


def kind_of(data: bytes) -> Kind | None:
    """Return the kind of these bytes, None when people may not send such a file."""
    if data[:64].lstrip(BLANKS).startswith(b"%PDF-"):
        return Kind.PDF
    if data.startswith(b"\xff\xd8\xff"):
        return Kind.JPEG
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return Kind.PNG
    return Kind.WEBP if data[:4] == b"RIFF" and data[8:12] == b"WEBP" else None


def is_heic(data: bytes) -> bool:
    """Return whether this is a photo as iPhones keep them."""
    return data[4:8] == b"ftyp" and data[8:12] in (b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1")


def is_office(data: bytes, name: str) -> bool:
    """Return whether this seems to come from a word processor or a spreadsheet."""
    named = name.lower().endswith((".doc", ".docx", ".docm", ".odt", ".rtf", ".xls", ".xlsx", ".ods", ".pages"))
    return named and data.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"{\\rtf"))
