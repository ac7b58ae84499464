"""Full days, and families who wait for a place; all of them asked through the actions."""

from common.writing.once import make_key
from reservations.actions import confirm_cart
from reservations.models import Activity, Billing, Session, WaitlistEntry
from tests.factories.reservations import (
    LOUANE,
    TUESDAY,
    ActivityFactory,
    LeisureFactory,
    book,
    choose,
    confirm,
    household,
    session,
)

__all__ = ["Billing", "confirm_cart", "full_day", "leave_key", "queue_up", "standing", "taken"]


def full_day(capacity: int = 1, waiting_capacity: int = 10, day=TUESDAY, billing=Billing.PREPAID, **fields):
    """A day whose every place is booked: (session, who booked)."""
    make = ActivityFactory if billing == Billing.PREPAID else LeisureFactory
    it = session(make(**fields), day, capacity=capacity, waiting_capacity=waiting_capacity)
    return it, [taken(it) for _ in range(capacity)]


def taken(it: Session, cents: int = 10_000):
    """A family that books a place of the day, with its ``booking``."""
    home = household(cents, LOUANE)
    (home.booking,) = book(home, it)
    return home


def queue_up(it: Session, cents: int = 10_000, home=None, members=None) -> WaitlistEntry:
    """A family that asks for the full day and waits; the entry carries its ``home``."""
    home = home or household(cents, LOUANE)
    activity = Activity.objects.get(pk=it.activity_id)
    choose(home, activity, it.date, members=members)
    order = confirm(home, activity.billing)
    entry = order.waitlist_entries.get()
    entry.home = home
    return entry


def standing(it: Session) -> tuple[int, int, int]:
    """Booked, held, waiting, as the day counts them."""
    return Session.objects.values_list("booked", "held", "waiting").get(pk=it.pk)


def leave_key(entry: WaitlistEntry, act: str = "leave") -> str:
    """The key that the page of an entry carries."""
    return make_key(entry.home.user.owner, f"{act}:{entry.pk}")
