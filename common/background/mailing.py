"""The outbox: an email is a row written with the business change, sent afterwards by a relay, at least once.

Templates: ``emails/<app>/<name>.subject.txt``, ``.txt`` and (optional) ``.html``.
"""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime, time, timedelta
from smtplib import SMTPDataError, SMTPRecipientsRefused, SMTPSenderRefused

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import connection, transaction
from django.template import TemplateDoesNotExist
from django.template.loader import render_to_string
from django.utils import timezone

from common.background.waking import wake
from common.brakes import breaker
from common.models import OutgoingEmail, authority
from common.writing.rows import insert

log = logging.getLogger(__name__)
MAX_TRIES = 12
BATCH = 50
SERVER = "mail"  # its name among what is left alone when it does not answer
OF_ONE_EMAIL = (SMTPRecipientsRefused, SMTPSenderRefused, SMTPDataError)  # the server answers, and wants this one not
MORNING = time(8)  # local: no letter that the night writes leaves before
_held = ContextVar("held", default=False)


@contextmanager
def by_day() -> Iterator[None]:
    """What is queued inside wakes nobody: written in the night, it leaves at 8 o'clock, and at once later in the day.

    The message stands in the portal from the beginning.
    """
    token = _held.set(True)
    try:
        yield
    finally:
        _held.reset(token)


def _departure() -> datetime:
    """When what is queued now may leave."""
    now = timezone.localtime()
    return now.replace(hour=MORNING.hour, minute=0, second=0, microsecond=0) if _held.get() and _is_early(now) else now


def _is_early(now: datetime) -> bool:
    return now.time() < MORNING


def queue(template: str, *, to: str = "", owner: str = "", context: dict | None = None, secret: bool = False):
    """Owe an email: write its row in the current transaction and wake the relay after the commit.

    ``context`` is frozen as JSON. Without ``to`` the message is read in the portal only (by ``owner``).
    ``secret`` purges the context once sent (links and codes).
    """
    email = OutgoingEmail(
        template=template, to=to or "", owner=owner, context=context or {}, secret=secret, next_try_at=_departure()
    )
    insert(email)
    if to:
        transaction.on_commit(_wake_relay, robust=True)
    return email


def queue_all(emails: list[OutgoingEmail]) -> None:
    """Owe many emails in one query; as ``queue`` does for one."""
    rows = [
        {name: getattr(email, name) for name in _WRITTEN} | {"message_id": str(email.message_id)} for email in emails
    ]
    with connection.cursor() as cursor:
        cursor.execute(_QUEUE_ALL, [timezone.now(), _departure(), json.dumps(rows)])
    if any(email.to for email in emails):
        transaction.on_commit(_wake_relay, robust=True)


_WRITTEN = ("owner", "to", "template", "context", "secret")
# One text for all: as arrays, each context would be escaped character by character.
_QUEUE_ALL = """
    INSERT INTO lib_outgoingemail (owner, "to", template, context, secret, message_id, created_at, next_try_at, tries)
    SELECT owner, "to", template, context, secret, message_id, now, departure, 0
    FROM (SELECT %s::timestamptz AS now, %s::timestamptz AS departure) AS at, jsonb_to_recordset(%s::jsonb) AS email
        (owner text, "to" text, template text, context jsonb, secret boolean, message_id uuid)
"""


def _wake_relay():
    wake("common.tasks.send_outgoing_emails")


def send_pending(limit: int = BATCH) -> int:
    """Send the emails that are due, one short transaction each; return how many left or met a fault of their own.

    A mail server that does not answer ends the round: it is left alone for a while, and no other email waits for it.
    """
    sent = 0
    while sent < limit and _send_next():
        sent += 1
    return sent


def _send_next() -> bool:
    if breaker.is_resting(SERVER):
        return False
    with transaction.atomic():
        email = (
            OutgoingEmail.objects.select_for_update(skip_locked=True, no_key=True)
            .filter(sent_at=None, given_up_at=None, next_try_at__lte=timezone.now())
            .exclude(to="")
            .order_by("next_try_at", "pk")
            .first()
        )
        if email is None:
            return False
        try:
            build(email).send()
        except Exception as error:  # a mail server may fail in any way; the row stays and is tried again later
            log.exception("email %s not sent", email.pk)
            _postpone(email)
            if isinstance(error, OSError) and not isinstance(error, OF_ONE_EMAIL):
                breaker.rest(SERVER)
        else:
            breaker.answered(SERVER)
            email.sent_at = timezone.now()
            if email.secret:
                email.context = {}
        email.save()
        return True


def _postpone(email: OutgoingEmail):
    email.tries += 1
    email.next_try_at = timezone.now() + timedelta(minutes=min(2**email.tries, 240))
    if email.tries >= MAX_TRIES:
        email.given_up_at = timezone.now()


def build(email: OutgoingEmail) -> EmailMultiAlternatives:
    """Return the email as it is sent; its Message-ID stays the same over all tries.

    An answer goes to ``reply_to`` of the context, when there is one.
    """
    subject, text, html = render(email)
    headers, answers = {"Message-ID": f"<{email.message_id}@parvis>"}, email.context.get("reply_to")
    message = EmailMultiAlternatives(
        subject, text, to=[email.to], headers=headers, reply_to=[answers] if answers else None
    )
    if html:
        message.attach_alternative(html, "text/html")
    return message


def subject_of(email: OutgoingEmail) -> str:
    """What a message is about, for lists; a secret one, whose words may be gone, is only said to be one."""
    return "Message confidentiel : un lien ou un code" if email.secret else _subject(email, _context(email))


def _context(email: OutgoingEmail) -> dict:
    return {**email.context, "authority": authority(), "public_url": settings.PUBLIC_URL}


def _subject(email: OutgoingEmail, context: dict) -> str:
    return " ".join(render_to_string(f"emails/{email.template}.subject.txt", context).split())


def render(email: OutgoingEmail) -> tuple[str, str, str]:
    """Return (subject, text, html or "") of an email or portal message, in French."""
    context, base = _context(email), f"emails/{email.template}"
    subject = _subject(email, context)
    text = render_to_string(f"{base}.txt", context).strip() + "\n"
    try:
        html = render_to_string(f"{base}.html", context)
    except TemplateDoesNotExist:
        html = ""
    return subject, text, html
