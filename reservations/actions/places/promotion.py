"""Who waits for a day is served inside the transaction that frees its place: strictly by priority, then by arrival.

The caller holds the locks of the sessions and has counted what it frees. In the one order then: waiters → all accounts
at once, those of the caller too → decide → the caller posts once (``post_orders``). docs/locks.md.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime

from django.utils import timezone

from accounts.models import User
from reservations.actions.places.baskets import change_counters
from reservations.actions.places.changes import record_changes
from reservations.actions.places.ledger import MAX_LABEL, Posting, accounts_of, pay_bookings
from reservations.emails import waiting as emails_waiting
from reservations.models import Activity, Billing, Booking, CartLine, Order, Priority, Session, WaitlistEntry
from reservations.reads.access import is_resident
from reservations.reads.family import estimated_costs, family_facts, members_with_schooling
from reservations.reads.offers import Offer, terms_of
from reservations.reads.prices import PriceBook
from reservations.rules import in_time, is_only_offered, list_ends_at, offered_until
from wallet.actions import Draft, lock_accounts, wallet_of
from wallet.models import Operation

Status = WaitlistEntry.Status
Criterion = Priority.Criterion


def join_lists(lines: list[CartLine], order: Order, offer: Offer) -> Counter:
    """Put these lines of a cart on the waiting lists of their days; return how many joined, by session."""
    priority = _priorities(lines, offer)
    WaitlistEntry.objects.bulk_create(
        WaitlistEntry(
            session=line.session,
            member=line.member,
            family_id=order.family_id,
            order=order,
            by=order.by,
            billing=order.billing,
            cents=line.cents,
            quantity=line.session.activity.quantity,
            priority=priority[line.pk],
            arrived_at=order.at,
        )
        for line in lines
    )
    return Counter(line.session_id for line in lines)


def _priorities(lines: list[CartLine], offer: Offer) -> Counter:
    """The points of each line (by pk), by the criteria that its activity has when it joins."""
    points, activities = Counter(), {line.session.activity_id for line in lines}
    rules = list(Priority.objects.filter(activity__in=activities)) if activities else []
    siblings = _booked_days(lines, offer) if any(rule.criterion == Criterion.SIBLING for rule in rules) else set()
    for line in lines:
        met = {
            Criterion.RESIDENT: is_resident(line.session.activity, offer.facts.family),
            Criterion.PARENTS_WORK: offer.facts.family.parents_work,
            Criterion.SIBLING: line.session_id in siblings,
        }
        points[line.pk] = sum(
            rule.points for rule in rules if rule.activity_id == line.session.activity_id and met[rule.criterion]
        )
    return points


def _booked_days(lines: list[CartLine], offer: Offer) -> set[int]:
    """The days that the family has booked for somebody; who waits there has not."""
    days = {line.session_id for line in lines}
    booked = Booking.objects.active().filter(session__in=days, family=offer.facts.family)
    return set(booked.values_list("session", flat=True))


def promote(sessions: Collection[int], postings: Iterable[Posting] = (), also: Iterable[Booking] = ()) -> list[Posting]:
    """Give the free places of these days to who waits for them; return all that is to be posted, the caller's first.

    Each is booked and debited, or only offered the place: when the wallet cannot pay, when the family may not book just
    now, and once nobody is debited unasked (``rules.is_only_offered``). ``also``: bookings whose wallets the caller locks
    after.
    """
    postings, now = list(postings), timezone.now()
    chosen = _choose(sessions, now) if sessions else []
    if not chosen:
        return postings
    till = Till(chosen, postings, also)
    served = [entry for entry in chosen if _may_be_served(entry, now) and till.takes(entry)]
    offered = [entry for entry in chosen if entry not in served]
    bookings = serve(served, now)
    _offer(offered, now)
    taken, held, left = (Counter(entry.session_id for entry in rows) for rows in (served, offered, chosen))
    change_counters(taken, Counter(), negative(held), negative(left))
    record_changes(booked=bookings)
    return postings + payments(bookings, now)


def negative(counted: Counter) -> Counter:
    """The same, taken away."""
    return Counter({pk: -number for pk, number in counted.items()})


def _choose(sessions: Collection[int], now: datetime) -> list[WaitlistEntry]:
    """The first waiters of the days that have free places and may still be booked, locked."""
    rows = Session.objects.filter(pk__in=sessions, waiting__gt=0, closed_at=None).order_by("pk")
    chosen = []
    for session in rows.select_related("activity__service__commune", "activity__purse"):
        if _serves(session, now):
            _drop_booked(session, now)
            chosen += _first(session)
    return chosen


def _serves(session: Session, now: datetime) -> bool:
    activity = session.activity
    return activity.is_open and activity.service.is_open and in_time(list_ends_at(terms_of(session)), now)


def _first(session: Session) -> list[WaitlistEntry]:
    """As many as there are places, with the session as it was just read."""
    room = None if session.capacity is None else session.capacity - session.booked - session.held
    rows = WaitlistEntry.objects.filter(session=session, status=Status.WAITING).select_related("member", "family", "by")
    entries = list(rows.in_order().select_for_update(of=("self",), no_key=True)[:room])
    for entry in entries:
        entry.session = session
    return entries


def _drop_booked(session: Session, now: datetime) -> None:
    """Who has a booking that day by another way waits no more."""
    booked = Booking.objects.active().filter(session=session).values("member")
    waiting = WaitlistEntry.objects.filter(session=session, status=Status.WAITING, member__in=booked)
    gone = waiting.update(status=Status.LEFT, ended_at=now)
    change_counters(Counter(), Counter(), joined=Counter({session.pk: -gone}))


def _may_be_served(entry: WaitlistEntry, now: datetime) -> bool:
    """Whether the place may be booked and debited without asking again, money apart."""
    if is_only_offered(terms_of(entry.session), now, timezone.localdate()):
        return False
    offer = offer_of(entry, now)
    return offer.facts.certified and not offer.against_taking(entry.session, entry.member)


def offer_of(entry: WaitlistEntry, now: datetime) -> Offer:
    """What the entry's family may do on its day, its member's schooling and access as they are now."""
    activity = Activity.objects.with_schools().get(pk=entry.session.activity_id)
    activity.billing = entry.billing  # the place is paid, or owed, as it was asked for
    entry.session.activity = activity
    facts = family_facts(entry.family_id, timezone.localdate())
    members = {each.pk: each for each in members_with_schooling(entry.family_id, [entry.member_id])}
    entry.member = members.get(entry.member_id, entry.member)
    return Offer(facts, members, PriceBook([activity], facts), now)


class Till:
    """What the wallets of those who are chosen can pay, their accounts and the caller's locked at once."""

    def __init__(self, entries: list[WaitlistEntry], postings: list[Posting], also: Iterable[Booking]):
        self._accounts = {
            entry.pk: wallet_of(entry.family, entry.session.activity.purse).account_id for entry in entries
        }
        self._change, self._estimates = Counter(), defaultdict(Counter)
        moves = [move for draft, _ in postings for move in draft.moves]
        for move in moves:
            self._change[move.target] += move.cents
            self._change[move.source] -= move.cents
        self._standings = lock_accounts({*self._accounts.values(), *self._change, *accounts_of(also)})

    def takes(self, entry: WaitlistEntry) -> bool:
        """Whether the wallet can pay this place besides what it pays already; counts it as paid then."""
        account, purse = self._accounts[entry.pk], entry.session.activity.purse_id
        change = self._change[account] - entry.cents
        if entry.billing == Billing.DEFERRED:
            change -= self._estimate(entry.family_id)[purse]
        if entry.cents and self._standings[account].missing(change):
            return False
        self._change[account] -= entry.cents
        return True

    def _estimate(self, family: int) -> Counter:
        if family not in self._estimates:
            self._estimates[family] = Counter(estimated_costs(family))
        return self._estimates[family]


