"""A day asked for that was full: that somebody asked is kept, not who."""

from collections.abc import Iterable

from django.utils.crypto import salted_hmac

from families.models import Member
from reservations.models import Session, UnmetDemand


def note_unmet(full: Iterable[tuple[Session, Member]]) -> None:
    """Keep that these days were asked for in vain, once for each child and day; the caller's transaction holds."""
    UnmetDemand.objects.bulk_create(
        [UnmetDemand(session=session, asker=asker_of(session, member)) for session, member in full],
        ignore_conflicts=True,
    )


def asker_of(session: Session, member: Member) -> str:
    """A digest that says the same for the same child and day, and nothing else to who has no key of the portal."""
    return salted_hmac("unmet demand", f"{session.pk}:{member.pk}", algorithm="sha256").hexdigest()
