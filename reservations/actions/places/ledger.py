"""Bookings in the ledger: from the purse's wallet to the service's revenue, and back to the purse that paid."""

from collections.abc import Iterable

from django.db import connection

from reservations.models import Booking, Order
from reservations.reads.family import estimated_costs
from wallet.actions import Draft, Move, lock_accounts, post_all, refunds, revenue_accounts, wallet_accounts
from wallet.actions.ledger import not_enough

MAX_LABEL = 200  # of an operation and of a transfer: a long name is cut rather than refused


def pay_bookings(bookings: Iterable[Booking]) -> list[Move]:
    """The moves that pay the prepaid ones from their family's wallets; a free day moves nothing."""
    priced = _priced(bookings)
    accounts = _accounts(priced)
    revenue = revenue_accounts(booking.session.activity.revenue_code for booking in priced)
    return [
        Move(
            accounts[booking.session.activity.purse_id],
            revenue[booking.session.activity.revenue_code],
            booking.cents,
            booking.payment_reference,
            label=f"{booking.member.first_name}, {booking.session}"[:MAX_LABEL],
        )
        for booking in priced
    ]


def recredit_bookings(bookings: Iterable[Booking]) -> list[Move]:
    """The moves that give the paid ones, debited ones too, back to the wallets that paid them (S2-63, S2-73)."""
    return refunds(booking.payment_reference for booking in _priced(bookings))


def _priced(bookings: Iterable[Booking]) -> list[Booking]:
    return [booking for booking in bookings if booking.is_paid and booking.cents]


Posting = tuple[Draft, Order | None]  # an operation to come, and the order that it belongs to


def post_orders(postings: list[Posting]) -> None:
    """Post all operations of a transaction at once, and give each order its own."""
    if not postings:
        return
    given = {}
    for operation, (_, order) in zip(post_all([draft for draft, _ in postings]), postings, strict=True):
        if order:
            order.operation, given[order.pk] = operation, operation.pk
    with connection.cursor() as cursor:
        cursor.execute(_GIVE, [list(given), list(given.values())])


_GIVE = """
    UPDATE reservations_order SET operation_id = given.operation
    FROM unnest(%s::bigint[], %s::bigint[]) AS given (pk, operation) WHERE id = given.pk
"""


def accounts_of(bookings: Iterable[Booking]) -> set[int]:
    """The accounts of the wallets that pay these bookings of one family, now or later."""
    return set(_accounts(list(bookings)).values())


def require_floor(booked: list[Booking]) -> None:
    """Lock the wallets of one family's deferred bookings, then raise NotEnough when balance − estimate < floor."""
    if not booked:
        return
    accounts = _accounts(booked)
    standings = lock_accounts(accounts.values())
    estimates = estimated_costs(booked[0].family_id)
    missing = {pk: standings[pk].missing(-estimates[purse]) for purse, pk in accounts.items()}
    if any(missing.values()):
        raise not_enough({pk: cents for pk, cents in missing.items() if cents})


def _accounts(bookings: list[Booking]) -> dict[int, int]:
    """The accounts of the wallets that pay these bookings of one family, by purse."""
    return wallet_accounts(bookings[0].family, {each.session.activity.purse for each in bookings}) if bookings else {}