def serve(entries: list[WaitlistEntry], now: datetime, by: User | None = None) -> list[Booking]:
    """Book the places, at the price of the day they were asked; the families are told. The caller counts and posts."""
    orders = Order.objects.bulk_create(
        Order(family_id=each.family_id, by=by or each.by, billing=each.billing, booked_cents=each.cents, at=now)
        for each in entries
    )
    bookings = Booking.objects.bulk_create(
        _booking_of(entry, order) for entry, order in zip(entries, orders, strict=True)
    )
    for entry, booking in zip(entries, bookings, strict=True):
        entry.status, entry.ended_at, entry.booking = Status.SERVED, now, booking
    WaitlistEntry.objects.bulk_update(entries, ["status", "ended_at", "booking"])
    emails_waiting.places_served(entries)
    return bookings


def _booking_of(entry: WaitlistEntry, order: Order) -> Booking:
    return Booking(
        session=entry.session,
        member=entry.member,
        family=entry.family,
        order=order,
        billing=entry.billing,
        cents=entry.cents,
        quantity=entry.quantity,
        origin=Booking.Origin.WAITLIST,
    )


def payments(bookings: list[Booking], now: datetime) -> list[Posting]:
    """What pays the places served, an operation each."""
    return [
        (
            Draft(Operation.Kind.BOOKING, moves, None, f"Place attribuée – {booking.session}"[:MAX_LABEL], now),
            booking.order,
        )
        for booking in bookings
        if (moves := pay_bookings([booking]))
    ]


def _offer(entries: list[WaitlistEntry], now: datetime) -> None:
    """Hold the places, and ask the families to confirm them in time."""
    for entry in entries:
        entry.status, entry.offered_until = Status.OFFERED, offered_until(terms_of(entry.session), now)
    WaitlistEntry.objects.bulk_update(entries, ["status", "offered_until"])
    emails_waiting.places_offered(entries)
