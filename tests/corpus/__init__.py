"""Hostile files, made when the tests run: each says what must become of it.

What a reader must never find again carries ``MARK``; what it must still see carries ``SEEN``.
"""

from collections.abc import Callable
from dataclasses import dataclass

MARK = b"HOSTILE-MARK"
SEEN = b"Fiche de renseignements"
EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


@dataclass(frozen=True)
class Hostile:
    """A file as a stranger sends it, and what becomes of it: the name of a refusal, or the kind it is made anew as."""

    about: str
    name: str
    make: Callable[[], bytes]
    becomes: str
    declared: str = "application/pdf"
    shows: bytes = b""

    def __str__(self):
        return self.about.replace(" ", "-")
