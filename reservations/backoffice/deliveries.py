"""How a file reaches the back office, and how its answer comes back: a shared folder, SFTP or HTTPS, one interface.

Sending again is harmless: the same number always carries the same bytes. Called outside any transaction.
"""

import asyncio
import os
import posixpath
import re
import secrets
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import unquote, urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

import asyncssh

from reservations.backoffice import files
from reservations.models import BackOffice

TIMEOUT = 10  # seconds that the other side may keep silent
LONGEST = 600  # seconds that one file may take over SFTP
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
        return files.file_name(self.number, self.format)

    @property
    def answer_name(self) -> str:
        return files.answer_name(self.number, self.format)


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
                return file.read(files.LARGEST_ANSWER + 1)
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
        headers = {"Content-Type": files.content_type(parcel.format), "X-Parvis-SHA256": parcel.digest}
        self._ask("PUT", f"/transmissions/{parcel.number}", headers, parcel.data)

    def fetch(self, parcel: Parcel) -> bytes | None:
        return self._ask("GET", f"/transmissions/{parcel.number}/reponse", {"X-Parvis-SHA256": parcel.digest})

    def _ask(self, method: str, path: str, headers: dict, data: bytes | None = None) -> bytes | None:
        if self.key:
            headers["Authorization"] = f"Bearer {self.key}"
        request = Request(self.address + path, data, headers, method=method)
        try:
            with build_opener(_NoRedirect).open(request, timeout=TIMEOUT) as answer:
                return answer.read(files.LARGEST_ANSWER + 1) if answer.status == 200 else None
        except HTTPError as error:
            error.close()
            if method == "GET" and error.code == 404:
                return None
            raise DeliveryError(f"Le logiciel métier répond {error.code}.") from error
        except (OSError, HTTPException, ValueError) as error:  # unreachable, cut, too slow, not HTTP
            raise DeliveryError(f"Pas de réponse : {getattr(error, 'reason', error)}."[:200]) from error


class Sftp:
    """A folder of another machine, over SSH. Its own key is known beforehand: no stranger is given a file.

    The secret is a password, or a private key; the server's public key stands in the variable of the same name + _HOST.
    """

    def __init__(self, office: BackOffice):
        if fault := self.fault_of(office.address):
            raise DeliveryError(fault)
        self.place, self.secret = urlsplit(office.address), secret_of(office)
        self.server_key = os.environ.get(f"{office.secret_name}_HOST", "")
        if not (self.secret and self.server_key):
            name = office.secret_name or "du secret"
            raise DeliveryError(f"SFTP demande la variable {name}, et la clé du serveur dans {name}_HOST.")

    @staticmethod
    def fault_of(address: str) -> str:
        try:
            place = urlsplit(address)
            good = (
                place.scheme == "sftp" and place.hostname and place.username and not place.password and place.port != 0
            )
        except ValueError:
            good = False
        return "" if good and place.path.startswith("/") else "L’adresse a la forme « sftp://compte@serveur/dossier »."

    def send(self, parcel: Parcel) -> None:
        self._run(lambda folder: self._send(folder, parcel))

    def fetch(self, parcel: Parcel) -> bytes | None:
        return self._run(lambda folder: self._fetch(folder, parcel))

    def _run(self, work: Callable):
        try:
            return asyncio.run(asyncio.wait_for(self._connected(work), LONGEST))
        except TimeoutError as error:
            raise DeliveryError("SFTP : le serveur ne répond pas.") from error
        except (OSError, ValueError, asyncssh.Error, asyncssh.KeyImportError) as error:
            raise DeliveryError(f"SFTP : {getattr(error, 'reason', error)}."[:200]) from error

    async def _connected(self, work: Callable):
        words = {"port": self.place.port or 22, "username": unquote(self.place.username), "connect_timeout": TIMEOUT}
        words |= {"known_hosts": ([asyncssh.import_public_key(self.server_key)], [], []), "config": None}
        words |= {"agent_path": None, "keepalive_interval": TIMEOUT, **self._proof()}
        async with asyncssh.connect(self.place.hostname, **words) as ssh, ssh.start_sftp_client() as folder:
            return await work(folder)

    def _proof(self) -> dict:
        if self.secret.startswith("-----BEGIN"):
            return {"client_keys": [asyncssh.import_private_key(self.secret)]}
        return {"client_keys": None, "password": self.secret}

    async def _send(self, folder, parcel: Parcel) -> None:
        aside, path = self._path(f".{parcel.name}.{secrets.token_hex(8)}"), self._path(parcel.name)
        try:
            async with folder.open(aside, "xb") as file:
                await file.write(parcel.data)
            try:
                await folder.posix_rename(aside, path)
            except asyncssh.SFTPOpUnsupported:
                if await folder.exists(path):
                    await folder.remove(path)
                await folder.rename(aside, path)
        except BaseException:
            with suppress(Exception):
                await folder.remove(aside)
            raise

    async def _fetch(self, folder, parcel: Parcel) -> bytes | None:
        try:
            async with folder.open(self._path(parcel.answer_name), "rb") as file:
                return await file.read(files.LARGEST_ANSWER + 1)
        except asyncssh.SFTPNoSuchFile:
            return None

    def _path(self, name: str) -> str:
        return posixpath.join(unquote(self.place.path), name)


WAYS = {BackOffice.Delivery.FOLDER: Folder, BackOffice.Delivery.SFTP: Sftp, BackOffice.Delivery.HTTP: Http}


def _way(office: BackOffice):
    return WAYS[office.delivery](office)
