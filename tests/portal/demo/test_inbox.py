"""The demo's mail, read back as it was written, whatever encoding a mail program would have to undo."""

import pytest
from django.core.mail import EmailMultiAlternatives, get_connection

from portal.demo.inbox import read_inbox

TEXT = "Bonjour Léa,\n\nL’école de Saint-Étienne vous écrit : 15,20 € le cœur léger.\nhttps://exemple.fr/à-lire"
ENCODED = {
    "8bit": TEXT.encode(),
    "quoted-printable": (
        b"Bonjour L=C3=A9a,\n\nL=E2=80=99=C3=A9cole de Saint-=C3=89tienne vous =C3=A9crit=\n"
        b" : 15,20 =E2=82=AC le c=C5=93ur l=C3=A9ger.\nhttps://exemple.fr/=C3=A0-lire"
    ),
    "base64": (
        b"Qm9uam91ciBMw6lhLAoKTOKAmcOpY29sZSBkZSBTYWludC3DiXRpZW5uZSB2b3VzIMOpY3JpdCA6\n"
        b"IDE1LDIwIOKCrCBsZSBjxZN1ciBsw6lnZXIuCmh0dHBzOi8vZXhlbXBsZS5mci/DoC1saXJl"
    ),
}
HEAD = b"Subject: =?utf-8?q?R=C3=A9servation_accept=C3=A9e?=\nTo: lea@example.org\nMIME-Version: 1.0\n"
KIND = b"Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: %s\n\n"
LATIN = b"Content-Type: text/plain; charset=iso-8859-15\nContent-Transfer-Encoding: 8bit\n\n"


@pytest.fixture
def folder(tmp_path):
    return tmp_path


@pytest.mark.parametrize("encoding", ENCODED)
def test_a_letter_reads_as_it_was_written_in_each_encoding(folder, encoding):
    (folder / "1.log").write_bytes(HEAD + KIND % encoding.encode() + ENCODED[encoding] + b"\n" + b"-" * 79 + b"\n")
    [letter] = read_inbox(folder)
    assert (letter.subject, letter.to) == ("Réservation acceptée", "lea@example.org")
    assert letter.text.strip() == TEXT
    assert letter.links == ["https://exemple.fr/à-lire"]


def test_the_charset_that_a_letter_names_is_believed(folder):
    (folder / "1.log").write_bytes(HEAD + LATIN + "Été à 15,20 €".encode("iso-8859-15") + b"\n" + b"-" * 79 + b"\n")
    assert read_inbox(folder)[0].text.strip() == "Été à 15,20 €"


def test_what_the_portal_sends_is_read_back(folder):
    """Two letters of one connection, as the demo sends them; long lines are encoded, accents are not."""
    connection = get_connection("django.core.mail.backends.filebased.EmailBackend", file_path=folder)
    for number in (1, 2):
        letter = EmailMultiAlternatives(f"Été {number}", f"{TEXT}\n{'é' * 1000}", to=["lea@example.org"])
        letter.attach_alternative(f"<p>{TEXT}</p>", "text/html")
        connection.send_messages([letter])
    read = read_inbox(folder)
    assert [letter.subject for letter in read] == ["Été 1", "Été 2"]
    assert {letter.text.strip() for letter in read} == {f"{TEXT}\n{'é' * 1000}"}
