"""How files come in: in memory, counted, past the antivirus."""

import socket
import struct
import threading
from contextlib import contextmanager

import pytest
from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import RequestFactory

from common.documents import refusals, scanning
from common.documents.handlers import RefusedUpload
from common.documents.intake import accept_upload
from common.documents.limits import MAX_BODY, MAX_FILE, MIB
from common.documents.scanning import Scan, scan
from tests.client import PortalClient
from tests.corpus import EICAR, SEEN
from tests.corpus.images import photo
from tests.corpus.pdfs import by_hand

POST = RequestFactory().post
MULTIPART = "multipart/form-data; boundary=X"


def received(*contents: bytes, **fields):
    """The request a form sends with these files, all in one field."""
    files = [SimpleUploadedFile(f"{number}.pdf", content) for number, content in enumerate(contents)]
    return POST("/", {"files": files, **fields})


def outcome(file) -> str:
    try:
        accept_upload(file)
    except refusals.DocumentRefused as refusal:
        return type(refusal).__name__
    return "accepted"


# The handler


def test_files_stay_in_memory_whole_with_their_name():
    request = received(b"%PDF-1.7 a", b"%PDF-1.7 b", title="RIB")
    files = request.FILES.getlist("files")
    assert [(file.name, file.size, file.read()) for file in files] == [
        ("0.pdf", 10, b"%PDF-1.7 a"),
        ("1.pdf", 10, b"%PDF-1.7 b"),
    ]
    assert not any(hasattr(file, "temporary_file_path") for file in files)
    assert request.POST["title"] == "RIB"


def test_a_file_over_the_cap_leaves_its_name_and_a_refusal_but_no_byte():
    request = received(bytes(MAX_FILE + 1), photo("JPEG"), title="RIB")
    big, small = request.FILES.getlist("files")
    assert (type(big), big.name, big.size, big.read()) == (RefusedUpload, "0.pdf", MAX_FILE + 1, b"")
    assert [outcome(big), outcome(small)] == ["TooBig", "accepted"]
    assert request.POST["title"] == "RIB"


def test_a_file_at_the_cap_passes():
    (file,) = received(bytes(MAX_FILE)).FILES.getlist("files")
    assert (type(file) is RefusedUpload, file.size) == (False, MAX_FILE)


def test_the_sixth_file_is_refused_and_the_five_before_are_kept():
    files = received(*[photo("JPEG")] * 6).FILES.getlist("files")
    assert [outcome(file) for file in files] == ["accepted"] * 5 + ["TooManyFiles"]


def test_files_are_refused_once_the_request_is_full_and_a_smaller_one_still_fits():
    sizes = [9 * MIB, 9 * MIB, 9 * MIB, 7 * MIB, 1]
    files = received(*[bytes(size) for size in sizes]).FILES.getlist("files")
    assert [outcome(file) for file in files] == [
        "NotADocument",
        "NotADocument",
        "RequestTooBig",
        "NotADocument",
        "RequestTooBig",
    ]


def test_a_body_beyond_all_need_is_not_read():
    class Unread:
        def read(self, size=None):
            raise AssertionError("read")

    request = received(b"x")
    request.META["CONTENT_LENGTH"], request.environ["wsgi.input"] = str(MAX_BODY + 1), Unread()
    with pytest.raises(RequestDataTooBig):
        request.FILES  # noqa: B018


def bomb(files: int) -> bytes:
    part = b'--X\r\nContent-Disposition: form-data; name="f"; filename="a"\r\n\r\nx\r\n'
    return part * files + b"--X--\r\n"


def test_fifty_files_are_told_why_and_one_more_is_a_bomb():
    files = POST("/", bomb(50), content_type=MULTIPART).FILES.getlist("f")
    assert [type(file) is RefusedUpload for file in files] == [False] * 5 + [True] * 45
    with pytest.raises(TooManyFilesSent):
        POST("/", bomb(51), content_type=MULTIPART).FILES  # noqa: B018


def test_a_request_of_too_many_fields_is_a_bomb(settings):
    settings.DATA_UPLOAD_MAX_NUMBER_FIELDS = 10
    with pytest.raises(TooManyFieldsSent):
        received(b"x", **{f"field{number}": "x" for number in range(20)}).POST  # noqa: B018


@pytest.mark.django_db
@pytest.mark.parametrize("body", [b"", b"--X\r\n", b"--X\r\nContent-Disposition: form-data; name=", b"\xff" * 500])
def test_a_broken_form_is_never_an_error_of_the_portal(body):
    answer = PortalClient().post("/", body, content_type=MULTIPART)
    assert answer.status_code < 500


