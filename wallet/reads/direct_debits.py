"""What a family reads of its direct debits."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.utils.functional import cached_property

from accounts.models import User
from common.models import authority
from common.values.sepa import masked
from common.writing.rows import Rows
from families.models import SepaMandate
from wallet.gateways.sepa_files import is_creditor
from wallet.models import DirectDebit, Wallet


def dues(wallets: Iterable[Wallet]) -> dict[int, int]:
    """What is asked for of each wallet that lacks something, in cents by pk; an announced direct debit counts as paid."""
    owed = {each.pk: each.owed for each in wallets if each.owed}
    announced = DirectDebit.objects.pending().cents_by_wallet(owed) if owed else {}
    return {pk: left for pk, cents in owed.items() if (left := cents - announced.get(pk, 0)) > 0}


class DirectDebitFacts:
    """The direct debits of a guardian's family, each fact read when a page shows it."""

    def __init__(self, user: User):
        self.user = user

    @property
    def is_offered(self) -> bool:
        """Whether the authority collects by direct debit."""
        return is_creditor(authority())

    @cached_property
    def mandate(self) -> SepaMandate | None:
        """The mandate that stands."""
        return SepaMandate.objects.of(self.user).standing().first()

    @cached_property
    def announced(self) -> list["Announced"]:
        """The debits to come, the next first."""
        return [Announced(*row) for row in _ANNOUNCED(self.user.guardian.family_id)]


@dataclass(frozen=True, slots=True)
class Announced:
    """A debit to come, in cents; its purse is named unless it is the default one."""

    cents: int
    collected_on: date
    purse: str
    rum: str
    iban: str

    @property
    def masked_iban(self) -> str:
        return masked(self.iban)


_ANNOUNCED = Rows(
    """
    SELECT debit.cents, run.collected_on, CASE WHEN purse.is_default THEN '' ELSE purse.name END, mandate.rum, mandate.iban
    FROM wallet_directdebit debit
    JOIN wallet_directdebitrun run ON run.id = debit.run_id
    JOIN families_sepamandate mandate ON mandate.id = debit.mandate_id
    JOIN wallet_wallet wallet ON wallet.id = debit.wallet_id
    JOIN wallet_purse purse ON purse.id = wallet.purse_id
    WHERE wallet.family_id = %s AND debit.status = 'pending'
    ORDER BY run.collected_on, debit.id
    """
)
