"""Where encrypted files lie. A folder today; an object store needs these four methods."""

import contextlib
import os
import re
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

KEY = re.compile(r"[0-9a-f]{32}(-[0-9a-f]{8}\.part)?")  # a stored name, or the unfinished writing of one
UNFINISHED = ".part"


class Blobs(Protocol):
    """Bytes under a name. ``put`` is all or nothing and lasts; the others raise KeyError for an unknown name."""

    def put(self, key: str, data: bytes) -> None: ...

    def get(self, key: str) -> bytes: ...

    def delete(self, key: str) -> None: ...

    def ages(self) -> Iterator[tuple[str, float]]:
        """Every name with the instant of its last writing, in seconds since 1970; unfinished writings too."""


class Folder:
    """Blobs as files that only the portal's account can read (0600, folders 0700), spread over 256 folders."""

    def __init__(self, root: str | Path):
        self.root = Path(root)

    def put(self, key: str, data: bytes) -> None:
        path = self._path(key)
        for folder in (self.root, path.parent):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        part = path.with_name(f"{key}-{secrets.token_hex(4)}{UNFINISHED}")
        try:
            _write(part, data)
            part.replace(path)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
        for folder in (path.parent, self.root):
            _sync(folder)

    def get(self, key: str) -> bytes:
        try:
            return self._path(key).read_bytes()
        except FileNotFoundError:
            raise KeyError(key) from None

    def delete(self, key: str) -> None:
        try:
            self._path(key).unlink()
        except FileNotFoundError:
            raise KeyError(key) from None

    def ages(self) -> Iterator[tuple[str, float]]:
        for path in self.root.glob("[0-9a-f][0-9a-f]/*"):
            with contextlib.suppress(FileNotFoundError):
                yield path.name, path.stat().st_mtime

    def _path(self, key: str) -> Path:
        """A key is never a path: anything else than a stored name is unknown."""
        if not KEY.fullmatch(key):
            raise KeyError(key)
        return self.root / key[:2] / key


def _write(path: Path, data: bytes) -> None:
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    """Make a new or renamed entry last."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
