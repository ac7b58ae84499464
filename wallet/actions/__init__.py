"""Every write on money. ``post`` is the one door to the ledger."""

from wallet.actions.counter import AlreadySpent, CounterRefused, NotACheque, cancel_counter_payment, credit_at_counter
from wallet.actions.ledger import (
    AlreadyPosted,
    Draft,
    Move,
    NotEnough,
    Standing,
    balance,
    lock_accounts,
    post,
    post_all,
    post_many,
    refunds,
    reverse,
)
from wallet.actions.wallets import (
    revenue_account,
    revenue_accounts,
    set_floor,
    system_account,
    wallet_accounts,
    wallet_of,
)

__all__ = [
    "AlreadyPosted",
    "AlreadySpent",
    "CounterRefused",
    "Draft",
    "Move",
    "NotACheque",
    "NotEnough",
    "Standing",
    "balance",
    "cancel_counter_payment",
    "credit_at_counter",
    "lock_accounts",
    "post",
    "post_all",
    "post_many",
    "refunds",
    "revenue_account",
    "revenue_accounts",
    "reverse",
    "set_floor",
    "system_account",
    "wallet_accounts",
    "wallet_of",
]
