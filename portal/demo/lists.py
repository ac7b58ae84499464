"""Waiting lists of the demo's leisure centres: a full day where families wait, and a place offered to one of them."""

from datetime import timedelta

from django.utils import timezone

from accounts.models import User
from common.writing.once import make_key
from reservations.actions import cancel_booking, choose_days, confirm_cart
from reservations.actions.places.baskets import read_basket
from reservations.models import Activity, Billing, Cart, Order, Session, WaitlistEntry
from reservations.reads.access import without_access
from reservations.reads.family import members_with_schooling
from reservations.rules import age_on

FULL, OFFERED = "alsh-3-6-journee", "alsh-6-12-journee"
AHEAD = timedelta(7)  # far enough to be bookable, whatever the day


def fill(user: User, others: list[User]) -> None:
    """Have the guide's family wait, second, for one place that is taken; then offer it a place given back."""
    if WaitlistEntry.objects.exists():
        return
    _queue(FULL, user, others)
    ordered = _queue(OFFERED, user, others, first=True)
    if ordered:
        booking = ordered.bookings.get()
        key = make_key(ordered.by.owner, f"cancel:{booking.pk}")
        cancel_booking(user=ordered.by, booking=booking, key=key)


def _queue(slug: str, user: User, others: list[User], first: bool = False) -> Order | None:
    """One family books the only place of a day, the others wait; the order of who booked."""
    activity = Activity.objects.offered().get(slug=slug)
    session = _free_day(activity)
    others = [each for each in others if session and _fits(each, activity, session)]
    if not others:
        return None
    Session.objects.filter(pk=session.pk).update(capacity=1)
    booked = _ask(others[0], activity, session)
    waiting = others[1:]
    waiting.insert(0 if first else 1, user)
    for each in waiting:
        _ask(each, activity, session)
    return booked


def _free_day(activity: Activity) -> Session | None:
    """The first day some time ahead that nobody booked; none in a demo made before there were lists."""
    after = timezone.now() + AHEAD
    days = activity.sessions.filter(bookable_until__gt=after, booked=0, held=0, closed_at=None, waiting_capacity__gt=0)
    return days.order_by("date").first()


def _fits(user: User, activity: Activity, session: Session) -> list[int]:
    """The first of the family's children whom the service let in, of the age that the activity takes."""
    members = members_with_schooling(user.guardian.family_id)
    return [
        each.pk
        for each in members
        if activity.age_min <= age_on(each.birth_date, session.date) <= activity.age_max
        and not without_access(activity, each)
    ][:1]


def _ask(user: User, activity: Activity, session: Session) -> Order:
    family = user.guardian.family_id
    Cart.objects.filter(family=family, billing=Billing.DEFERRED).delete()
    choose_days(user=user, activity=activity, members=_fits(user, activity, session), days={session.date})
    basket = read_basket(Cart.objects.get(family=family, billing=Billing.DEFERRED))
    key = make_key(user.owner, f"confirm:{Billing.DEFERRED}", basket.purpose)
    return Order.objects.get(pk=confirm_cart(user=user, billing=Billing.DEFERRED, key=key)["order"])
