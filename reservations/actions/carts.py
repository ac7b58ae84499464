"""Filling and emptying the cart: nothing is promised here, the checkout decides."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from django.db import connection
from django.utils import timezone

from accounts.models import User
from common.values.dates import date_short
from common.writing.rows import Rows
from common.writing.transactions import outermost
from reservations.actions.figures.unmet import note_unmet
from reservations.models import Activity, Cart, CartLine, Session
from reservations.reads.family import family_facts, members_with_schooling
from reservations.reads.offers import Offer, read_bookings
from reservations.reads.prices import PriceBook
from reservations.reads.ticking import Ticks, plan
from wallet.actions.cards import PaymentGoing

STRANGER = "Une personne choisie ne figure pas dans vos filiations : rien n’a été ajouté pour elle."


@dataclass(frozen=True)
class Choice:
    """What became of the days a family ticked: lines kept in the cart, days booked before that stay as they are
    (``standing``), and why the others were left out.
    """

    booked: int
    waiting: int
    cancelled: int
    reasons: list[str]
    standing: int = 0

    @property
    def kept(self) -> int:
        return self.booked + self.waiting + self.cancelled


@outermost
def choose_days(
    *,
    user: User,
    activity: Activity,
    members: Collection[int],
    days: Collection[date],
    given_up: Collection[date] = (),
    replace: bool = False,
) -> Choice:
    """Put days into the family's cart: a free day is to be booked, a full one to be waited for where its list is
    open, one booked already stays as it is. Only a booked day of ``given_up`` is to be cancelled.

    With ``replace`` the lines of these members for this activity become exactly these days (the deferred page).
    ``activity`` comes from ``Activity.objects.offered()``. Unknown days and members are left out with a reason.
    """
    cart = lock_cart(user.guardian.family_id, activity.billing)
    ticks = Ticks(frozenset(days), frozenset(given_up))
    offer, sessions = _look(user, activity, members, ticks.days)
    if replace:
        cart.lines.filter(session__activity=activity, member__in=offer.members).delete()
    planned = plan(offer, sessions, ticks)
    reasons, unknown = planned.reasons, ticks.days - {session.date for session in sessions}
    reasons += [f"Le {date_short(day)} n’est pas ouvert à la réservation." for day in sorted(unknown)]
    if set(members) - offer.members.keys():
        reasons.append(STRANGER)
    note_unmet(planned.full)
    _put(cart, planned.wanted)
    acts = Counter(act for *_, act in planned.wanted)
    numbers = (acts[each] for each in (CartLine.Act.BOOK, CartLine.Act.WAIT, CartLine.Act.CANCEL))
    return Choice(*numbers, reasons, len(planned.standing))


def _put(cart: Cart, wanted: list[tuple]) -> None:
    """Keep the lines; a day that is in the cart already now means what was just asked."""
    lines = [CartLine(cart=cart, session=session, member=member, act=act) for session, member, act in wanted]
    CartLine.objects.bulk_create(
        lines, update_conflicts=True, unique_fields=["cart", "session", "member"], update_fields=["act"]
    )


@outermost
def empty_cart(*, user: User, billing: str) -> None:
    """« Abandonner »: erase every request that is not confirmed."""
    clear(lock_cart(user.guardian.family_id, billing))


@outermost
def remove_lines(*, user: User, billing: str, lines: Collection[int]) -> None:
    """Take some lines out of the family's cart; lines of others are not touched."""
    lock_cart(user.guardian.family_id, billing).lines.filter(pk__in=lines).delete()


def clear(cart: Cart) -> None:
    """Erase the lines of a cart that the caller has locked."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM reservations_cartline WHERE cart_id = %s", [cart.pk])


def lock_cart(family_id: int, billing: str) -> Cart:
    """Return the family's cart, made when missing, locked until the transaction ends.

    Raise PaymentGoing while a payment page is open for it: what is being paid does not change.
    """
    if not (found := _LOCKED(family_id, billing)):
        Cart.objects.bulk_create([Cart(family_id=family_id, billing=billing)], ignore_conflicts=True)
        found = _LOCKED(family_id, billing)
    [(cart,)] = found
    if cart.payment_id:
        raise PaymentGoing
    return cart


_LOCKED = Rows(
    "SELECT {cart} FROM reservations_cart cart WHERE family_id = %s AND billing = %s FOR NO KEY UPDATE", cart=Cart
)


def _look(user, activity, members, days):
    facts = family_facts(user.guardian.family_id, timezone.localdate())
    found = {member.pk: member for member in members_with_schooling(user.guardian.family_id, members)}
    sessions = list(Session.objects.filter(activity=activity, date__in=set(days)).order_by("date"))
    for session in sessions:
        session.activity = activity
    offer = Offer(facts, found, PriceBook([activity], facts), timezone.now())
    read_bookings(offer, sessions)
    return offer, sessions
