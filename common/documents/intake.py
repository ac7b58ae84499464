"""The one door for a document that somebody sends."""

from dataclasses import dataclass

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile

from common.documents import quota, refusals
from common.documents.beside import with_words
from common.documents.cleaning import sandbox
from common.documents.kinds import Kind, is_heic, is_office, kind_of
from common.documents.labels import clean_label
from common.documents.limits import MAX_FILE
from common.documents.scanning import Scan, scan


@dataclass(frozen=True)
class CleanDocument:
    """A document made anew: ``bytes`` for the vault, ``label`` to show, ``pages`` (1 for an image)."""

    kind: Kind
    bytes: bytes
    label: str
    pages: int
    scan: Scan

    @property
    def quarantined(self) -> bool:
        """Nobody reads it yet: the antivirus of this installation did not answer; scan it again later."""
        return bool(settings.CLAMD) and self.scan is not Scan.CLEAN


def accept_upload(file: UploadedFile, sender: str | None = None) -> CleanDocument:
    """Read, scan and clean what somebody sent; nothing of it is written. Raise DocumentRefused with what to do.

    ``sender`` (``family:12``, or ``user:3`` for an agent) is whose quota of the day the file counts for.
    """
    data = _read(file)
    kind = _known_kind(data, file.name or "")
    if sender:
        quota.count(sender, len(data))
    verdict = scan(data)
    if verdict is Scan.INFECTED:
        raise refusals.Infected
    cleaned = with_words(sandbox.clean(kind, data))
    return CleanDocument(
        cleaned.kind, cleaned.bytes, clean_label(file.name or "", cleaned.kind), cleaned.pages, verdict
    )


def _read(file: UploadedFile) -> bytes:
    if refusal := getattr(file, "refusal", None):
        raise refusal
    file.seek(0)
    data = file.read(MAX_FILE + 1)
    if not data:
        raise refusals.EmptyFile
    if len(data) > MAX_FILE:
        raise refusals.TooBig
    return data


def _known_kind(data: bytes, name: str) -> Kind:
    if kind := kind_of(data):
        return kind
    if is_heic(data):
        raise refusals.HeicPhoto
    raise refusals.OfficeFile if is_office(data, name) else refusals.NotADocument
