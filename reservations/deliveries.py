"""How a file reaches the back office, and how its answer comes back: a shared folder, SFTP or HTTPS, one interface.

Sending again is harmless: the same number always carries the same bytes. Called outside any transaction.
"""

import os
import re
import tempfile
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from reservations import backoffice
from reservations.models import BackOffice

TIMEOUT = 30  # seconds that the other side may keep silent
SECRET = re.compile(r"BACKOFFICE_[A-Z0-9_]+")  # no other variable of the environment may leave by a delivery
LOCAL = {"127.0.0.1", "localhost", "::1"}


class DeliveryError(Exception):
    """The other side could not be reached or said no; says why in French."""


@dataclass(frozen=True)
class Parcel:
    """A transmission as it travels; ``data`` empty when only its answer is asked for."""

    number: int
    format: str
    digest: str
    data: bytes = b""

    @property
    def name(self) -> str:
        return backoffice.file_name(self.number, self.format)

    @property
    def answer_name(self) -> str:
        return backoffice.answer_name(self.number, self.format)


def send(office: BackOffice, parcel: Parcel) -> None:
    """Hand the file over, whole or not at all; raise DeliveryError."""
    _way(office).send(parcel)


def fetch(office: BackOffice, parcel: Parcel) -> bytes | None:
    """The answer to a file, None while there is none; raise DeliveryError."""
    return _way(office).fetch(parcel)


def fault_of(delivery: str, address: str, secret_name: str) -> str:
    """Why nothing can be delivered so, in a sentence; empty when it can."""
    if secret_name and not SECRET.fullmatch(secret_name):
        return "Le nom du secret commence par BACKOFFICE_ et ne contient que des majuscules, chiffres et « _ »."
    return WAYS[delivery].fault_of(address)


def secret_of(office: BackOffice) -> str:
    """The key that the environment holds for this back office; raise DeliveryError when it is missing."""
    if not office.secret_name:
        return ""
    if not SECRET.fullmatch(office.secret_name) or not os.environ.get(office.secret_name):
        raise DeliveryError(f"La variable d’environnement {office.secret_name} est absente.")
    return os.environ[office.secret_name]


class Folder:
    """A folder of this machine; a file appears there whole, under its last name."""

    def __init__(self, office: BackOffice):
        self.path = Path(office.address)

    @staticmethod
    def fault_of(address: str) -> str:
        return "" if Path(address).is_absolute() else "L’adresse d’un dossier commence par « / »."

    def send(self, parcel: Parcel) -> None:
        try:
            with tempfile.TemporaryDirectory(dir=self.path, prefix=".parvis-") as aside:
                self._write(Path(aside) / parcel.name, parcel.data)
                os.replace(Path(aside) / parcel.name, self.path / parcel.name)
        except OSError as error:
            raise DeliveryError(f"Dossier : {error.strerror or error}.") from error

    @staticmethod
    def _write(path: Path, data: bytes) -> None:
        with open(path, "xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())

    def fetch(self, parcel: Parcel) -> bytes | None:
        try:
            with open(self.path / parcel.answer_name, "rb") as file:
                return file.read(backoffice.LARGEST_ANSWER + 1)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise DeliveryError(f"Dossier : {error.strerror or error}.") from error


class _NoRedirect(HTTPRedirectHandler):
    """A key is shown to the address that the manager wrote, to no other."""

    def redirect_request(self, *args, **kwargs):
        return None


class Http:
    """PUT …/transmissions/12, then GET …/transmissions/12/reponse; the key as a bearer token."""

    def __init__(self, office: BackOffice):
        if fault := self.fault_of(office.address):
            raise DeliveryError(fault)
        self.address, self.key = office.address.rstrip("/"), secret_of(office)

    @staticmethod
    def fault_of(address: str) -> str:
        try:
            parts = urlsplit(address)
            hosts = {"https": parts.hostname, "http": parts.hostname in LOCAL}
        except ValueError:
            hosts, parts = {}, urlsplit("")
        if hosts.get(parts.scheme):
            return ""
        return "L’adresse commence par « https:// »."

    def send(self, parcel: Parcel) -> None:
        headers = {"Content-Type": backoffice.content_type(parcel.format), "X-Parvis-SHA256": parcel.digest}
        self._ask("PUT", f"/transmissions/{parcel.number}", headers, parcel.data)

    def fetch(self, parcel: Parcel) -> bytes | None:
        return self._ask("GET", f"/transmissions/{parcel.number}/reponse", {"X-Parvis-SHA256": parcel.digest})

    def _ask(self, method: str, path: str, headers: dict, data: bytes | None = None) -> bytes | None:
        if self.key:
            headers["Authorization"] = f"Bearer {self.key}"
        request = Request(self.address + path, data, headers, method=method)
        try:
            with build_opener(_NoRedirect).open(request, timeout=TIMEOUT) as answer:
                return answer.read(backoffice.LARGEST_ANSWER + 1) if answer.status == 200 else None
        except HTTPError as error:
            error.close()
            if method == "GET" and error.code == 404:
                return None
            raise DeliveryError(f"Le logiciel métier répond {error.code}.") from error
        except (OSError, HTTPException, ValueError) as error:  # unreachable, cut, too slow, not HTTP
            raise DeliveryError(f"Pas de réponse : {getattr(error, 'reason', error)}."[:200]) from error


WAYS = {BackOffice.Delivery.FOLDER: Folder, BackOffice.Delivery.HTTP: Http}


def _way(office: BackOffice):
    way = WAYS.get(office.delivery)
    if way is None:
        raise DeliveryError("Cette remise n’est pas disponible.")
    return way(office)
