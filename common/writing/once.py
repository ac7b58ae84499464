"""A form that confirms is obeyed once: a key made by the server, and the first answer kept for the second click."""

import uuid

from django.core import signing
from django.utils import timezone

from common.models import IdempotencyKey
from common.refusals import StalePage
from common.writing.rows import Rows

MAX_AGE = 24 * 3600  # seconds: a page left open overnight still works


def make_key(owner: str, purpose: str, detail: str = "") -> str:
    """Return a key for one confirmation of ``purpose`` (such as ``cancel:12``) by ``owner`` (such as ``user:3``).

    ``detail`` names what the page showed: the action compares it with what stands under lock.
    """
    return signing.dumps([uuid.uuid4().hex, owner, purpose, detail], salt="once")


def claim_key(key: str, owner: str, purpose: str) -> IdempotencyKey:
    """Lock the key's row until the transaction ends; its ``answer`` is None the first time, ``detail`` as it was made.

    Raise StalePage for a key that is forged, too old, or made for another person or purpose.
    """
    try:
        name, its_owner, its_purpose, detail = signing.loads(key or "", salt="once", max_age=MAX_AGE)
    except (signing.BadSignature, ValueError):
        raise StalePage from None
    if (its_owner, its_purpose) != (owner, purpose):
        raise StalePage
    [(row,)] = _CLAIM(name, owner, purpose, timezone.now())
    row.detail = detail
    return row


# The row, new or old, locked: a second click waits here for the first, then reads its answer.
_CLAIM = Rows(
    """
    INSERT INTO lib_idempotencykey AS claim (key, owner, purpose, created_at) VALUES (%s, %s, %s, %s)
    ON CONFLICT (key) DO UPDATE SET owner = excluded.owner
    RETURNING {claim}
    """,
    claim=IdempotencyKey,
)
