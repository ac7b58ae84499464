"""Closing days: a strike, snow, a trip, an absent teacher. Everyone booked is told and recredited, once.

Locks in the one order: key → sessions (``lock_for_closing``) → waitlist entries → bookings by pk → accounts.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.models import User
from common.refusals import Refusal
from common.writing.once import claim_key
from common.writing.transactions import outermost
from families.models import SchoolClass
from reservations.actions.places.baskets import change_counters
from reservations.actions.places.changes import record_changes
from reservations.actions.places.ledger import MAX_LABEL, Posting, post_orders, recredit_bookings
from reservations.actions.places.promotion import promote
from reservations.actions.waiting import end_entries, lock_entries
from reservations.emails import desk as emails_desk
from reservations.emails import waiting as emails_waiting
from reservations.models import Activity, Booking, Order, Session, WaitlistEntry
from wallet.actions import Draft, Move
from wallet.models import Operation, Wallet

LONGEST = timedelta(days=92)  # a closing covers at most a term: one transaction, one email a family


class NothingToClose(Refusal):
    """No open day, or for a class nobody booked, between these dates."""

    sentence = (
        "Rien à fermer entre ces dates : aucune journée ouverte, ou aucun enfant de cette classe n’y est inscrit."
    )


class TooLong(Refusal):
    """The dates are upside down or too far apart."""

    sentence = "Indiquez des dates dans l’ordre, sur trois mois au plus."


@dataclass(frozen=True)
class Closing:
    """What an agent closes: an activity, or one class of it, from a day to another, and why (families read it)."""

    activity: Activity
    first: date
    last: date
    reason: str
    school_class: SchoolClass | None = None

    def __post_init__(self):
        if not timedelta(0) <= self.last - self.first <= LONGEST:
            raise TooLong

    @property
    def purpose(self) -> str:
        """What the key of the confirming page is made for."""
        of_class = self.school_class.pk if self.school_class else 0
        return f"close:{self.activity.pk}:{self.first}:{self.last}:{of_class}"

    @property
    def sessions(self) -> QuerySet[Session]:
        """Its days that are still open."""
        return self.activity.sessions.filter(date__range=(self.first, self.last), closed_at=None)

    def bookings(self, sessions) -> QuerySet[Booking]:
        """The bookings that end with it, on these days."""
        rows = Booking.objects.active().filter(session__in=sessions)
        return rows.filter(self._whom)

    def entries(self, sessions) -> QuerySet[WaitlistEntry]:
        """Who waits there and need not any more."""
        return WaitlistEntry.objects.filter(self._whom, session__in=sessions)

    @property
    def _whom(self) -> Q:
        return Q(member__schoolings__school_class=self.school_class) if self.school_class else Q()


@dataclass(frozen=True)
class Toll:
    """What a closing does, in numbers; ``cents`` go back to the wallets."""

    days: int
    bookings: int
    families: int
    cents: int


def foresee(closing: Closing) -> Toll:
    """What the closing would do if it were confirmed now; nothing is written."""
    rows = list(closing.bookings(closing.sessions).select_related("session"))
    return _toll(rows, closing.sessions.count())


@outermost
def close_days(*, agent: User, closing: Closing, key: str) -> dict:
    """Close the days (of a class: end its bookings only), recredit everyone, tell every family; return the numbers.

    ``closing.activity`` is one of the agent's communes. A second click gets the first answer. Raise NothingToClose.
    """
    once = claim_key(key, agent.owner, closing.purpose)
    if once.answer:
        return once.answer
    Activity.objects.of_agent(agent).get(pk=closing.activity.pk)
    sessions = lock_for_closing(closing.sessions)
    bookings = _lock_bookings(closing, sessions)
    if not sessions or (closing.school_class and not bookings):
        raise NothingToClose
    now = timezone.now()
    if not closing.school_class:
        Session.objects.filter(pk__in=sessions).update(closed_at=now, closed_reason=closing.reason)
    _end_lists(lock_entries(closing.entries(sessions)), closing, now)
    orders = _end(bookings, agent, now)
    change_counters(Counter(), Counter(booking.session_id for booking in bookings))
    record_changes(cancelled=bookings)
    post_orders(promote(sessions, _recredits(bookings, orders, closing, agent, now)))
    emails_desk.days_closed(bookings, closing.reason, closing.activity)
    toll = _toll(bookings, len(sessions))
    return once.remember({"days": toll.days, "bookings": toll.bookings, "families": toll.families, "cents": toll.cents})


def lock_for_closing(sessions: QuerySet[Session]) -> list[int]:
    """Lock these days against bookers, in the one order (limited first, then by pk); the pks of those still open."""
    rows = sessions.annotate(no_limit=Q(capacity=None)).order_by("no_limit", "pk")
    return [session.pk for session in rows.select_for_update(of=("self",), no_key=True)]


def _lock_bookings(closing: Closing, sessions: list[int]) -> list[Booking]:
    rows = closing.bookings(sessions).order_by("pk").select_for_update(of=("self",), no_key=True)
    return list(rows.select_related("session__activity__service__commune", "member"))


def _end(bookings: list[Booking], agent: User, now) -> dict[int, Order]:
    """An order a family says what was ended; return them by family."""
    cents, billing = Counter(), {}
    for booking in bookings:
        cents[booking.family_id] += booking.cents
        billing.setdefault(booking.family_id, booking.billing)
    made = Order.objects.bulk_create(
        Order(family_id=pk, by=agent, billing=billing[pk], cancelled_cents=cents[pk], at=now) for pk in sorted(billing)
    )
    orders = {order.family_id: order for order in made}
    for booking in bookings:
        booking.status, booking.cancelled_in = Booking.Status.CLOSED, orders[booking.family_id]
        booking.cancelled_at, booking.cancelled_by = now, agent
    Booking.objects.bulk_update(bookings, ["status", "cancelled_in", "cancelled_at", "cancelled_by"], batch_size=1000)
    return orders


def _end_lists(entries: list[WaitlistEntry], closing: Closing, now) -> None:
    """Nobody waits for a day that is closed; who did is told."""
    end_entries(entries, WaitlistEntry.Status.LAPSED, now)
    emails_waiting.lists_lapsed(entries, closing.reason)


def _recredits(bookings: list[Booking], orders: dict[int, Order], closing: Closing, agent: User, now) -> list[Posting]:
    """One operation a family, as its statement shows it."""
    moves = _by_family(recredit_bookings(bookings))
    label = f"Journée fermée – {closing.activity} : {closing.reason}"[:MAX_LABEL]
    kind = Operation.Kind.CANCELLATION
    return [(Draft(kind, moves[pk], agent, label, now), orders[pk]) for pk in sorted(moves)]


def _by_family(moves: list[Move]) -> dict[int, list[Move]]:
    """Money goes back to the wallet that paid: it says whose it is."""
    targets = {move.target for move in moves}
    payers = dict(Wallet.objects.filter(account__in=targets).values_list("account", "family"))
    found = defaultdict(list)
    for move in moves:
        found[payers[move.target]].append(move)
    return found


def _toll(bookings: list[Booking], days: int) -> Toll:
    families = {booking.family_id for booking in bookings}
    return Toll(days, len(bookings), len(families), sum(each.cents for each in bookings if each.is_paid))
