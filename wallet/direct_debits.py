"""What a family reads of its direct debits."""

from django.utils.functional import cached_property

from accounts.models import User
from families.models import SepaMandate
from portal.lib.models import authority
from wallet.models import DirectDebit
from wallet.sepa_files import is_creditor


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
    def announced(self) -> list[DirectDebit]:
        """The debits to come, the next first."""
        pending = DirectDebit.objects.of(self.user).pending().select_related("run", "mandate", "wallet__purse")
        return list(pending.defer("run__file").order_by("run__collected_on", "pk"))
