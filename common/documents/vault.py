"""Documents at rest: AES-256-GCM, one random nonce a file, each file bound to its name and to its owner.

A blob is: ``PVD1``, the length of the key's id, the key's id, 12 bytes of nonce, the ciphertext with its tag. All before
the ciphertext, the blob's name and the owner are authenticated: a blob moved to another name or owner does not open.
Write the blob first, then the row that names it; ``sweep`` removes blobs whose row never came.
"""

import logging
import os
import secrets
import time
from collections.abc import Iterable
from datetime import timedelta

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

from common.documents.blobs import Blobs, Folder
from common.documents.refusals import DocumentMissing, DocumentUnreadable, StorageUnavailable

log = logging.getLogger(__name__)
VERSION = b"PVD1"
NONCE_BYTES = 12
COLUMN = "column"  # stands for a blob's name; no blob is ever named so
GRACE = timedelta(hours=1)  # longer than any transaction that writes a blob's row


def store(data: bytes, owner: str) -> str:
    """Encrypt and keep these bytes for the owner (such as ``family:12``); return the random key that names them.

    Raise StorageUnavailable when the place is full or cannot be written to; then nothing of them is kept.
    """
    key = secrets.token_hex(16)
    try:
        _blobs().put(key, _sealed(data, key, owner))
    except OSError as error:
        log.exception("The documents' place cannot be written to")
        raise StorageUnavailable from error
    return key


def open(key: str, owner: str) -> bytes:
    """Return the bytes; raise DocumentMissing, or DocumentUnreadable when altered, moved or of a lost key."""
    return _unsealed(_read(key), key, owner)


def delete(key: str) -> None:
    """Forget a document; a second time changes nothing."""
    try:
        _blobs().delete(key)
    except KeyError:
        log.info("Document %s was already deleted", key)


def rewrap(key: str, owner: str) -> bool:
    """Encrypt again under the newest key; return whether it was under an older one."""
    blob = _read(key)
    if _split(blob, key)[0] == _newest():
        return False
    _blobs().put(key, _sealed(_unsealed(blob, key, owner), key, owner))
    return True


def seal(data: bytes, owner: str) -> bytes:
    """Encrypt a column's value for its row's owner (such as ``health:12``): on another row it does not open."""
    return _sealed(data, COLUMN, owner)


def unseal(sealed: bytes, owner: str) -> bytes:
    """Return the value; raise DocumentUnreadable when altered, moved or of a lost key."""
    return _unsealed(bytes(sealed), COLUMN, owner)


def is_stale(sealed: bytes) -> bool:
    """Whether a column's value was sealed under an older key than the newest."""
    return _split(bytes(sealed), COLUMN)[0] != _newest()


def sweep(known_keys: Iterable[str], older_than: timedelta = timedelta(days=1)) -> list[str]:
    """Delete blobs that no row names and unfinished writings, once older than this; return their names.

    ``known_keys`` are those of every app that stores documents; read them before calling, at least an hour of grace.
    """
    if older_than < GRACE:
        raise ValueError(f"older_than must leave {GRACE} for a row to come")
    known, before = set(known_keys), time.time() - older_than.total_seconds()
    orphans = sorted(key for key, written in _blobs().ages() if written < before and key not in known)
    for key in orphans:
        delete(key)
    return orphans


def _blobs() -> Blobs:
    return Folder(settings.DOCUMENTS_ROOT)


def _newest() -> str:
    return next(iter(settings.DOCUMENT_KEYS))


def _read(key: str) -> bytes:
    try:
        return _blobs().get(key)
    except KeyError:
        raise DocumentMissing from None


def _sealed(data: bytes, key: str, owner: str) -> bytes:
    name = _newest()
    header = VERSION + bytes([len(name)]) + name.encode() + os.urandom(NONCE_BYTES)
    return header + _cipher(name).encrypt(header[-NONCE_BYTES:], data, _bound(header, key, owner))


def _unsealed(blob: bytes, key: str, owner: str) -> bytes:
    name, header, sealed = _split(blob, key)
    try:
        return _cipher(name).decrypt(header[-NONCE_BYTES:], sealed, _bound(header, key, owner))
    except (InvalidTag, KeyError) as error:
        log.error("Document %s does not open with key %r: %s", key, name, type(error).__name__)
        raise DocumentUnreadable from error


def _split(blob: bytes, key: str) -> tuple[str, bytes, bytes]:
    """Return the id of the key, the header, the ciphertext."""
    start = len(VERSION) + 1
    end = start + (blob[start - 1] if len(blob) >= start else 0) + NONCE_BYTES
    if not blob.startswith(VERSION) or len(blob) < end:
        log.error("Document %s has no header of the vault", key)
        raise DocumentUnreadable
    return blob[start : end - NONCE_BYTES].decode(errors="replace"), blob[:end], blob[end:]


def _cipher(name: str) -> AESGCM:
    return AESGCM(settings.DOCUMENT_KEYS[name])


def _bound(header: bytes, key: str, owner: str) -> bytes:
    return b"\0".join((header, key.encode(), owner.encode()))
