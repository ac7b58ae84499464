"""« Rappel de solde »: a family whose money will not do for what is coming is told, once, then not too often."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from django.db.models import Exists, F, IntegerField, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone

from common.writing.transactions import outermost
from reservations.emails import bookings as emails
from reservations.models import Billing, Booking
from wallet.models import DirectDebit, Wallet

AGAIN = timedelta(days=14)
LATELY = timedelta(days=31)  # a family that books no more is not reminded for the rest of its days
CHUNK = 500  # wallets a transaction


def remind_low_balances(today: date) -> dict[str, int]:
    """Tell the families whose wallet, what is coming deducted, is below the purse's reminder; {"reminded"}.

    Again only once the wallet has been above since, as the night finds it, or after 14 days. Killed at any point or run
    twice at once, it tells each once.
    """
    _forget_recovered(today)
    return {"reminded": sum(_remind(pks, today) for pks in _chunks(_due(today, timezone.now())))}


def low(today: date) -> QuerySet[Wallet]:
    """Wallets below their purse's reminder, with ``estimate``, ``pending`` direct debits and ``left``, in cents."""
    asked = Wallet.objects.filter(purse__reminder_below__isnull=False)
    wallets = asked.annotate(estimate=_sum(_coming()), pending=_sum(_debits())).annotate(
        left=F("account__balance__cents") - F("estimate") + F("pending")
    )
    settled = wallets.annotate(settled=F("account__balance__cents") + F("pending"))  # an announced debit counts as paid
    return settled.filter(_concerned(today), left__lt=F("purse__reminder_below"))


def _coming() -> QuerySet:
    coming = Booking.objects.active().filter(billing=Billing.DEFERRED, debited_at=None, family=OuterRef("family"))
    return coming.filter(session__activity__purse=OuterRef("purse")).order_by().values("family")


def _debits() -> QuerySet:
    return DirectDebit.objects.pending().filter(wallet=OuterRef("pk")).order_by().values("wallet")


def _sum(rows: QuerySet) -> Coalesce:
    return Coalesce(Subquery(rows.annotate(total=Sum("cents")).values("total"), output_field=IntegerField()), 0)


def _concerned(today: date) -> Q:
    """Who owes, has something to come, or booked lately."""
    booked = Booking.objects.active().filter(
        family=OuterRef("family"), session__activity__purse=OuterRef("purse"), session__date__gte=today - LATELY
    )
    return Q(settled__lt=0) | Q(Exists(booked))


def _due(today: date, now: datetime) -> QuerySet[Wallet]:
    return low(today).filter(Q(reminded_at=None) | Q(reminded_at__lte=now - AGAIN))


def _forget_recovered(today: date) -> None:
    """Who is no longer low will be told anew the next time."""
    reminded = Wallet.objects.filter(reminded_at__isnull=False)
    reminded.exclude(pk__in=low(today).values("pk")).update(reminded_at=None)


def _chunks(wallets: QuerySet[Wallet]) -> Iterator[list[int]]:
    pks = list(wallets.order_by("pk").values_list("pk", flat=True))
    return (pks[start : start + CHUNK] for start in range(0, len(pks), CHUNK))


@outermost
def _remind(pks: list[int], today: date) -> int:
    """Tell the families of those wallets that are due still, once they are locked."""
    now = timezone.now()
    locked = Wallet.objects.filter(pk__in=pks).order_by("pk").select_for_update(no_key=True)
    due = _due(today, now).filter(pk__in=[wallet.pk for wallet in locked]).order_by("pk")
    wallets = list(due.select_related("purse", "account__balance", "family"))
    emails.low_balances(wallets)
    Wallet.objects.filter(pk__in=[wallet.pk for wallet in wallets]).update(reminded_at=now)
    return len(wallets)
