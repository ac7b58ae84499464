"""What the demo's back office was told of the canteen of Saint-Marcel, and what it answered: a line in each state."""

from pathlib import Path

from django.conf import settings
from django.utils import timezone

from accounts.models import User
from common.writing.once import make_key
from reservations.actions import cancel_booking, choose_days, confirm_cart
from reservations.actions.places.baskets import read_basket
from reservations.actions.telling.answers import take_answer
from reservations.actions.telling.transmission import deliver_pending, freeze
from reservations.models import Activity, BackOffice, BackOfficeService, Booking, Cart, Transmission

CANTEEN = "cantine-saint-marcel"
REFUSED = "Effectif complet ce jour-là"


def tell(user: User, others: list[User]) -> None:
    """Transmit the canteen: of the guide's family some days are validated, one refused, some not answered, one not told.

    Another family has cancelled a day, and the back office refuses it: a task for the agents of the commune.
    """
    if BackOffice.objects.exists():
        return
    activity = Activity.objects.get(slug=CANTEEN)
    folder = Path(settings.DOCUMENTS_ROOT) / "echange"
    folder.mkdir(parents=True, exist_ok=True)
    office = BackOffice.objects.create(name="Logiciel scolaire", address=str(folder))
    BackOfficeService.objects.create(back_office=office, service=activity.service)
    first = _send(office)
    if first is None:
        return
    ours = [line.pk for line in first.changes.filter(family=user.guardian.family, kind="booking").order_by("pk")]
    rest = first.changes.exclude(pk__in=ours).values_list("pk", flat=True)
    _answer(first, accepted=[*rest, *ours[: len(ours) // 2]], refused=ours[-1:])
    if _cancel_one(activity, others):
        second = _send(office)
        _answer(second, [], list(second.changes.filter(kind="cancellation").values_list("pk", flat=True)))
    _book_one(activity, user)


def _send(office: BackOffice) -> Transmission | None:
    if not freeze(office.pk, timezone.localdate()):
        return None
    deliver_pending()
    return office.transmissions.latest("number")


def _answer(batch: Transmission, accepted: list[int], refused: list[int]) -> None:
    rows = ["ligne;verdict;motif", *(f"{line};accepte;" for line in accepted)]
    take_answer(batch, "\r\n".join([*rows, *(f"{line};refuse;{REFUSED}" for line in refused), ""]).encode())


def _cancel_one(activity: Activity, others: list[User]) -> bool:
    """Have one of the families give a day back; whether one could."""
    families = [each.guardian.family_id for each in others]
    days = Booking.objects.active().filter(session__activity=activity, family__in=families)
    booking = days.filter(session__cancellable_until__gt=timezone.now()).order_by("pk").last()
    if booking is None:
        return False
    user = booking.order.by
    cancel_booking(user=user, booking=booking, key=make_key(user.owner, f"cancel:{booking.pk}"))
    return True


def _book_one(activity: Activity, user: User) -> None:
    """The guide's family books its next free day for the eldest, since the file left."""
    family = user.guardian.family
    days = activity.sessions.filter(bookable_until__gt=timezone.now(), closed_at=None)
    free = days.exclude(bookings__family=family).order_by("date").first()
    if free is None:
        return
    eldest = family.members.order_by("birth_date").first()
    activity = Activity.objects.offered().get(pk=activity.pk)
    if choose_days(user=user, activity=activity, members=[eldest.pk], days={free.date}).booked:
        basket = read_basket(Cart.objects.get(family=family, billing=activity.billing))
        key = make_key(user.owner, f"confirm:{activity.billing}", basket.purpose)
        confirm_cart(user=user, billing=activity.billing, key=key)
