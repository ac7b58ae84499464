"""Confirming a cart: every day is checked again under lock, then all is booked, cancelled and paid at once, or nothing.

Locks in the one order: key → cart → members by pk → sessions (``lock_sessions``) → bookings → accounts.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256

from django.db import connection
from django.utils import timezone

from accounts.models import User
from portal.lib.once import claim_key
from portal.lib.refusals import Refusal
from portal.lib.transactions import outermost
from reservations import emails
from reservations.actions.carts import lock_cart
from reservations.actions.ledger import pay_bookings, recredit_bookings, require_floor
from reservations.facts import family_facts, lock_members, members_with_schooling
from reservations.models import Activity, Billing, Booking, Cart, CartLine, Order, Session
from reservations.offers import Offer, PriceBook, read_bookings
from wallet.actions import post
from wallet.models import Operation


class NothingToConfirm(Refusal):
    """The cart is empty."""

    sentence = "Votre panier est vide : choisissez d’abord des jours dans le calendrier."


class CartChanged(Refusal):
    """The cart or a price is no longer what the page showed."""

    sentence = (
        "Votre demande ou un prix a changé depuis l’affichage de cette page. Vérifiez-la, puis confirmez à nouveau."
    )


class NotCertified(Refusal):
    """The family's details were not certified this school year."""

    sentence = "Avant de réserver, certifiez que les informations de votre famille sont exactes."


class DaysRefused(Refusal):
    """Some days of the cart can no longer be booked or cancelled: all reasons at once, nothing was changed."""


@dataclass
class Basket:
    """A cart as it stands: lines with their prices in cents and, per line, the reasons against it."""

    cart: Cart
    lines: list[CartLine]
    offer: Offer

    @property
    def booked_cents(self) -> int:
        return sum(line.cents or 0 for line in self.lines if line.act == CartLine.Act.BOOK)

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
        for line in self.lines:
            purse = line.session.activity.purse_id
            booking = self.offer.booking(line.session, line.member)
            if line.act == CartLine.Act.BOOK and self.cart.billing == Billing.PREPAID:
                due[purse] += line.cents or 0
            elif line.act == CartLine.Act.CANCEL and booking and booking.is_paid:
                due[purse] -= booking.cents
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
        """Names this very content: a page made for other days or prices confirms nothing."""
        content = sorted((line.session_id, line.member_id, line.act, line.cents) for line in self.lines)
        return f"cart:{self.cart.pk}:{sha256(repr(content).encode()).hexdigest()[:16]}"


def read_basket(user: User, cart: Cart, lock: bool = False) -> Basket:
    """Read a cart with prices and reasons in a constant number of queries; with ``lock``, as decided under lock."""
    lines = list(CartLine.objects.filter(cart=cart.pk).select_related("member").order_by("session__date", "pk"))
    if lock:
        lock_members(line.member_id for line in lines)
    sessions = _sessions({line.session_id for line in lines}, lock)
    activities = _attach_activities(sessions.values())
    facts = family_facts(user.guardian.family_id, timezone.localdate())
    members = {m.pk: m for m in members_with_schooling(facts.family.pk, {line.member_id for line in lines})}
    offer = Offer(facts, members, PriceBook(activities, facts), timezone.now())
    read_bookings(offer, sessions.values(), lock)
    for line in lines:
        line.session, line.member = sessions[line.session_id], members.get(line.member_id, line.member)
        line.cents = offer.cents(line.session, line.member)
        line.reasons = _against(line, cart, offer)
    return Basket(cart, lines, offer)


def _against(line: CartLine, cart: Cart, offer: Offer) -> list[str]:
    if line.member_id not in offer.members:
        return [f"{line.member.first_name} ne figure plus dans vos filiations."]
    if line.act == CartLine.Act.CANCEL:
        return offer.against_cancelling(line.session, line.member)
    if line.session.activity.billing != cart.billing:
        return [f"{line.session.activity.name} : le mode de paiement a changé, choisissez à nouveau vos jours."]
    return offer.against_booking(line.session, line.member)


@outermost
def confirm_cart(*, user: User, billing: str, key: str) -> dict:
    """Book and cancel everything in the family's cart; return {"order": pk}. A second click gets the first answer.

    Prepaid days are paid from their purse's wallet. Raise NothingToConfirm, CartChanged, NotCertified, DaysRefused,
    NotEnough, and StalePage for a forged key: nothing is changed then.
    """
    family_id = user.guardian.family_id
    once = claim_key(key, user.owner, f"confirm:{billing}")
    if once.answer:
        return once.answer
    basket = read_basket(user, lock_cart(family_id, billing), lock=True)
    _check(basket, once.detail)
    order = Order.objects.create(
        family_id=family_id,
        by=user,
        billing=billing,
        booked_cents=basket.booked_cents,
        cancelled_cents=basket.cancelled_cents,
        at=basket.offer.now,
    )
    _carry_out(basket, order)
    basket.cart.lines.all().delete()
    emails.order_confirmed(order, basket.lines, basket.recredited)
    return once.remember({"order": order.pk})


