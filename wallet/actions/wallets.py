"""Wallets and accounts are opened when first needed, safely when two people need them at once."""

from collections.abc import Iterable

from common.writing.rows import Rows
from families.models import Family
from wallet.models import SYSTEM, Account, AccountKind, Purse, Wallet


def wallet_of(family: Family, purse: Purse | None = None) -> Wallet:
    """The family's wallet in a purse (the default one), opened empty the first time."""
    purse = purse or Purse.objects.get(is_default=True)
    found = Wallet.objects.filter(family=family, purse=purse).select_related("account", "purse").first()
    return found or _open_wallet(family, purse)


def _open_wallet(family: Family, purse: Purse) -> Wallet:
    account = open_ledger_account(AccountKind.WALLET, f"family:{family.pk}:purse:{purse.pk}", floor=purse.floor)
    Wallet.objects.bulk_create([Wallet(family=family, purse=purse, account=account)], ignore_conflicts=True)
    return Wallet.objects.select_related("account", "purse").get(family=family, purse=purse)


def wallet_accounts(family: Family, purses: Iterable[Purse]) -> dict[int, int]:
    """Pks of the accounts of the family's wallets, by purse; a wallet is opened the first time."""
    known = dict(_WALLETS(family.pk))
    return {purse.pk: known.get(purse.pk) or wallet_of(family, purse).account_id for purse in purses}


_WALLETS = Rows("SELECT purse_id, account_id FROM wallet_wallet WHERE family_id = %s")


def hold_account(wallet: Wallet) -> Account:
    """Where a wallet's money stands aside while a payment page is open."""
    return open_ledger_account(AccountKind.HOLD, f"wallet:{wallet.pk}", floor=0)


def revenue_account(code: str) -> Account:
    """The account of a service's takings, by an opaque code that only the caller understands."""
    return open_ledger_account(AccountKind.REVENUE, code)


def revenue_accounts(codes: Iterable[str]) -> dict[str, int]:
    """Pks of the accounts of several services' takings, by code."""
    wanted = sorted(set(codes))
    rows = dict(_REVENUE(wanted)) if wanted else {}
    return rows | {code: revenue_account(code).pk for code in wanted if code not in rows}


_REVENUE = Rows("SELECT code, id FROM wallet_account WHERE kind = 'revenue' AND code = ANY(%s)")


def system_account(kind: str) -> Account:
    """The one account of a kind that stands for a way money comes in."""
    if kind not in SYSTEM:
        raise ValueError(f"{kind} is not a system account")
    return Account.objects.get(kind=kind, code="")


def open_ledger_account(kind: str, code: str, floor: int | None = None) -> Account:
    """The account of a kind and code, opened the first time; ``floor`` (cents, 0 or less) where a balance is kept."""
    found = Account.objects.filter(kind=kind, code=code).first()
    if found is None:
        Account.objects.bulk_create([Account(kind=kind, code=code, floor=floor)], ignore_conflicts=True)
        found = Account.objects.get(kind=kind, code=code)
    return found


def set_floor(purse: Purse, floor: int) -> None:
    """Change how far down (cents, 0 or less) the families' wallets of a purse may be spent. In a transaction.

    Wallets already below are left so: the floor limits what people spend, never what they owe.
    """
    Purse.objects.filter(pk=purse.pk).update(floor=floor)
    accounts = Account.objects.filter(wallet__purse=purse).values_list("pk", flat=True)
    set_floors(list(accounts), floor)


def set_floors(pks: list[int], floor: int) -> None:
    """Let accounts that keep a balance go down to ``floor`` (cents, 0 or less), or up to it. In a transaction."""
    locked = [account.pk for account in Account.objects.locked(pks)]
    Account.objects.filter(pk__in=locked).update(floor=floor)
