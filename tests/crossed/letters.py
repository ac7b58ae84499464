"""Letters as they leave: the bytes that a mail server gets."""

from django.core import mail

from common.background.mailing import queue, render, send_pending
from common.models import OutgoingEmail
from tests.crossed.readers import Readers
from tests.crossed.table import Row, unequal
from tests.factories.sepa import creditor

READ = "subject, text and HTML to the letter, sender, recipient, answer address, Message-ID; no attachment"
LONG = "Réservations, paiements & « pièces » de l’accueil périscolaire de l’école Jean-Moulin à Saint-Étienne-lès-Remiremont"
ONE = {"first_name": "Zoé", "last_name": "Lefèvre-D’Hérouville", "identifier": "D1012"}
CONTACT = {
    "name": "Łukasz Großmann",
    "reply_to": "lukasz+cantine@exemple.example",
    "subject": LONG,
    "service": "Cantine",
}
CONTACT |= {
    "text": "Bonjour,\n\n.un point en tête de ligne\nFrom nulle part\n" + "à" * 1200 + "\n",
    "url": "http://testserver/x",
}


def rows(readers: Readers) -> list[Row]:
    """A letter with HTML, and one that a family wrote, in text, by npm's mailparser."""
    creditor(name="Communauté d’agglomération « Le Puy-en-Velay »")
    letters = [
        ("Letter in text and HTML", queue("accounts/account_opened", to="zoe@exemple.example", context=ONE)),
        ("Letter in text, with long lines", queue("portal/contact", to="cantine@exemple.example", context=CONTACT)),
    ]
    send_pending()
    sent = {each.to[0]: each for each in mail.outbox}
    reader = f"mailparser {readers.versions['mailparser']}"
    return [Row(title, reader, READ, _faults(row, sent[row.to], readers)) for title, row in letters]


def _faults(row: OutgoingEmail, message, readers: Readers) -> list[str]:
    read = readers.node("read_mail.cjs", readers.write(f"{row.pk}.eml", message.message().as_bytes(linesep="\r\n")))
    subject, text, html = render(row)
    answers = row.context.get("reply_to")
    return unequal(
        subject=(subject, read["subject"]),
        text=(_plain(text), _plain(read["text"])),
        html=(_plain(html), _plain(read["html"])),
        sender=(message.from_email, _address(read["from"])),
        recipient=(row.to, _address(read["to"])),
        answers=(answers or "", _address(read["reply_to"])),
        message_id=(f"<{row.message_id}@parvis>", read["message_id"]),
        attachments=([], read["attachments"]),
    )


def _plain(text: str) -> str:
    """Without what the end of a MIME part may add."""
    return text.replace("\r\n", "\n").rstrip("\n")


def _address(found: list) -> str:
    """« Name <address> », as Django writes a sender."""
    return ", ".join(f"{name} <{address}>" if name else address for name, address in found)
