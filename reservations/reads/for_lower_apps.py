"""What the apps below ask of bookings, and what the ledger's check expects of them."""

from collections import defaultdict
from collections.abc import Collection, Iterator

from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from families.models import Family, Member
from reservations.models import Activity, BackOfficeService, Billing, Booking, Order, WaitlistEntry
from services.models import RequestLine, Service
from wallet.checks import rows


def has_history(*, member: Member) -> bool:
    """Whether anything was ever booked for this person, by any family."""
    return Booking.objects.filter(member=member).exists() or WaitlistEntry.objects.filter(member=member).exists()


def upcoming_bookings(*, family: Family, member: Member) -> int:
    """How many bookings of this family for this person are still to come, places waited for among them.

    In one statement: what waits may become a booking between two.
    """
    theirs = {"family": family, "member": member, "session__date__gte": timezone.localdate()}
    booked = Booking.objects.active().filter(**theirs).order_by().values("pk")
    return booked.union(WaitlistEntry.objects.live().filter(**theirs).order_by().values("pk"), all=True).count()


def family_has_history(*, family: Family) -> bool:
    """Whether this family ever ordered anything."""
    return Order.objects.filter(family=family).exists()


def booking_addresses(*, services: Collection[int]) -> dict[int, str]:
    """Where families book each of these services: its one activity, or the activities of the kind of its first."""
    offered = Activity.objects.filter(is_open=True, service__is_open=True, service__in=services).order_by("pk")
    found = defaultdict(list)
    for service, slug, kind in offered.values_list("service_id", "slug", "kind"):
        found[service].append((slug, kind))
    return {
        service: reverse("reservations:calendar", args=[rows[0][0]])
        if len(rows) == 1
        else reverse("reservations:products", args=[rows[0][1]])
        for service, rows in found.items()
    }


def services_on_credit() -> QuerySet:
    """The services of which an activity is debited only once its day has come."""
    return Activity.objects.filter(is_open=True, billing=Billing.DEFERRED).order_by().values("service")


def services_free_to_book() -> QuerySet:
    """The services where any validated family books something without an access."""
    free = Activity.objects.filter(is_open=True, service__access=Service.Access.OPEN)
    at_once = Q(billing=Billing.PREPAID) | Q(service__credit_to_all=True)
    return free.filter(at_once).order_by().values("service")


def is_transmitted(*, user: User) -> bool:
    """Whether the person's family uses a service whose software is told by night."""
    accepted = RequestLine.objects.of(user).filter(status=RequestLine.Status.ACCEPTED)
    booked = Booking.objects.filter(family__guardians__user=user)
    linked = BackOfficeService.objects.filter(back_office__is_active=True)
    used = Q(service__in=accepted.values("request__service")) | Q(
        service__in=booked.values("session__activity__service")
    )
    return linked.filter(used).exists()


def check_bookings() -> Iterator[str]:
    """Differences between bookings, their transfers, their orders and the counters of places; none when all is exact."""
    for booking, cost, reference, moved in rows(_PAYMENTS):
        if booking:
            yield f"booking {booking} costs {cost}, its transfer moves {moved}"
        else:
            yield f"transfer {reference} pays no booking"
    for booking, status, recredited in rows(_RECREDITS):
        yield f"booking {booking} is {status}, recredited: {recredited}"
    for (booking,) in rows(_PAYERS):
        yield f"booking {booking} was not paid by its family"
    for session, counted, booked in rows(_COUNTERS):
        yield f"session {session} counts {counted} places, {booked} are booked"
    for session, counted, held in rows(_HELD):
        yield f"session {session} counts {counted} places held, {held} are held"
    for session, counted, waiting in rows(_WAITING):
        yield f"session {session} counts {counted} people who wait, {waiting} do"
    for (entry,) in rows(_SERVED):
        yield f"waitlist entry {entry} was served another day, person or price than it asked"
    for (payment,) in rows(_HOLDS):
        yield f"card payment {payment}: what it put aside does not fit its cart"
    for order, *says in rows(_ORDERS):
        yield "order {} says {} booked and {} cancelled, its days {} and {}".format(order, *says)


