"""What the apps below ask of bookings, and what the ledger's check expects of them."""

from collections.abc import Iterator

from django.db.models import Count, F, Q
from django.utils import timezone

from families.models import Family, Member
from reservations.models import Billing, Booking, Order, Session
from wallet.models import Transfer


def has_history(*, member: Member) -> bool:
    """Whether anything was ever booked for this person, by any family."""
    return Booking.objects.filter(member=member).exists()


def upcoming_bookings(*, family: Family, member: Member) -> int:
    """How many bookings of this family for this person are still to come."""
    return (
        Booking.objects.active().filter(family=family, member=member, session__date__gte=timezone.localdate()).count()
    )


def family_has_history(*, family: Family) -> bool:
    """Whether this family ever ordered anything."""
    return Order.objects.filter(family=family).exists()


def check_bookings() -> Iterator[str]:
    """Differences between bookings, their transfers and the counters of places; nothing when all is exact."""
    yield from _unpaid()
    yield from _not_recredited()
    yield from _counters()


def _prepaid() -> dict[str, Booking]:
    rows = Booking.objects.filter(billing=Billing.PREPAID, cents__gt=0).only("pk", "cents", "status")
    return {row.payment_reference: row for row in rows}


def _unpaid() -> Iterator[str]:
    bookings = _prepaid()
    paid = dict(Transfer.objects.filter(reference__startswith="booking:").values_list("reference", "cents"))
    for reference, booking in bookings.items():
        if paid.get(reference) != booking.cents:
            yield f"booking {booking.pk} costs {booking.cents}, its transfer moves {paid.get(reference)}"
    for reference in paid.keys() - bookings.keys():
        yield f"transfer {reference} pays no prepaid booking"


def _not_recredited() -> Iterator[str]:
    given_back = set(
        Transfer.objects.filter(reverses__reference__startswith="booking:").values_list(
            "reverses__reference", flat=True
        )
    )
    for reference, booking in _prepaid().items():
        if (booking.status != Booking.Status.BOOKED) != (reference in given_back):
            yield f"booking {booking.pk} is {booking.status}, recredited: {reference in given_back}"


def _counters() -> Iterator[str]:
    active = Count("bookings", filter=Q(bookings__status=Booking.Status.BOOKED))
    rows = Session.objects.filter(capacity__isnull=False).annotate(n=active).exclude(booked=F("n"))
    for session in rows:
        yield f"session {session.pk} counts {session.booked} places, {session.n} are booked"
