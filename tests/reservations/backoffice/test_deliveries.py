"""A file reaches the back office whole, over SFTP too, and only the one that is known."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import asyncssh
import pytest

from reservations.backoffice import deliveries
from reservations.backoffice.deliveries import DeliveryError, Parcel
from reservations.models import BackOffice

FILE = Parcel(12, "csv", "0" * 64, b"ligne;nature\r\n")


class Account(asyncssh.SSHServer):
    """Lets « parvis » in with its password."""

    def begin_auth(self, username):
        return True

    def password_auth_supported(self):
        return True

    def validate_password(self, username, password):
        return (username, password) == ("parvis", "cantine")


class Machine:
    """An SFTP server on a thread of its own; ``folder`` is its root."""

    def __init__(self, folder):
        self.folder, self.key = folder, asyncssh.generate_private_key("ssh-ed25519")
        self.client = asyncssh.generate_private_key("ssh-ed25519")
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever)
        self.thread.start()
        self.server = self._do(self._listen())
        self.port = self.server.sockets[0].getsockname()[1]

    def _do(self, work):
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(10)

    async def _listen(self):
        trusted = asyncssh.import_authorized_keys(self.client.export_public_key().decode())
        return await asyncssh.listen(
            "127.0.0.1",
            0,
            server_host_keys=[self.key],
            server_factory=Account,
            authorized_client_keys=trusted,
            sftp_factory=lambda channel: asyncssh.SFTPServer(channel, chroot=str(self.folder).encode()),
        )

    async def _stop(self):
        self.server.close()
        await self.server.wait_closed()
        rest = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)

    def stop(self):
        self._do(self._stop())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)
        self.loop.close()


@pytest.fixture(autouse=True)
def no_loop_here(monkeypatch):
    """The browser's driver keeps a loop running in the thread of the tests, where no other can run."""
    run = asyncio.run

    def elsewhere(work):
        with ThreadPoolExecutor(1) as thread:
            return thread.submit(run, work).result()

    monkeypatch.setattr(asyncio, "run", elsewhere)


@pytest.fixture(scope="module")
def machine(tmp_path_factory):
    machine = Machine(tmp_path_factory.mktemp("sftp"))
    (machine.folder / "echange").mkdir()
    yield machine
    machine.stop()


@pytest.fixture
def office(machine, monkeypatch):
    monkeypatch.setenv("BACKOFFICE_SFTP", "cantine")
    monkeypatch.setenv("BACKOFFICE_SFTP_HOST", machine.key.export_public_key().decode())
    address = f"sftp://parvis@127.0.0.1:{machine.port}/echange"
    return BackOffice(delivery="sftp", address=address, secret_name="BACKOFFICE_SFTP")


@pytest.mark.parametrize("by_key", [False, True])
def test_a_file_appears_whole_under_its_name_and_again_the_same(machine, office, monkeypatch, by_key):
    if by_key:
        monkeypatch.setenv("BACKOFFICE_SFTP", machine.client.export_private_key().decode())
    for _ in range(2):
        deliveries.send(office, FILE)
        assert {path.name: path.read_bytes() for path in (machine.folder / "echange").iterdir()} == {
            "parvis-000012.csv": FILE.data
        }


def test_the_answer_is_read_once_it_is_there(machine, office):
    assert deliveries.fetch(office, FILE) is None
    answer = machine.folder / "echange" / "parvis-000012.reponse.csv"
    answer.write_bytes(b"ligne;verdict\r\n")
    assert deliveries.fetch(office, FILE) == b"ligne;verdict\r\n"
    answer.unlink()


def test_a_stranger_in_the_server_s_place_is_given_nothing(machine, office, monkeypatch):
    other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()
    monkeypatch.setenv("BACKOFFICE_SFTP_HOST", other)
    with pytest.raises(DeliveryError, match="Host key is not trusted"):
        deliveries.send(office, FILE)


@pytest.mark.parametrize(
    ("variable", "value", "sentence"),
    [
        ("BACKOFFICE_SFTP", "faux", "SFTP : Permission denied"),
        ("BACKOFFICE_SFTP", "-----BEGIN rien", "SFTP : "),
        ("BACKOFFICE_SFTP_HOST", "", "la clé du serveur dans BACKOFFICE_SFTP_HOST"),
        ("BACKOFFICE_SFTP_HOST", "ssh-ed25519 faux", "SFTP : "),
        ("BACKOFFICE_SFTP", "", "La variable d’environnement BACKOFFICE_SFTP est absente."),
    ],
)
def test_a_wrong_secret_is_told_and_nothing_is_sent(office, monkeypatch, variable, value, sentence):
    monkeypatch.setenv(variable, value)
    with pytest.raises(DeliveryError, match=sentence):
        deliveries.send(office, FILE)


def test_a_folder_that_is_not_there_and_a_server_that_is_down_are_told(machine, office):
    office.address = office.address.replace("echange", "absent")
    with pytest.raises(DeliveryError, match="SFTP : No such file"):
        deliveries.send(office, FILE)
    office.address = "sftp://parvis@127.0.0.1:1/echange"
    with pytest.raises(DeliveryError, match="SFTP : "):
        deliveries.send(office, FILE)


@pytest.mark.parametrize(
    "address",
    ["sftp://serveur/dossier", "sftp://parvis:secret@serveur/d", "sftp://parvis@serveur", "https://a.b", "sftp://[::"],
)
def test_an_address_that_cannot_serve_is_refused(address):
    assert deliveries.fault_of("sftp", address, "") == "L’adresse a la forme « sftp://compte@serveur/dossier »."
    assert deliveries.fault_of("sftp", "sftp://parvis@serveur:2222/dossier", "") == ""
