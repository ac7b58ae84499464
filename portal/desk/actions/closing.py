"""Closing an account: what its family leaves behind is settled first, and its money decided upon."""

from django.utils import timezone

from accounts import actions as accounts
from accounts.models import User
from common.refusals import Refusal
from common.values.money import euros
from common.writing.states import move
from common.writing.transactions import outermost
from families.actions.mandates import end_mandates
from families.actions.members import lock_family
from families.models import SepaMandate
from portal.desk.reads.closing import Leaving, leaving_of
from reservations.actions.leaving import LABEL, leave_everything
from services.models import RequestLine
from wallet.models import Wallet

Waiting = (RequestLine.Status.PENDING, RequestLine.Status.INCOMPLETE)


class NotSettled(Refusal):
    """Something must end before; all of it is named."""


class MoneyUndecided(Refusal):
    """Money is left or owed, and nobody said what becomes of it."""


@outermost
def close_account(*, agent: User, user: User, keep_money: bool = False) -> bool:
    """Close an account; of a family's last one, cancel the days to come, leave the lists, end the mandates first.

    ``keep_money``: what is left or owed stays on the family's wallets, as the agent decided; else every wallet must be
    at zero, refunded by bank transfer or paid. Return False when it was closed already. Raise NotYourAccount,
    NotSettled, MoneyUndecided.
    """
    user = accounts.lock_of_agent(agent, user)
    if user.status == User.Status.CLOSED:
        return False
    leaving = leaving_of(user)
    if leaving.family:
        _settle(agent, leaving, keep_money)
    return accounts.close(agent, user)


def _settle(agent: User, leaving: Leaving, keep_money: bool) -> None:
    lock_family(leaving.family.pk)
    if leaving.against:
        raise NotSettled(*leaving.against)
    leave_everything(leaving.family, agent)
    end_mandates(SepaMandate.objects.filter(family=leaving.family).values_list("pk", flat=True), LABEL)
    _refuse_requests(agent, leaving)
    left = [wallet for wallet in Wallet.objects.filter(family=leaving.family).with_balance() if wallet.balance]
    if left and not keep_money:
        raise MoneyUndecided(*(_undecided(wallet) for wallet in left))


def _undecided(wallet: Wallet) -> str:
    """« Repas : 72,80 € resteraient … »: what is to be decided."""
    if wallet.balance > 0:
        return (
            f"{wallet.purse.name} : {euros(wallet.balance)} resteraient sur le porte-monnaie une fois les réservations "
            "recréditées. Remboursez-les par virement, ou décidez de les garder."
        )
    return (
        f"{wallet.purse.name} : {euros(-wallet.balance)} resteraient dus. Encaissez-les d’abord, "
        "ou décidez de les laisser au compte de la famille."
    )


def _refuse_requests(agent: User, leaving: Leaving) -> None:
    rows = RequestLine.objects.filter(request__family=leaving.family, status__in=Waiting).order_by("pk")
    for line in rows.select_for_update(no_key=True):
        move(line, RequestLine.Status.REFUSED, decided_at=timezone.now(), decided_by=agent, reason=LABEL)
