"""The demo's mail: what the mail server would have got, read back from its files."""

import email
import re
from dataclasses import dataclass
from datetime import datetime
from email import policy
from pathlib import Path

LINK = re.compile(r"https?://\S+")
BETWEEN = re.compile(rb"^-{79}\r?\n?$", re.M)


@dataclass(frozen=True)
class Letter:
    """An email that left the portal."""

    name: str
    to: str
    subject: str
    text: str
    at: datetime

    @property
    def links(self) -> list[str]:
        """The addresses in the text, to click on."""
        return [link.rstrip(".,)>") for link in LINK.findall(self.text)]


def read_inbox(folder: Path) -> list[Letter]:
    """Return the letters of the folder, newest first."""
    files = sorted(folder.glob("*.log"), key=lambda path: path.stat().st_mtime, reverse=True) if folder.exists() else []
    return [letter for path in files[:200] for letter in _letters(path)]


def _letters(path: Path) -> list[Letter]:
    """Django writes one file a connection, its letters parted by a line of dashes. A letter is bytes, never text: each
    part of it names its own encoding."""
    at = datetime.fromtimestamp(path.stat().st_mtime).astimezone()
    parts = [part.strip() for part in BETWEEN.split(path.read_bytes())]
    return [_letter(f"{path.stem}-{number}", part, at) for number, part in enumerate(parts) if part]


def _letter(name: str, raw: bytes, at: datetime) -> Letter:
    message = email.message_from_bytes(raw, policy=policy.default)
    body = message.get_body(("plain",))
    return Letter(name, message["To"] or "", message["Subject"] or "", body.get_content() if body else "", at)
