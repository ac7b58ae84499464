"""Employers and their accounts in the ledger."""

from cesu.models import Contract, Employer
from wallet.actions.wallets import open_ledger_account
from wallet.models import Account, AccountKind


def open_employer(*, client_reference: str, name: str, credit_cents: int = 0, **fields) -> Employer:
    """Create an employer with its account and first contract; it may owe ``credit_cents``. The caller's transaction."""
    account = open_ledger_account(AccountKind.EMPLOYER, f"employer:{client_reference}", floor=-credit_cents)
    employer = Employer.objects.create(client_reference=client_reference, name=name, account=account, **fields)
    Contract.objects.create(employer=employer, credit_cents=credit_cents)
    return employer


def titles_account(employer: Employer) -> Account:
    """The counter-value of an employer's titles in circulation, which the issuer keeps apart (code du travail, R1271-13)."""
    return open_ledger_account(AccountKind.CESU_FUNDER, f"employer:{employer.client_reference}")


def fees_account() -> Account:
    """What the service and the transport earn, before tax."""
    return open_ledger_account(AccountKind.FEES, "cesu")


def vat_account() -> Account:
    """The VAT on them."""
    return open_ledger_account(AccountKind.FEES, "cesu-vat")
