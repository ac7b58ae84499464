"""Funders, their accounts in the ledger, and those of caregivers."""

from cesu.models import Caregiver, Funder
from wallet.actions.wallets import open_ledger_account
from wallet.models import Account, AccountKind


def open_funder(*, slug: str, **fields) -> Funder:
    """Create a funder with its account in the ledger. The caller's transaction."""
    account = open_ledger_account(AccountKind.CESU_FUNDER, f"aid:{slug}")
    return Funder.objects.create(slug=slug, account=account, **fields)


def payable_account(caregiver: Caregiver) -> Account:
    """What is owed to a caregiver until a transfer pays it."""
    return open_ledger_account(AccountKind.CAREGIVER, f"caregiver:{caregiver.pk}")


def hold_account(reference: str) -> Account:
    """Where the rights and the card money of one payment stand together until both are there."""
    return open_ledger_account(AccountKind.HOLD, f"aid:{reference}", floor=0)


def fee_account() -> Account:
    """« Participation aux frais de traitement » of the card complements."""
    return open_ledger_account(AccountKind.FEES, "aid")