def _check(basket: Basket, shown: str) -> None:
    if not basket.lines:
        raise NothingToConfirm
    if not basket.offer.facts.certified:
        raise NotCertified
    if basket.reasons:
        raise DaysRefused(*basket.reasons)
    if basket.purpose != shown:
        raise CartChanged
    full = _over_capacity(basket.lines)
    if full:
        raise DaysRefused(*full)


def _over_capacity(lines: Iterable[CartLine]) -> list[str]:
    """Two children may ask for the last place together: each alone fits, both do not."""
    wanted = Counter(line.session for line in lines if line.act == CartLine.Act.BOOK)
    freed = Counter(line.session for line in lines if line.act == CartLine.Act.CANCEL)
    return [
        f"{session.activity.name}, {session.date:%d-%m-%Y} : il ne reste que {left} place{'s' * (left > 1)}."
        for session, number in wanted.items()
        if session.capacity is not None
        and number > (left := session.capacity - session.booked - session.held + freed[session])
    ]


def _carry_out(basket: Basket, order: Order) -> None:
    cancelled = basket.cancelled
    _cancel(cancelled, order)
    booked = _book(basket, order)
    change_counters(
        Counter(booking.session_id for booking in booked), Counter(booking.session_id for booking in cancelled)
    )
    moves = recredit_bookings(cancelled) + pay_bookings(booked)
    if moves:
        kind = Operation.Kind.BOOKING if booked else Operation.Kind.CANCELLATION
        order.operation = post(kind, moves, actor=order.by, label=kind.label, at=order.at)
        order.save(update_fields=["operation"])
    require_floor([booking for booking in booked if booking.billing == Billing.DEFERRED])


def _cancel(bookings: list[Booking], order: Order) -> None:
    for booking in bookings:
        booking.status, booking.cancelled_in = Booking.Status.CANCELLED, order
        booking.cancelled_at, booking.cancelled_by = order.at, order.by
    Booking.objects.bulk_update(bookings, ["status", "cancelled_in", "cancelled_at", "cancelled_by"])


def _book(basket: Basket, order: Order) -> list[Booking]:
    return Booking.objects.bulk_create(
        [
            Booking(
                session=line.session,
                member=line.member,
                family=basket.offer.facts.family,
                order=order,
                billing=order.billing,
                cents=line.cents,
                quantity=line.session.activity.quantity,
            )
            for line in basket.lines
            if line.act == CartLine.Act.BOOK
        ]
    )


def change_counters(taken: Counter, freed: Counter) -> None:
    """Count places taken and freed on sessions with a capacity, in one statement; the caller holds their locks."""
    change = {pk: taken[pk] - freed[pk] for pk in taken | freed if taken[pk] != freed[pk]}
    if change:
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE reservations_session s SET booked = s.booked + c.n"
                " FROM unnest(%s::bigint[], %s::int[]) AS c (pk, n)"
                " WHERE s.id = c.pk AND s.capacity IS NOT NULL",
                [list(change), list(change.values())],
            )


def _sessions(pks: set[int], lock: bool) -> dict[int, Session]:
    return lock_sessions(pks) if lock else Session.objects.in_bulk(pks)


def lock_sessions(pks: Iterable[int]) -> dict[int, Session]:
    """Lock days in the one order: those with a capacity by pk, then those without, shared so that bookers do not wait.

    Whoever locks several days otherwise (``refresh_sessions``) takes them in this order too.

    Raise CartChanged when a day is gone or has just been given a capacity.
    """
    pks = list(pks)
    limited = Session.objects.filter(pk__in=pks, capacity__isnull=False)
    found = {row.pk: row for row in limited.order_by("pk").select_for_update(of=("self",), no_key=True)}
    found |= {row.pk: row for row in Session.objects.raw(_SHARED, [pks])}
    if len(found) != len(pks):
        raise CartChanged
    return found


# Django has no FOR SHARE: it lets bookers pass each other, and holds back an agent who closes the day.
_SHARED = "SELECT * FROM reservations_session WHERE id = ANY(%s) AND capacity IS NULL ORDER BY id FOR SHARE"


def _attach_activities(sessions: Iterable[Session]) -> list[Activity]:
    activities = Activity.objects.with_schools().in_bulk({session.activity_id for session in sessions})
    for session in sessions:
        session.activity = activities[session.activity_id]
    return list(activities.values())
