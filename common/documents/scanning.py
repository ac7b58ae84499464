"""The antivirus: clamd, asked over its socket with INSTREAM. Without an answer a file is « not scanned »."""

import logging
import socket
import struct
from enum import StrEnum

from django.conf import settings

from common.documents.limits import SCAN_SECONDS

log = logging.getLogger(__name__)
CHUNK = 64 * 1024
MAX_REPLY = 4096


class Scan(StrEnum):
    """What the antivirus said."""

    CLEAN = "clean"
    INFECTED = "infected"
    NOT_SCANNED = "not_scanned"


def scan(data: bytes) -> Scan:
    """Ask clamd at ``PARVIS_CLAMD``; NOT_SCANNED when there is none, or when it does not answer in time."""
    if not settings.CLAMD:
        return Scan.NOT_SCANNED
    try:
        with _connected(settings.CLAMD) as connection:
            return _verdict(_asked(connection, data))
    except OSError as error:
        log.error("clamd does not answer at %s: %s", settings.CLAMD, error)
        return Scan.NOT_SCANNED


def _connected(address: str) -> socket.socket:
    """Connect to ``/path/of/socket`` or ``host:port``."""
    if not address.startswith("/"):
        host, _, port = address.rpartition(":")
        return socket.create_connection((host, int(port)), timeout=SCAN_SECONDS)
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(SCAN_SECONDS)
    try:
        connection.connect(address)
    except OSError:
        connection.close()
        raise
    return connection


def _asked(connection: socket.socket, data: bytes) -> str:
    connection.sendall(b"zINSTREAM\0")
    for start in range(0, len(data), CHUNK):
        chunk = data[start : start + CHUNK]
        connection.sendall(struct.pack("!I", len(chunk)) + chunk)
    connection.sendall(struct.pack("!I", 0))
    with connection.makefile("rb") as reply:
        return reply.read(MAX_REPLY).rstrip(b"\0\n").decode(errors="replace")


def _verdict(reply: str) -> Scan:
    if reply == "stream: OK":
        return Scan.CLEAN
    if reply.startswith("stream: ") and reply.endswith(" FOUND"):
        return Scan.INFECTED
    log.error("clamd did not scan a document: %s", reply)
    return Scan.NOT_SCANNED
