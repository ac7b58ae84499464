"""Places on the waiting lists: a family confirms or leaves, the clock ends what was not confirmed or not served.

Locks in the one order: key → members by pk → session → waitlist entries → bookings → accounts.
"""

import logging
from collections import Counter
from collections.abc import Collection
from datetime import datetime

from django.db.models import F, Q, QuerySet
from django.utils import timezone

from accounts.models import User
from common.refusals import Refusal
from common.writing.once import claim_key
from common.writing.transactions import outermost
from reservations.actions.checkout import DaysRefused, NotCertified
from reservations.actions.places.baskets import change_counters, lock_sessions
from reservations.actions.places.changes import record_changes
from reservations.actions.places.ledger import post_orders, require_floor
from reservations.actions.places.promotion import negative, offer_of, payments, promote, serve
from reservations.emails import waiting as emails_waiting
from reservations.models import Billing, Session, WaitlistEntry
from reservations.reads.family import lock_members
from reservations.reads.offers import read_bookings
from reservations.rules import in_time

log = logging.getLogger(__name__)
Status = WaitlistEntry.Status


class OfferOver(Refusal):
    """The place is no longer held for the family."""

    sentence = (
        "Cette place ne vous est plus proposée : le délai pour la confirmer est passé, ou vous y avez déjà répondu."
    )


class LeftAlready(Refusal):
    """The family waits no more for that day."""

    sentence = "Vous n’êtes plus sur cette liste d’attente."


@outermost
def accept_offer(*, user: User, entry: WaitlistEntry, key: str) -> dict:
    """Book and pay the place that is offered to the user's own family; return {"order": pk}.

    A second click gets the first answer. Raise OfferOver, NotCertified, DaysRefused, NotEnough: the place stays held
    then, until its time is over.
    """
    once = claim_key(key, user.owner, f"accept:{entry.pk}")
    if once.answer:
        return once.answer
    lock_members([entry.member_id])
    entry, now = _lock(user, entry), timezone.now()
    _require_standing(entry, now)
    [booking] = serve([entry], now, by=user)
    change_counters(Counter([entry.session_id]), Counter(), released=Counter([entry.session_id]))
    record_changes(booked=[booking])
    post_orders(payments([booking], now))
    require_floor([booking] if booking.billing == Billing.DEFERRED else [])
    return once.remember({"order": booking.order_id})


def _lock(user: User, entry: WaitlistEntry) -> WaitlistEntry:
    """The family's own entry, locked after its day."""
    session = lock_sessions([entry.session_id])[entry.session_id]
    rows = WaitlistEntry.objects.of(user).select_related("member", "family", "by")
    found = rows.select_for_update(of=("self",), no_key=True).get(pk=entry.pk)
    found.session = session
    return found


def _require_standing(entry: WaitlistEntry, now: datetime) -> None:
    """Refuse a place that is no longer offered, or that the family may not book now."""
    if not entry.is_offered or not in_time(entry.offered_until, now):
        raise OfferOver
    offer = offer_of(entry, now)
    if not offer.facts.certified:
        raise NotCertified
    read_bookings(offer, [entry.session], lock=True)
    if reasons := offer.against_taking(entry.session, entry.member):
        raise DaysRefused(*reasons)


@outermost
def leave_list(*, user: User, entry: WaitlistEntry, key: str) -> dict:
    """Leave the list, or refuse the place that is offered, which goes to the next; return {"left": pk}.

    A second click gets the first answer. Raise LeftAlready.
    """
    once = claim_key(key, user.owner, f"leave:{entry.pk}")
    if once.answer:
        return once.answer
    entry = _lock(user, entry)
    if not entry.is_live:
        raise LeftAlready
    end_entries([entry], Status.DECLINED if entry.is_offered else Status.LEFT, timezone.now())
    post_orders(promote([entry.session_id]))
    return once.remember({"left": entry.pk})


def lock_entries(rows: QuerySet[WaitlistEntry]) -> list[WaitlistEntry]:
    """Live entries of locked days, locked in the order in which they are served."""
    live = rows.live().order_by("session", "-priority", "arrived_at", "pk")
    related = ("session__activity__service__commune", "member", "by")
    return list(live.select_related(*related).select_for_update(of=("self",), no_key=True))


def end_entries(entries: Collection[WaitlistEntry], status: str, now: datetime) -> None:
    """End locked entries of locked days: nobody waits there any more, and places that were offered are free."""
    if not entries:
        return
    offered = Counter(entry.session_id for entry in entries if entry.is_offered)
    waited = Counter(entry.session_id for entry in entries if not entry.is_offered)
    for entry in entries:
        entry.status, entry.ended_at = status, now
    WaitlistEntry.objects.bulk_update(entries, ["status", "ended_at"])
    change_counters(Counter(), Counter(), released=offered, joined=negative(waited))


# --- The clock ------------------------------------------------------------------------------------------------------
def tend_lists() -> dict[str, int]:
    """End offers not confirmed in time and lists that serve no more, and serve what is free; day by day.

    Returns how many {"offers", "lists", "days"}. A day that another process is at waits for the next round.
    """
    done = Counter(offers=0, lists=0, days=0)
    for pk in _to_tend(timezone.now()):
        try:
            done.update(tend_day(pk), days=1)
        except Refusal:
            log.warning("waiting list of session %s left for the next round", pk, exc_info=True)
    return dict(done)


def _to_tend(now: datetime) -> list[int]:
    expired = WaitlistEntry.objects.filter(status=Status.OFFERED, offered_until__lte=now)
    free = Q(capacity=None) | Q(capacity__gt=F("booked") + F("held"))
    days = Session.objects.filter(Q(pk__in=expired.values("session")) | Q(_is_over(now) | free, waiting__gt=0))
    return list(days.order_by("pk").values_list("pk", flat=True))


def _is_over(now: datetime) -> Q:
    """The days whose list serves no more; as ``rules.list_ends_at`` says."""
    closes = Q(activity__booking_closes_at__lte=now)
    return Q(bookable_until=None) | Q(bookable_until__lte=now) | closes | Q(closed_at__isnull=False)


@outermost
def tend_day(pk: int) -> dict[str, int]:
    """One day, in one transaction: what was not confirmed in time is free, then the next are served."""
    lock_sessions([pk])
    now = timezone.now()
    offers = lock_entries(WaitlistEntry.objects.filter(session=pk, status=Status.OFFERED, offered_until__lte=now))
    end_entries(offers, Status.DECLINED, now)
    emails_waiting.offers_lapsed(offers)
    over = Session.objects.filter(_is_over(now), pk=pk).exists()
    lists = lock_entries(WaitlistEntry.objects.filter(session=pk, status=Status.WAITING)) if over else []
    end_entries(lists, Status.LAPSED, now)
    emails_waiting.lists_lapsed(lists)
    post_orders(promote([pk]))
    return {"offers": len(offers), "lists": len(lists)}
