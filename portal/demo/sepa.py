"""The demo collects by direct debit: a family that owes has signed a mandate, and its next debit is announced."""

from datetime import timedelta

from django.utils import timezone

from accounts.models import User
from common.models import Authority, authority
from common.writing.transactions import outermost
from families.actions.mandates import open_mandate
from families.models import Family
from wallet.actions.debits import announce_debits
from wallet.rules.sepa import due_collection

CREDITOR = {"creditor_id": "FR72ZZZ123456", "creditor_iban": "FR1420041010050500013M02606"}
FAMILY_IBAN = "FR7630006000011234567890189"


def collect(user: User) -> None:
    """Let the authority collect and announce what the family owes; a second run changes nothing."""
    family = user.guardian.family
    if family.mandates.exists():
        return
    it = Authority.objects.get(pk=1)
    for name, value in CREDITOR.items():
        setattr(it, name, value)
    it.save()
    _sign(family, str(user))
    announce_debits(_next_announcement())


@outermost
def _sign(family: Family, holder: str) -> None:
    signed_on = timezone.localdate() - timedelta(40)
    open_mandate(family, iban=FAMILY_IBAN, bic="", holder=holder, signed_on=signed_on)


def _next_announcement():
    """Today when debits are being announced, else the day on which the next ones would be."""
    it, day = authority(), timezone.localdate()
    while due_collection(day, it.debit_day, it.debit_notice) is None:
        day += timedelta(1)
    return day
