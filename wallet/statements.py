"""What families and agents read of the ledger."""

from datetime import date

from django.db.models import F, Prefetch, Q, QuerySet, Sum, Window
from django.db.models.functions import RowNumber

from families.models import Family
from wallet.models import CounterPayment, Transfer, Wallet


def statement(account: int) -> QuerySet[Transfer]:
    """An account's operations, newest first: the last move of each, with the ``amount`` of the whole operation
    (signed cents; ``spent`` is its opposite), the ``balance`` after it, and ``operation.moves`` on it.

    The balance runs in the order of writing, which the account's lock makes the true one.
    """
    moves = Transfer.objects.on(account).order_by("pk")
    return (
        moves.annotate(
            amount=Window(Sum("signed"), partition_by=F("operation")),
            balance=Window(Sum("signed"), order_by=F("pk").asc()),
            rank=Window(RowNumber(), partition_by=F("operation"), order_by=F("pk").desc()),
        )
        .annotate(spent=-F("amount"))
        .filter(rank=1)
        .order_by("-pk")
        .select_related("operation")
        .prefetch_related(Prefetch("operation__transfers", moves, to_attr="moves"))
    )


def payments(family: Family, month: date) -> QuerySet[CounterPayment]:
    """« Historique des règlements » of a month: what the family paid at the counter, cancelled ones left out."""
    standing = CounterPayment.objects.filter(wallet__family=family).received_in(month).standing()
    return standing.select_related("wallet__purse").order_by("received_on", "pk")


def balances(family: Family) -> QuerySet[Wallet]:
    """The family's wallets with their balances, the default purse first, in one query."""
    return Wallet.objects.filter(family=family).with_balance()


def balance_of(family: Family) -> int:
    """What the family's default wallet holds, in cents; 0 before its first movement."""
    cents = Wallet.objects.filter(family=family, purse__is_default=True).values_list("account__balance__cents")
    return next((each for (each,) in cents), 0)


def has_moved_money(*, family: Family) -> bool:
    """Whether anything ever moved on a wallet of the family: it is then kept, with its account."""
    accounts = Wallet.objects.filter(family=family).values("account")
    return Transfer.objects.filter(Q(source__in=accounts) | Q(target__in=accounts)).exists()
