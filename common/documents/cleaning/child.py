"""The inside of the process that reads a stranger's file: little memory, little time, no file, no socket, no secret.

It gets the file on its standard input and answers on its standard output: a line of JSON, then the cleaned bytes.
"""

import json
import os
import resource
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from common.documents import refusals
from common.documents.kinds import Kind
from common.documents.limits import CHILD_CPU_SECONDS, CHILD_MEMORY, MAX_CLEANED


class Beside(NamedTuple):
    """What somebody wrote on a page that its drawing may not show: the page's number, the field's name, the words."""

    page: int
    name: str
    text: str


@dataclass(frozen=True)
class Cleaned:
    """A file made anew from what a reader would show of the one received; ``beside`` is read on a page of its own."""

    kind: Kind
    bytes: bytes
    pages: int = 1
    beside: list[Beside] = field(default_factory=list)


def serve(clean: Callable[[bytes], Cleaned]) -> None:
    """Clean what stands on the standard input under limits, and answer."""
    sys.excepthook = lambda *error: os._exit(os.EX_SOFTWARE)
    _limit()
    answer, data = _answer(clean, sys.stdin.buffer.read())
    sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n" + data)
    sys.stdout.buffer.flush()


def _limit() -> None:
    """From here on nothing can be opened: neither a file nor a socket nor a pipe."""
    for name, most in (
        (resource.RLIMIT_AS, CHILD_MEMORY),
        (resource.RLIMIT_CPU, CHILD_CPU_SECONDS),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NPROC, 0),
        (resource.RLIMIT_NOFILE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(name, (most, most))


def _answer(clean, data: bytes) -> tuple[dict, bytes]:
    try:
        cleaned = clean(data)
    except refusals.DocumentRefused as refusal:
        return {"refused": type(refusal).__name__}, b""
    except (MemoryError, RecursionError):
        return {"refused": refusals.TooComplex.__name__}, b""
    except Exception as error:  # libraries raise nearly anything on hostile bytes; the type alone names no person
        return {"refused": refusals.Unreadable.__name__, "why": type(error).__name__}, b""
    if len(cleaned.bytes) > MAX_CLEANED:
        return {"refused": refusals.TooComplex.__name__}, b""
    return {"kind": cleaned.kind, "pages": cleaned.pages, "beside": cleaned.beside}, cleaned.bytes
