"""Our card payments beside Stripe's, over some days: read on both sides, and taken up again where they differ.

Stripe is asked outside any transaction. Our rows are read after its answer, so that what is booked meanwhile is no
difference.
"""

import logging
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from uuid import UUID

from django.db.models import Q
from django.utils import timezone

from wallet.actions.card_returns import sync
from wallet.actions.cards import fulfil
from wallet.gateways import stripe as gateway
from wallet.models import CardDispute, CardPayment, CardRefund
from wallet.reads.reconciling import Ours, Reconciliation, Theirs, compare

log = logging.getLogger(__name__)
MARGIN = timedelta(hours=1)  # a page is opened at Stripe minutes after it was asked for here; clocks differ by seconds
MAX_LOOKED_UP = 20  # payments whose refunds and disputes are asked for one by one
MAX_RESUMED = 50  # payments taken up at once: each is two or three calls


def reconciliation(first: date, last: date) -> Reconciliation:
    """Compare the days from ``first`` to ``last``, both included. Raise CardsUnavailable."""
    start, after = (timezone.make_aware(datetime.combine(day, time())) for day in (first, last + timedelta(days=1)))
    theirs = Theirs(
        gateway.checkouts_between(start - MARGIN, after + MARGIN),
        gateway.refunds_between(start, after),
        gateway.disputes_between(start, after),
    )
    ours = _ours(start, after, theirs)
    _look_up(ours, theirs)
    return compare(ours, theirs, lambda instant: start <= instant < after)


def resume(first: date, last: date) -> tuple[int, int]:
    """Take up again the payments that differ and can be mended; return how many were, and how many failed.

    Each is booked once however often it is taken up. Raise CardsUnavailable: those already taken up stay so.
    """
    payments = reconciliation(first, last).mendable[:MAX_RESUMED]
    return len(payments), sum(not _resume(payment) for payment in payments)


def _resume(payment: CardPayment) -> bool:
    try:
        sync(fulfil(payment))
    except gateway.CardsUnavailable:
        raise
    except Exception:  # whatever this one meets, the others are owed too
        log.exception("card payment %s cannot be taken up", payment.reference)
        return False
    return True


def _ours(start: datetime, after: datetime, theirs: Theirs) -> Ours:
    """Our rows of the span, and those that Stripe's speak of."""
    inside = Q(created_at__gte=start, created_at__lt=after)
    intents = {each.intent for each in [*theirs.refunds, *theirs.disputes] if each.intent}
    named = Q(reference__in=_uuids(each.reference for each in theirs.checkouts)) | Q(intent__in=intents)
    refunds = Q(stripe__in=[each.id for each in theirs.refunds]) | Q(
        reference__in=_uuids(each.reference for each in theirs.refunds)
    )
    disputes = Q(stripe__in=[each.id for each in theirs.disputes])
    return Ours(
        list(CardPayment.objects.filter(inside | named).select_related("family", "user")),
        list(CardRefund.objects.filter(inside | refunds).select_related("payment__family", "payment__user")),
        list(CardDispute.objects.filter(inside | disputes).select_related("payment__family", "payment__user")),
    )


def _uuids(texts: Iterable[str]) -> set[UUID]:
    """The references that could be ours: other systems may use the same account of Stripe."""
    found = set()
    for text in texts:
        try:
            found.add(UUID(text))
        except ValueError:
            continue
    return found


def _look_up(ours: Ours, theirs: Theirs) -> None:
    """Ask for what was made at Stripe on other days than it was booked here, payment by payment."""
    _add(theirs.refunds, _unmet(ours.refunds, theirs.refunds), gateway.refunds_of)
    _add(theirs.disputes, _unmet(ours.disputes, theirs.disputes), gateway.disputes_of)


def _unmet(ours: list, theirs: list) -> list[str]:
    """Stripe's names of the payments whose refunds or disputes of ours were not among theirs."""
    known = {each.id for each in theirs}
    intents = {each.payment.intent for each in ours if each.stripe and each.stripe not in known}
    return sorted(intents)[:MAX_LOOKED_UP]


def _add(theirs: list, intents: list[str], read) -> None:
    known = {each.id for each in theirs}
    theirs += [each for intent in intents for each in read(intent) if each.id not in known]