@pytest.mark.django_db
def test_a_bomb_of_files_is_answered_with_a_page():
    client = PortalClient(enforce_csrf_checks=True)
    client.cookies["csrftoken"] = "a" * 32
    answer = client.post("/", bomb(51), content_type=MULTIPART)
    assert answer.status_code == 400


# The antivirus


class FakeClamd:
    """Speaks clamd's INSTREAM over a socket; says FOUND for EICAR, unless told to answer otherwise."""

    def __init__(self, listener: socket.socket, reply: bytes | None = None, silent: bool = False):
        self.listener, self.reply, self.silent, self.received = listener, reply, silent, []
        self.done = threading.Event()

    def serve(self):
        with self.listener.accept()[0] as connection, connection.makefile("rb") as stream:
            assert stream.read(10) == b"zINSTREAM\0"
            data = b""
            while size := struct.unpack("!I", stream.read(4))[0]:
                data += stream.read(size)
            self.received.append(data)
            if self.silent:
                self.done.wait(5)
            else:
                found = b"stream: Eicar-Test-Signature FOUND\0"
                connection.sendall(self.reply or (found if EICAR in data else b"stream: OK\0"))


@contextmanager
def clamd(settings, tcp: bool = False, path: str = "", **how):
    listener = socket.create_server(("127.0.0.1", 0)) if tcp else socket.socket(socket.AF_UNIX)
    if not tcp:
        listener.bind(path)
        listener.listen()
    settings.CLAMD = f"127.0.0.1:{listener.getsockname()[1]}" if tcp else path
    fake = FakeClamd(listener, **how)
    thread = threading.Thread(target=fake.serve)
    thread.start()
    try:
        yield fake
    finally:
        fake.done.set()
        thread.join()
        listener.close()


@pytest.fixture
def path(tmp_path_factory):
    return str(tmp_path_factory.mktemp("c") / "s")


@pytest.mark.parametrize("tcp", [True, False])
@pytest.mark.parametrize(("data", "said"), [(b"bonjour" * 50_000, Scan.CLEAN), (b"x" * 70_000 + EICAR, Scan.INFECTED)])
def test_the_antivirus_gets_every_byte_and_its_word_is_believed(settings, path, tcp, data, said):
    with clamd(settings, tcp, path) as fake:
        assert scan(data) is said
    assert fake.received == [data]


@pytest.mark.parametrize("reply", [b"INSTREAM size limit exceeded. ERROR\0", b"?", b"stream: OK, or so", b"\xff\0"])
def test_an_answer_that_is_no_verdict_leaves_the_file_unscanned(settings, path, reply):
    with clamd(settings, path=path, reply=reply):
        assert scan(b"bonjour") is Scan.NOT_SCANNED


def test_a_silent_antivirus_leaves_the_file_unscanned_in_time(settings, path, monkeypatch):
    monkeypatch.setattr(scanning, "SCAN_SECONDS", 0.2)
    with clamd(settings, path=path, silent=True):
        assert scan(b"bonjour") is Scan.NOT_SCANNED


@pytest.mark.parametrize("address", ["/nowhere/clamd.sock", "127.0.0.1:1"])
def test_an_absent_antivirus_leaves_the_file_unscanned_and_in_quarantine(settings, address):
    settings.CLAMD = address
    document = accept_upload(SimpleUploadedFile("photo.jpg", photo("JPEG")))
    assert (document.scan, document.quarantined) == (Scan.NOT_SCANNED, True)


def test_without_an_antivirus_nothing_waits_in_quarantine():
    document = accept_upload(SimpleUploadedFile("photo.jpg", photo("JPEG")))
    assert (document.scan, document.quarantined) == (Scan.NOT_SCANNED, False)


def test_a_clean_file_is_not_in_quarantine(settings, path):
    with clamd(settings, path=path):
        document = accept_upload(SimpleUploadedFile("photo.jpg", photo("JPEG")))
    assert (document.scan, document.quarantined) == (Scan.CLEAN, False)


def test_the_antivirus_reads_what_was_sent_before_it_is_cleaned(settings, path):
    data = by_hand(b"<< /Type /Catalog >>") + b"%" + EICAR + SEEN
    with clamd(settings, path=path) as fake, pytest.raises(refusals.Infected):
        accept_upload(SimpleUploadedFile("fiche.pdf", data))
    assert fake.received == [data]
