"""« Soldes et paiements »: what each purse of a family holds, what is coming, what is due (guide 004)."""

from dataclasses import dataclass
from datetime import date

from django.db.models import Max, Q, Sum

from accounts.models import User
from reservations.models import Billing, Booking
from reservations.reads.family import estimated_costs
from wallet.models import DirectDebit, Purse, Wallet


@dataclass(frozen=True)
class PurseLine:
    """A row of the tables: a purse as it stands and as it will be, in cents."""

    purse: Purse
    balance: int = 0
    cost: int = 0
    pending: int = 0

    @property
    def new_balance(self) -> int:
        """« Nouveau solde »: with the bookings not yet debited, and the direct debits already announced."""
        return self.balance - self.cost + self.pending

    @property
    def due(self) -> int:
        """« Montant à créditer »: what brings the new balance to zero."""
        return max(0, -self.new_balance)

    @property
    def owed(self) -> int:
        """« Reste dû » as of now."""
        return max(0, -self.balance)

    @property
    def asked(self) -> int:
        """What of it is asked for: an announced direct debit counts as paid."""
        return max(0, self.owed - self.pending)

    @property
    def is_used(self) -> bool:
        """Whether there is anything to say of it."""
        return bool(self.balance or self.cost or self.pending)


@dataclass(frozen=True)
class Balances:
    """The purses of a family. They are never added up: one does not pay for another."""

    lines: list[PurseLine]

    @property
    def used(self) -> list[PurseLine]:
        """Those of which there is something to say; the first when there is nothing."""
        return [line for line in self.lines if line.is_used] or self.lines[:1]

    @property
    def has_pending(self) -> bool:
        """Whether a direct debit is announced for any."""
        return any(line.pending for line in self.lines)

    @property
    def has_due(self) -> bool:
        """Whether any lacks something."""
        return any(line.due for line in self.lines)


def read_balances(user: User, until: date | None = None) -> Balances:
    """The family's purses, the main one first and always there; bookings up to ``until``, all of them by default."""
    wallets = {wallet.purse_id: wallet for wallet in Wallet.objects.of(user)}
    costs = estimated_costs(user.guardian.family_id, until)
    pending = dict(
        DirectDebit.objects.of(user).pending().order_by().values_list("wallet__purse").annotate(cents=Sum("cents"))
    )
    purses = Purse.objects.filter(Q(is_default=True) | Q(pk__in={*wallets, *costs}))
    return Balances([_line(purse, wallets.get(purse.pk), costs, pending) for purse in purses])


def _line(purse: Purse, wallet: Wallet | None, costs: dict[int, int], pending: dict[int, int]) -> PurseLine:
    return PurseLine(purse, wallet.balance if wallet else 0, costs.get(purse.pk, 0), pending.get(purse.pk, 0))


def last_day_to_debit(user: User) -> date | None:
    """The last day of the bookings not yet debited; None when there are none."""
    coming = Booking.objects.of(user).active().filter(billing=Billing.DEFERRED, debited_at=None)
    return coming.aggregate(last=Max("session__date"))["last"]
