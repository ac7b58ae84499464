"""A family's cart read with its prices, and the days it takes, as they stand or as they are decided under lock."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from hashlib import sha256

from django.db import connection
from django.utils import timezone

from common.refusals import Refusal
from common.writing.rows import Rows
from families.models import Member
from reservations.models import Activity, Billing, Booking, Cart, CartLine, Session
from reservations.reads.family import FamilyFacts, family_facts, lock_members, members_with_schooling, read_activities
from reservations.reads.offers import Offer, read_bookings
from reservations.reads.prices import PriceBook
from reservations.reads.reasons import no_place


class CartChanged(Refusal):
    """The cart or a price is no longer what the page showed."""

    sentence = (
        "Votre demande ou un prix a changé depuis l’affichage de cette page. Vérifiez-la, puis confirmez à nouveau."
    )


@dataclass
class Basket:
    """A cart as it stands: lines with their prices in cents and, per line, the reasons against it.

    A line ``waits`` when its day is full and its list open; it is ``full`` when there is no room on the list either.
    """

    cart: Cart
    lines: list[CartLine]
    offer: Offer

    @property
    def booked(self) -> list[CartLine]:
        """The days that confirming books; those that wait or are full cost nothing."""
        return [line for line in self.lines if line.act == CartLine.Act.BOOK and not (line.waits or line.full)]

    @property
    def waiting(self) -> list[CartLine]:
        """The days whose waiting list confirming joins."""
        return [line for line in self.lines if line.waits]

    @property
    def booked_cents(self) -> int:
        return sum(line.cents or 0 for line in self.booked)

    @property
    def cancelled_cents(self) -> int:
        return sum(line.cents or 0 for line in self.lines if line.act == CartLine.Act.CANCEL)

    @property
    def cancelled(self) -> list[Booking]:
        """The bookings that confirming cancels; a line that is refused may have none."""
        found = (
            self.offer.booking(line.session, line.member) for line in self.lines if line.act == CartLine.Act.CANCEL
        )
        return [booking for booking in found if booking]

    @property
    def due(self) -> int:
        """What confirming takes from the wallet now, in cents; negative when it recredits."""
        return (self.booked_cents if self.cart.billing == Billing.PREPAID else 0) - self.recredited

    @property
    def recredited(self) -> int:
        """What goes back to the wallets that paid, in cents."""
        return sum(booking.cents for booking in self.cancelled if booking.is_paid)

    @property
    def due_by_purse(self) -> Counter:
        """The same purse by purse, each wallet paying its own activities."""
        due = Counter()
        for line in self.booked if self.cart.billing == Billing.PREPAID else []:
            due[line.session.activity.purse_id] += line.cents or 0
        for line in self.lines:
            booking = self.offer.booking(line.session, line.member)
            if line.act == CartLine.Act.CANCEL and booking and booking.is_paid:
                due[line.session.activity.purse_id] -= booking.cents
        return due

    @property
    def reasons(self) -> list[str]:
        return list(dict.fromkeys(reason for line in self.lines for reason in line.reasons))

    @property
    def refused(self) -> str:
        """The pks of the lines that stand in the way, as the form that takes them out sends them."""
        return ",".join(str(line.pk) for line in self.lines if line.reasons)

    @property
    def purpose(self) -> str:
        """Names this very content and what it costs: a page made for other days or prices confirms nothing."""
        return f"{self._content}:{self.booked_cents}"

    @property
    def _content(self) -> str:
        content = sorted((line.session_id, line.member_id, line.act, line.cents) for line in self.lines)
        return f"cart:{self.cart.pk}:{sha256(repr(content).encode()).hexdigest()[:16]}"

    def is_what_was_shown(self, purpose: str) -> bool:
        """Whether a page with this purpose asked for the same, for no less: a day since full costs nothing."""
        content, _, cents = purpose.rpartition(":")
        return content == self._content and self.booked_cents <= int(cents)


def read_basket(
    cart: Cart, lock: bool = False, lines: list[CartLine] | None = None, facts: FamilyFacts | None = None
) -> Basket:
    """Read a cart with prices and reasons in a constant number of queries; with ``lock``, as decided under lock.

    ``lines``: days that are not kept in the cart, read as if they were all that it held; a cart of no billing reads those
    of both. ``facts``: the family's, where a page has read them already.
    A cart whose payment page is open is read as it was agreed: its prices, its instant, its own places free for it.
    """
    lines = [line for (line,) in _LINES(cart.pk)] if lines is None else lines
    if lock:
        lock_members(line.member_id for line in lines)
    sessions = _sessions({line.session_id for line in lines}, lock)
    activities = _attach_activities(sessions.values())
    facts = facts or family_facts(cart.family_id, timezone.localdate())
    members = {m.pk: m for m in members_with_schooling(facts.family.pk, {line.member_id for line in lines})}
    offer = Offer(facts, members, PriceBook(activities, facts), timezone.now())
    read_bookings(offer, sessions.values(), lock)
    if cart.payment_id:
        _agree(cart, lines, sessions, offer)
    people = members | Member.objects.in_bulk({line.member_id for line in lines} - members.keys())
    for line in lines:
        line.session, line.member = sessions[line.session_id], people[line.member_id]
        line.cents = offer.cents(line.session, line.member) if line.agreed_cents is None else line.agreed_cents
        line.reasons = _against(line, cart, offer)
    _seat(cart, lines)
    return Basket(cart, lines, offer)


_LINES = Rows(
    """
    SELECT {line} FROM reservations_cartline line JOIN reservations_session day ON day.id = line.session_id
    WHERE line.cart_id = %s ORDER BY day.date, line.id
    """,
    line=CartLine,
)


def _agree(cart: Cart, lines: list[CartLine], sessions: dict[int, Session], offer: Offer) -> None:
    """What was in time, and free, when the payment was asked for is so still; a debt since then changes nothing."""
    offer.now, offer.facts = cart.payment.created_at, replace(offer.facts, suspended={})
    for pk, number in held_by(lines).items():
        sessions[pk].held -= number


def _seat(cart: Cart, lines: list[CartLine]) -> None:
    """Say of each line whether it has a place, waits, or finds all full: places held first, then in the cart's order.

    The place that a cart gives back serves its own days first, unless others wait for it; what is being paid is theirs.
    """
    freed = Counter(line.session_id for line in lines if line.act == CartLine.Act.CANCEL and not line.reasons)
    rooms = {line.session_id: Room(line.session, freed[line.session_id], bool(cart.payment_id)) for line in lines}
    for line in lines:
        line.waits = line.full = False
    for line in sorted(lines, key=lambda line: not line.held):
        if line.act != CartLine.Act.CANCEL and not line.reasons:
            rooms[line.session_id].seat(line)


class Room:
    """What a day has left while a cart's lines are seated: places (None: no limit) and room on its waiting list."""

    def __init__(self, session: Session, freed: int, paid: bool):
        limited = session.capacity is not None
        self.places = session.capacity - session.booked - session.held + freed if limited else None
        self.on_list = session.waiting_capacity - session.waiting
        self.queues = bool(session.waiting) and not paid

    def seat(self, line: CartLine) -> None:
        if line.act == CartLine.Act.BOOK and not self.queues and (self.places is None or self.places > 0):
            self.places = self.places and self.places - 1
        elif self.on_list > 0:
            self.on_list, line.waits = self.on_list - 1, True
        else:
            line.full, line.reasons = True, [no_place(line.session, line.member)]


