"""What the card is charged for a cart, and what the wallet puts aside, as a pure function. Amounts are euro cents."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Share:
    """A wallet's part of a cart: ``card`` is charged and credited to it, ``hold`` is put aside from it."""

    card: int
    hold: int


def share_payment(
    due: Mapping[int, int], spendable: Mapping[int, int], use_wallet: bool, minimum: int
) -> dict[int, Share]:
    """Share what each wallet has to pay between the card and the wallet; empty when no card is needed.

    ``spendable``: what each may spend down to its floor, below zero when it owes: the card settles that too. Without
    ``use_wallet`` the card pays all. It pays at least ``minimum``: what exceeds stays in the first wallet.
    """
    shares = {}
    for wallet, cents in due.items():
        lacking = max(0, cents - spendable[wallet])
        card = lacking if use_wallet else max(cents, lacking)
        if cents > 0:
            shares[wallet] = Share(card, max(0, cents - card))
    charged = sum(share.card for share in shares.values())
    if not charged:
        return {}
    if charged < minimum:
        first = next(iter(shares))
        shares[first] = Share(shares[first].card + minimum - charged, shares[first].hold)
    return shares
