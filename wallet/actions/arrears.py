"""Arrears: an agent lets a family book whatever it owes, or no longer."""

from accounts.models import User
from common.writing.once import claim_key
from common.writing.transactions import outermost
from wallet.models import Wallet


@outermost
def exempt(*, agent: User, wallet: Wallet, never_blocked: bool, key: str) -> bool:
    """Exempt a family's wallet from the suspension of bookings, or stop exempting it; return what now holds.

    ``wallet`` comes from ``Wallet.objects.of_agent(agent)``. A second click gets the first answer.
    """
    once = claim_key(key, agent.owner, f"exempt:{wallet.pk}")
    if not once.answer:
        Wallet.objects.of_agent(agent).filter(pk=wallet.pk).update(never_blocked=never_blocked)
        once.remember({"never_blocked": never_blocked})
    return once.answer["never_blocked"]
