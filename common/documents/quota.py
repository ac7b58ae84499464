"""How much a family, or an agent, may send in a day: counted by the database in one statement, whoever else sends."""

from django.utils import timezone

from common.documents.limits import BLOCK, MAX_AGENT_DAY, MIB
from common.documents.refusals import QuotaReached
from common.models import SentToday, authority
from common.writing.rows import Rows

TOLD_FROM = 0.75  # of the quota

# Two at once wait for each other at the row; what would exceed the limit writes nothing and returns nothing.
_COUNT = Rows(
    """
    INSERT INTO lib_senttoday AS sent (owner, day, bytes) SELECT %s, %s, %s::bigint WHERE %s <= %s
    ON CONFLICT (owner, day) DO UPDATE SET bytes = sent.bytes + excluded.bytes WHERE sent.bytes + excluded.bytes <= %s
    RETURNING bytes
    """
)


def count(owner: str, size: int) -> None:
    """Add what ``owner`` (``family:12``, or ``user:3`` for an agent) sends now, in bytes; raise QuotaReached."""
    size, most = max(size, BLOCK), limit(owner)
    if not _COUNT(owner, timezone.localdate(), size, size, most, most):
        raise QuotaReached(_sentence(owner))


def limit(owner: str) -> int:
    """How many bytes ``owner`` may send in a day."""
    return authority().documents_a_day * MIB if owner.startswith("family:") else MAX_AGENT_DAY


def warning(owner: str) -> str | None:
    """What to tell once most of the day's quota is used; None before."""
    if sent(owner) < TOLD_FROM * limit(owner):
        return None
    left = (limit(owner) - sent(owner)) // MIB
    return f"Il reste {left} Mo à envoyer aujourd’hui, sur {limit(owner) // MIB} Mo de documents par jour."


def sent(owner: str) -> int:
    """Bytes that ``owner`` sent today."""
    row = SentToday.objects.filter(owner=owner, day=timezone.localdate()).first()
    return row.bytes if row else 0


def _sentence(owner: str) -> str:
    whose = "Votre famille a" if owner.startswith("family:") else "Vous avez"
    used, most = -(-sent(owner) // MIB), limit(owner) // MIB
    return (
        f"{whose} déjà envoyé {used} Mo de documents aujourd’hui, sur {most} Mo par jour. Celui-ci n’a pas été gardé : "
        "envoyez-le demain, ou tout de suite avec une qualité plus basse s’il tient dans ce qui reste."
    )
