"""What was ordered is frozen once, when the deadline has passed: the kitchen's order, beside which changes are shown."""

from datetime import timedelta

from django.utils import timezone

from common.writing.transactions import outermost
from reservations.models import Headcount, Session
from reservations.reads.days.headcounts import bookings_at, count, frozen_from

GRACE = timedelta(minutes=1)  # longer than any booking under way at the deadline takes


def freeze_headcounts() -> int:
    """Freeze the days to come whose deadline has passed; return how many. Late, twice or killed, it counts the same:

    what stood at the deadline is read from the bookings' own instants, and a day is frozen once.
    """
    now = timezone.now()
    days = Session.objects.filter(date__gte=timezone.localdate(), headcount=None, closed_at=None)
    due = [it.pk for it in days.order_by("date", "pk").only("date", "bookable_until", "cancellable_until")
           if frozen_from(it) <= now - GRACE]  # fmt: skip
    return sum(_freeze(pk) for pk in due)


@outermost
def _freeze(pk: int) -> int:
    it = Session.objects.select_related("activity").get(pk=pk)
    at = frozen_from(it)
    counts = count(it, bookings_at(it, at))
    rows = Headcount.objects.bulk_create([Headcount(session=it, frozen_at=at, counts=counts)], ignore_conflicts=True)
    return len(rows)
