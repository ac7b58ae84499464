"""Families with money."""

import itertools
from contextlib import contextmanager

from django.db import connection, transaction

from families.models import Family, Guardian
from tests.factories.accounts import CommuneFactory, UserFactory
from wallet.actions import Move, post, revenue_account, system_account, wallet_of
from wallet.models import Operation, Wallet

numbers = itertools.count(1)


def family_with(*parents, name="Dupont", commune=None) -> Family:
    """A family and its guardians."""
    family = Family.objects.create(name=name, commune=commune or CommuneFactory())
    for parent in parents:
        Guardian.objects.create(user=parent, family=family)
    return family


def parent_with(cents: int, **fields):
    """A parent whose family's wallet holds ``cents``: (user, wallet)."""
    user = UserFactory(**fields)
    return user, wallet_with(cents, family_with(user, name=user.last_name))


def wallet_with(cents: int, family: Family | None = None, purse=None) -> Wallet:
    """A wallet that holds ``cents``."""
    wallet = wallet_of(family or family_with(), purse)
    if cents:
        move = Move(system_account("opening").pk, wallet.account_id, cents, f"opening:{wallet.pk}:{next(numbers)}")
        with transaction.atomic():
            post(Operation.Kind.OPENING, [move], actor=None, label="Reprise de solde")
    return Wallet.objects.with_balance().get(pk=wallet.pk)


def spending(wallet: Wallet, cents: int, reference: str = "", service: str = "service:1", label: str = "") -> Move:
    """The move that pays a service."""
    return Move(wallet.account_id, revenue_account(service).pk, cents, reference or f"spent:{next(numbers)}", label)


def spend(wallet: Wallet, cents: int, reference: str = "", kind=Operation.Kind.BOOKING, **fields) -> Operation:
    """Pay a service from a wallet."""
    with transaction.atomic():
        return post(kind, [spending(wallet, cents, reference)], actor=None, **{"label": "Réservations", **fields})


def balance_of(wallet: Wallet) -> int:
    """What the database says the wallet holds."""
    return Wallet.objects.values_list("account__balance__cents", flat=True).get(pk=wallet.pk)


@contextmanager
def guards_lifted(*tables: str):
    """What only the owner of the tables can do: plant a fault in the ledger."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table in tables:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        yield cursor
        for table in tables:
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
