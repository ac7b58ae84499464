"""« Suivi »: each booking of a family and how far its transmission is (guide 004)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Prefetch, Q, QuerySet
from django.utils import timezone

from accounts.models import User
from reservations.models import Billing, Booking, Change, Transmission

PAST = timedelta(days=31)  # how long a day that is over stays shown
Verdict = Change.Verdict


@dataclass(frozen=True)
class State:
    """How far a booking is, in a word; ``reason``: why it was refused."""

    label: str
    tone: str = "quiet"
    reason: str = ""


def followed(user: User) -> QuerySet[Booking]:
    """The bookings that a guardian follows, those to come first, then those that are ``over``."""
    rows = followed_by_family(user.guardian.family_id)
    over = Q(session__date__lt=timezone.localdate())
    return rows.annotate(over=over).order_by("over", "session__date", "member__birth_date", "pk")


def followed_by_family(family: int) -> QuerySet[Booking]:
    """The family's bookings of the past month and to come, ended ones too, by day; give them ``with_states``."""
    lines = Change.objects.select_related("transmission").only(
        "booking", "kind", "verdict", "reason", "handled_at", "transmission__status"
    )
    return (
        Booking.objects.filter(family=family, session__date__gte=timezone.localdate() - PAST)
        .select_related("session__activity__service__commune", "member", "order")
        .prefetch_related(Prefetch("changes", lines, to_attr="lines"))
        .order_by("session__date", "member__birth_date", "pk")
    )


def with_states(bookings: Iterable[Booking]) -> list[Booking]:
    """The bookings of ``followed`` with their ``state``."""
    rows = list(bookings)
    for row in rows:
        row.state = state_of(row, row.lines)
    return rows


def state_of(booking: Booking, lines: Iterable[Change]) -> State:
    """« Non transmis », « Transmise », then « Validée » or « Refusée » (S4-96…S4-99); how its end goes, once ended."""
    made, ended = (_line(lines, kind) for kind in (Change.Kind.BOOKING, Change.Kind.CANCELLATION))
    if made and made.verdict == Verdict.REFUSED:
        return State("Refusée", "danger", made.reason)
    if booking.status == Booking.Status.BOOKED:
        return _standing(booking, made)
    if ended and ended.verdict == Verdict.REFUSED and not ended.handled_at:
        return State("Annulation à l’étude", "warn", ended.reason)
    if booking.status == Booking.Status.CLOSED:
        return State("Journée fermée")
    if ended and not ended.verdict:
        return State("Annulation transmise" if _is_sent(ended) else "Annulation non transmise", "info")
    return State("Annulée")


def _line(lines: Iterable[Change], kind: str) -> Change | None:
    return next((line for line in lines if line.kind == kind), None)


def _standing(booking: Booking, made: Change | None) -> State:
    """What is paid and told to no other software has nothing left to wait for: the place is the family's."""
    if (made.verdict == Verdict.ACCEPTED) if made else booking.settled_at or booking.billing == Billing.PREPAID:
        return State("Validée", "ok")
    return State("Transmise", "info") if made and _is_sent(made) else State("Non transmis", "warn")


def _is_sent(line: Change) -> bool:
    return line.transmission is not None and line.transmission.status != Transmission.Status.FROZEN
