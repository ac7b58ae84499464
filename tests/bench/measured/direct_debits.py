"""Monthly direct debits of 1,000 and 10,000 families: announced, put in the bank's file, credited, rejected."""

import time
from collections.abc import Iterator
from datetime import date, timedelta

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from common.models import Authority, authority
from common.writing.once import make_key
from families.models import Family, Guardian, SepaMandate
from tests.bench import databases
from wallet.actions import Draft, Move, post_all, revenue_account
from wallet.actions.bank_reports import apply_report, preview_report
from wallet.actions.debits import announce_debits, make_debit_file, settle_debits
from wallet.models import Account, AccountKind, DirectDebitRun, Operation, Purse, Wallet
from wallet.rules.sepa import due_collection

SIZES = (1_000, 10_000)
SECONDS, LINEAR = 120, 2  # all of it for the largest; a debit of it costs at most so many times one of the smallest
IBAN = "FR1420041010050500013M02606"
CHUNK = 1000


def report(hamlet: int) -> tuple[str, list[str]]:
    """The figures in words, and the limits that they break; each month is one of a copy of the hamlet, grown."""
    months = [(size, _measured(hamlet, size)) for size in SIZES]
    lines = [
        f"{size:>9,} debits " + ", ".join(f"{name} {it:.1f} s" for name, it in found.items()) for size, found in months
    ]
    return "\n".join(["\nA month of direct debits:", *lines]), _broken(months)


def _broken(months: list[tuple[int, dict[str, float]]]) -> list[str]:
    (few, fast), (many, slow) = months
    total = sum(slow.values())
    growth = total / many / (sum(fast.values()) / few)
    found = [("s", total, SECONDS), ("times the cost of a debit", growth, LINEAR)]
    return [f"{many:,} direct debits: {is_:.1f} {what}, at most {limit}" for what, is_, limit in found if is_ > limit]


def _measured(hamlet: int, size: int) -> dict[str, float]:
    databases.copy_of(hamlet)
    _grow(size)
    day, agent = _announcement(), User.objects.filter(is_staff=True).first() or User.objects.first()
    found = dict(_month(day, agent, size))
    databases.require_exact_ledger()
    return found


def _month(day: date, agent: User, size: int) -> Iterator[tuple[str, float]]:
    """(what, seconds) of each step of a month."""
    yield "announced", _seconds(lambda: _require(announce_debits(day)["announced"], size))
    run = DirectDebitRun.objects.get()
    key = make_key(agent.owner, f"debit-file:{run.pk}")
    yield "file", _seconds(lambda: make_debit_file(agent=agent, run=run, key=key))
    yield "credited", _seconds(lambda: _require(settle_debits(run.collected_on)["settled"], size))
    yield "all rejected", _seconds(lambda: _require(_reject(run, agent), size))


def _reject(run: DirectDebitRun, agent: User) -> int:
    preview = preview_report(REPORT.format(run.message).encode())
    return apply_report(agent=agent, codes=preview.codes, key=make_key(agent.owner, "bank-report"))


REPORT = (
    '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.10"><CstmrPmtStsRpt><OrgnlGrpInfAndSts>'
    "<OrgnlMsgId>{}</OrgnlMsgId><GrpSts>RJCT</GrpSts></OrgnlGrpInfAndSts></CstmrPmtStsRpt></Document>"
)


def _require(done: int, size: int) -> None:
    if done != size:
        raise SystemExit(f"{done} direct debits of {size}.")


def _seconds(act) -> float:
    start = time.perf_counter()
    act()
    return time.perf_counter() - start


def _announcement() -> date:
    """The next day on which debits are announced."""
    it, day = authority(), timezone.localdate()
    while due_collection(day, it.debit_day, it.debit_notice) is None:
        day += timedelta(1)
    return day


def _grow(size: int) -> None:
    """Families with a parent, a mandate and a wallet below zero."""
    it = Authority.objects.get_or_create(pk=1)[0]
    it.creditor_id, it.creditor_iban = "FR72ZZZ123456", IBAN
    it.save()
    purse, revenue = Purse.objects.get(is_default=True), revenue_account("service:bench").pk
    for start in range(0, size, CHUNK):
        with transaction.atomic():
            _owe(_families(purse, start, min(CHUNK, size - start)), revenue)


def _families(purse: Purse, start: int, number: int) -> list[Wallet]:
    names = [f"prelevement{n}" for n in range(start, start + number)]
    users = User.objects.bulk_create(User(identifier=name, email=f"{name}@example.org") for name in names)
    families = Family.objects.bulk_create(Family(name=name) for name in names)
    Guardian.objects.bulk_create(Guardian(user=u, family=f) for u, f in zip(users, families, strict=True))
    SepaMandate.objects.bulk_create(
        SepaMandate(family=each, rum=f"{each.reference}-M1", iban=IBAN, holder="Zoé", signed_on=timezone.localdate())
        for each in families
    )
    accounts = Account.objects.bulk_create(
        Account(kind=AccountKind.WALLET, code=f"family:{each.pk}:purse:{purse.pk}", floor=purse.floor)
        for each in families
    )
    return Wallet.objects.bulk_create(
        Wallet(family=f, purse=purse, account=a) for f, a in zip(families, accounts, strict=True)
    )


def _owe(wallets: list[Wallet], revenue: int) -> None:
    kind, now = Operation.Kind.DEFERRED_DEBIT, timezone.now()
    moves = [Move(each.account_id, revenue, 4605, f"bench:owed:{each.pk}") for each in wallets]
    post_all([Draft(kind, [move], None, "Consommation", now) for move in moves])