def held_by(lines: Iterable[CartLine]) -> Counter:
    """How many places these lines hold, by session."""
    return Counter(line.session_id for line in lines if line.held)


def _against(line: CartLine, cart: Cart, offer: Offer) -> list[str]:
    if line.member_id not in offer.members:
        return [f"{line.member.first_name} ne figure plus dans vos filiations."]
    if line.act == CartLine.Act.CANCEL:
        return offer.against_cancelling(line.session, line.member)
    if cart.billing and line.session.activity.billing != cart.billing:
        return [f"{line.session.activity.name} : le mode de paiement a changé, choisissez à nouveau vos jours."]
    return offer.against_asking(line.session, line.member)


def change_counters(
    taken: Counter, freed: Counter, released: Counter | None = None, joined: Counter | None = None
) -> None:
    """Count places taken and freed on sessions with a capacity, places held that are held no more (below zero: held
    anew) and who ``joined`` the waiting list (below zero: left), in one statement; the caller holds the sessions' locks.
    """
    released, joined = released or Counter(), joined or Counter()
    pks = {*taken, *freed, *released, *joined}
    change = {pk: (taken[pk] - freed[pk], -released[pk], joined[pk]) for pk in pks}
    change = {pk: counts for pk, counts in change.items() if any(counts)}
    if change:
        with connection.cursor() as cursor:
            cursor.execute(_COUNT, [list(change), *map(list, zip(*change.values(), strict=True))])


# Days without a limit count no places; who waits is counted everywhere.
_COUNT = """
    UPDATE reservations_session s
    SET booked = s.booked + CASE WHEN s.capacity IS NULL THEN 0 ELSE c.booked END,
        held = s.held + CASE WHEN s.capacity IS NULL THEN 0 ELSE c.held END,
        waiting = s.waiting + c.waiting
    FROM unnest(%s::bigint[], %s::int[], %s::int[], %s::int[]) AS c (pk, booked, held, waiting)
    WHERE s.id = c.pk AND (s.capacity IS NOT NULL OR c.waiting <> 0)
"""


def _sessions(pks: set[int], lock: bool) -> dict[int, Session]:
    return lock_sessions(pks) if lock else {day.pk: day for (day,) in _READ(list(pks))}


def lock_sessions(pks: Iterable[int]) -> dict[int, Session]:
    """Lock days in the one order: those with a capacity by pk, then those without, shared so that bookers do not wait.

    Whoever locks several days otherwise (``refresh_sessions``) takes them in this order too.

    Raise CartChanged when a day is gone or has just been given a capacity.
    """
    pks = list(pks)
    found = {day.pk: day for (day,) in _LIMITED(pks)}
    if len(found) < len(pks):
        found |= {day.pk: day for (day,) in _SHARED(pks)}
    if len(found) != len(pks):
        raise CartChanged
    return found


_READ = Rows("SELECT {day} FROM reservations_session day WHERE id = ANY(%s)", day=Session)
# FOR SHARE lets bookers pass each other, and holds back an agent who closes the day.
_DAYS = "SELECT {day} FROM reservations_session day WHERE id = ANY(%s) AND capacity IS"
_LIMITED = Rows(f"{_DAYS} NOT NULL ORDER BY id FOR NO KEY UPDATE", day=Session)
_SHARED = Rows(f"{_DAYS} NULL ORDER BY id FOR SHARE", day=Session)


def _attach_activities(sessions: Iterable[Session]) -> list[Activity]:
    activities = read_activities({session.activity_id for session in sessions})
    for session in sessions:
        session.activity = activities[session.activity_id]
    return list(activities.values())