_PAID = """
    WITH paid AS (
        SELECT id, source_id, cents, reference FROM wallet_transfer WHERE reference LIKE 'booking:%%'
    ), due AS (
        SELECT id, family_id, cents, status, cancelled_in_id, 'booking:' || id AS reference
        FROM reservations_booking WHERE (billing = 'prepaid' OR debited_at IS NOT NULL) AND cents > 0
    )
"""
_PAYMENTS = f"""{_PAID}
    SELECT due.id, due.cents, reference, paid.cents FROM due FULL JOIN paid USING (reference)
    WHERE due.cents IS DISTINCT FROM paid.cents
    ORDER BY 1, 3
"""
# An agent may cancel without giving back: that order has the family's consent and no operation.
_RECREDITS = f"""{_PAID}
    SELECT due.id, due.status, back.id IS NOT NULL
    FROM due JOIN paid USING (reference) LEFT JOIN wallet_transfer back ON back.reverses_id = paid.id
    LEFT JOIN reservations_order ended ON ended.id = due.cancelled_in_id
    WHERE (due.status <> 'booked' AND (ended.operation_id IS NOT NULL OR coalesce(ended.consent, '') = ''))
       <> (back.id IS NOT NULL)
    ORDER BY 1
"""
_PAYERS = f"""{_PAID}
    SELECT due.id FROM due JOIN paid USING (reference) LEFT JOIN wallet_wallet payer ON payer.account_id = paid.source_id
    WHERE payer.family_id IS DISTINCT FROM due.family_id
    ORDER BY 1
"""
_COUNTERS = """
    SELECT session.id, session.booked, count(booking.id)
    FROM reservations_session session
    LEFT JOIN reservations_booking booking ON booking.session_id = session.id AND booking.status = 'booked'
    WHERE session.capacity IS NOT NULL
    GROUP BY session.id
    HAVING session.booked <> count(booking.id)
    ORDER BY 1
"""
# Places of carts being paid, and places offered to who waits.
_HELD = """
    SELECT session.id, session.held, count(held.session_id)
    FROM reservations_session session
    LEFT JOIN (
        SELECT session_id FROM reservations_cartline WHERE held
        UNION ALL SELECT session_id FROM reservations_waitlistentry WHERE status = 'offered'
    ) held ON held.session_id = session.id
    WHERE session.capacity IS NOT NULL
    GROUP BY session.id
    HAVING session.held <> count(held.session_id)
    ORDER BY 1
"""
_WAITING = """
    SELECT session.id, session.waiting, count(entry.id)
    FROM reservations_session session
    LEFT JOIN reservations_waitlistentry entry ON entry.session_id = session.id AND entry.status = 'waiting'
    GROUP BY session.id
    HAVING session.waiting <> count(entry.id)
    ORDER BY 1
"""
_SERVED = """
    SELECT entry.id FROM reservations_waitlistentry entry JOIN reservations_booking booking ON booking.id = booking_id
    WHERE (entry.session_id, entry.member_id, entry.family_id, entry.cents)
        <> (booking.session_id, booking.member_id, booking.family_id, booking.cents)
    ORDER BY 1
"""
# Money stands aside exactly while its payment has a cart; lines have an agreed price exactly then.
_HOLDS = """
    SELECT DISTINCT payment.id
    FROM wallet_cardpayment payment
    JOIN wallet_transfer aside ON aside.reference LIKE 'hold:' || payment.id || ':%%'
    LEFT JOIN wallet_transfer back ON back.reverses_id = aside.id
    LEFT JOIN reservations_cart cart ON cart.payment_id = payment.id
    WHERE (cart.id IS NULL) = (back.id IS NULL)
    UNION
    SELECT cart.payment_id FROM reservations_cart cart JOIN reservations_cartline line ON line.cart_id = cart.id
    WHERE (cart.payment_id IS NULL) <> (line.agreed_cents IS NULL)
    ORDER BY 1
"""
_ORDERS = """
    SELECT reservations_order.id, booked_cents, cancelled_cents, coalesce(made.cents, 0), coalesce(ended.cents, 0)
    FROM reservations_order
    LEFT JOIN (
        SELECT order_id AS id, sum(cents) AS cents FROM reservations_booking GROUP BY order_id
    ) made USING (id)
    LEFT JOIN (
        SELECT cancelled_in_id AS id, sum(cents) AS cents FROM reservations_booking GROUP BY cancelled_in_id
    ) ended USING (id)
    WHERE booked_cents <> coalesce(made.cents, 0) OR cancelled_cents <> coalesce(ended.cents, 0)
    ORDER BY 1
"""
