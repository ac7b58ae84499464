"""« Récapitulatif mensuel »: what services sold, how it was paid, what families hold (docs/money.md, « Accounting »).

All is read from the ledger in one statement, so that a month ties to the cent even while people pay: what families held
at first, plus what moved, is what they hold at the end. The business instant ``Operation.at`` says to which month an
operation belongs, on the clocks of Paris.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from django.db import connection

from accounts.models import User
from common.files.sheets import amount
from common.values.dates import month_after, month_title
from reservations.rules import instant
from services.models import Service
from wallet.models import AccountKind, Operation, Purse

MIDNIGHT = time(0)
SET_ASIDE = "Sommes mises de côté"  # of families, but of no wallet
BESIDE = (AccountKind.ARREARS, AccountKind.HOLD)  # money of families too; a hold is named after its wallet
FAMILIES = (AccountKind.WALLET, *BESIDE)
MEANS = (
    AccountKind.CHEQUE,
    AccountKind.CASH,
    AccountKind.BANK_TRANSFER,
    AccountKind.CARD,
    AccountKind.DIRECT_DEBIT,
    AccountKind.OPENING,
)
UNPAID = (Operation.Kind.BOUNCED_CHEQUE, Operation.Kind.DEBIT_REJECT, Operation.Kind.DISPUTE)
REFUNDED = (Operation.Kind.PARTIAL_REFUND, Operation.Kind.CARD_REFUND, Operation.Kind.BANK_REFUND)


def span_of(first: date, last: date) -> tuple[datetime, datetime]:
    """The instants from the midnight that begins ``first`` to the one that ends ``last``."""
    return instant(first, MIDNIGHT), instant(last + timedelta(days=1), MIDNIGHT)


def service_names(agent: User | None = None) -> dict[str, str]:
    """What the ledger's opaque codes of takings stand for: all services, or an agent's own."""
    rows = Service.objects.of_agent(agent) if agent else Service.objects.all()
    found = rows.order_by("commune__name", "name").values_list("pk", "commune__name", "name")
    return {f"service:{pk}": f"{commune} – {name}" for pk, commune, name in found}


def account_name(kind: str, code: str, family: int | None, name: str, purse: str, services: dict[str, str]) -> str:
    """« RESTAURATION – Dupont (D1012) », « Recettes – Aiguilhe – Cantine », « Chèques ».

    A hold is not named: its wallet is on the other side of the same line.
    """
    if family:
        return f"{purse} – {name} (D{family + 1000})"
    if kind == AccountKind.REVENUE:
        return f"Recettes – {services.get(code, code)}"
    return AccountKind(kind).label if kind == AccountKind.HOLD else f"{AccountKind(kind).label} {code}".strip()


@dataclass(slots=True)
class ServiceLine:
    """What a service's takings gained and gave back in a month, in cents."""

    name: str
    sold: int = 0
    cancelled: int = 0

    @property
    def net(self) -> int:
        return self.sold - self.cancelled


@dataclass(slots=True)
class MeansLine:
    """What came in and went out by a means of payment, in cents: below zero when it left the families' accounts."""

    name: str
    received: int = 0
    corrected: int = 0
    unpaid: int = 0
    refunded: int = 0

    @property
    def net(self) -> int:
        return self.received + self.corrected + self.unpaid + self.refunded


@dataclass(slots=True)
class PurseLine:
    """What the families hold and owe in a purse at both ends of a month, and what moved between, in cents.

    What moved is below zero when it left the families' accounts.
    """

    name: str
    held_before: int = 0
    owed_before: int = 0
    received: int = 0
    corrected: int = 0
    unpaid: int = 0
    refunded: int = 0
    consumed: int = 0
    set_aside: int = 0
    other: int = 0
    held_after: int = 0
    owed_after: int = 0

    @property
    def before(self) -> int:
        return self.held_before - self.owed_before

    @property
    def after(self) -> int:
        return self.held_after - self.owed_after

    @property
    def gap(self) -> int:
        """What lacks for the month to tie: 0, or the books are wrong."""
        moved = self.received + self.corrected + self.unpaid + self.refunded + self.consumed
        return self.after - (self.before + moved + self.set_aside + self.other)


@dataclass(slots=True)
class Month:
    """The summary of a month; without ``purses`` and ``means`` for an agent, who reads their services only."""

    first: date
    services: list[ServiceLine] = field(default_factory=list)
    means: list[MeansLine] = field(default_factory=list)
    purses: list[PurseLine] = field(default_factory=list)

    @property
    def last(self) -> date:
        return month_after(self.first) - timedelta(days=1)

    @property
    def all_services(self) -> ServiceLine:
        return _total(ServiceLine, self.services)

    @property
    def all_means(self) -> MeansLine:
        return _total(MeansLine, self.means)

    @property
    def all_purses(self) -> PurseLine:
        return _total(PurseLine, self.purses)

    @property
    def ties(self) -> bool:
        """Whether every purse ends with what it began with and what moved, to the cent."""
        return not any(line.gap for line in self.purses)

    @property
    def purse_names(self) -> list[str]:
        return [line.name for line in [*self.purses, self.all_purses]]

    @property
    def steps(self) -> list["Step"]:
        """The lines of the table of purses, from the balance at first to the one at the end."""
        lines = [*self.purses, self.all_purses]
        steps = [
            Step(name, label, [(line.name, getattr(line, name)) for line in lines]) for name, label in STEPS.items()
        ]
        return [step for step in steps if step.name not in RARE or any(cents for _, cents in step.amounts)]


@dataclass(frozen=True, slots=True)
class Step:
    """A line of the table of purses: what it is, and how much in each purse, then in all, in cents."""

    name: str
    label: str
    amounts: list[tuple[str, int]]

    @property
    def css(self) -> str:
        return "pv-strong" if self.name in BALANCES else "pv-part-of" if self.name in PARTS else ""


BALANCES = ("before", "after")
PARTS = ("held_before", "owed_before", "held_after", "owed_after")
RARE = ("set_aside", "other")  # shown when there are any
STEPS = {
    "before": "Solde au début du mois",
    "held_before": "dont avoirs des familles",
    "owed_before": "dont reste dû par les familles",
    "received": "Encaissé",
    "corrected": "Rectifié",
    "unpaid": "Impayé, rejeté ou contesté",
    "refunded": "Remboursé",
    "consumed": "Consommé dans les services",
    "set_aside": "Mis de côté, ou rendu",
    "other": "Autres mouvements",
    "after": "Solde à la fin du mois",
    "held_after": "dont avoirs des familles",
    "owed_after": "dont reste dû par les familles",
}


def _total(kind, lines):
    """The line « Total » of some lines."""
    total = kind("Total")
    for each in lines:
        for name in kind.__slots__[1:]:
            setattr(total, name, getattr(total, name) + getattr(each, name))
    return total


def month_of_services(first: date, agent: User) -> Month:
    """A month of an agent's services."""
    _, moves = _read(first)
    return Month(first, services=list(_services(moves, service_names(agent), others=False)))


def month_of(first: date) -> Month:
    """A month of the whole authority, in three queries."""
    balances, moves = _read(first)
    purses = dict(Purse.objects.values_list("pk", "name")) | {0: SET_ASIDE}
    return Month(
        first,
        services=list(_services(moves, service_names())),
        means=list(_means(moves)),
        purses=list(_purses(balances, moves, purses)),
    )


@dataclass(frozen=True, slots=True)
class Cell:
    """Moves of a month alike: what the accounts of a purse (0: none) gained from accounts of a kind, in cents."""

    purse: int
    other: str
    code: str
    kind: str
    undoes: str | None
    cents: int

    @property
    def nature(self) -> str:
        """The column of the books, by what the operation was, or by what it undoes."""
        kind = self.undoes if self.kind == Operation.Kind.REVERSAL and self.undoes in UNPAID + REFUNDED else self.kind
        if kind in UNPAID:
            return "unpaid"
        if kind in REFUNDED:
            return "refunded"
        return "corrected" if self.undoes else "received"

    @property
    def is_sale(self) -> bool:
        """Of moves with takings: whether a service sold something; else it gave back."""
        return self.cents < 0 and not self.undoes

    @property
    def step(self) -> str:
        """The line of a purse that it belongs to."""
        if self.other == AccountKind.REVENUE:
            return "consumed"
        if self.other in FAMILIES:
            return "set_aside"
        return self.nature if self.other in MEANS else "other"


def month_rows(month: Month) -> Iterator[list]:
    """The summary of a month for a spreadsheet: one table below the other, amounts in euros."""
    yield ["Récapitulatif mensuel", month_title(month.first)]
    yield from _table(
        "Services", ["Vendu", "Annulé", "Net"], ("sold", "cancelled", "net"), month.services, month.all_services
    )
    if month.means:
        titles, names = ["Encaissé", "Rectifié", "Impayé, rejeté ou contesté", "Remboursé", "Net"], MEANS_COLUMNS
        yield from _table("Modes de règlement", titles, names, month.means, month.all_means)
    if month.purses:
        yield []
        yield ["Porte-monnaie des familles", *month.purse_names]
        for step in month.steps:
            yield [step.label, *(amount(cents) for _, cents in step.amounts)]
        yield ["Écart", *(amount(line.gap) for line in month.purses), amount(month.all_purses.gap)]


MEANS_COLUMNS = ("received", "corrected", "unpaid", "refunded", "net")


def _table(title: str, titles: list[str], names: tuple[str, ...], lines: list, total) -> Iterator[list]:
    yield []
    yield [title, *titles]
    for line in [*lines, total]:
        yield [line.name, *(amount(getattr(line, name)) for name in names)]


def _services(cells: list[Cell], names: dict[str, str], others: bool = True) -> Iterator[ServiceLine]:
    """The services that sold something, or gave something back; with ``others``, takings of no known service too."""
    lines = defaultdict(lambda: ServiceLine(""))
    for each in cells:
        if each.other == AccountKind.REVENUE and (others or each.code in names):
            lines[each.code].sold -= each.cents if each.is_sale else 0
            lines[each.code].cancelled += 0 if each.is_sale else each.cents
    known = [code for code in names if code in lines]
    for code in known + sorted(lines.keys() - names.keys()):
        lines[code].name = names.get(code, f"Recettes {code}")
        yield lines[code]


def _means(cells: list[Cell]) -> Iterator[MeansLine]:
    for kind in MEANS:
        mine = [each for each in cells if each.other == kind]
        if mine:
            yield MeansLine(kind.label, **_sums(mine, "nature"))


def _purses(balances: list[dict], cells: list[Cell], names: dict[int, str]) -> Iterator[PurseLine]:
    standings = {each.pop("purse"): each for each in balances}
    for purse, name in names.items():
        mine = [each for each in cells if each.purse == purse]
        if mine or any(standings.get(purse, {}).values()):
            yield PurseLine(name, **standings[purse], **_sums(mine, "step"))


def _sums(cells: list[Cell], by: str) -> dict[str, int]:
    sums = Counter()
    for each in cells:
        sums[getattr(each, by)] += each.cents
    return dict(sums)


def _read(first: date) -> tuple[list[dict], list[Cell]]:
    """What stood on the families' accounts at both ends of a month, and the moves between, in one statement."""
    start, after = span_of(first, month_after(first) - timedelta(days=1))
    with connection.cursor() as cursor:
        cursor.execute(_MONTH, {"start": start, "after": after, "beside": list(BESIDE)})
        balances, moves = cursor.fetchone()
    return balances, [Cell(**each) for each in moves]


# Balances are kept: from what stands now, what moved later is taken back. A recent month reads a recent past only.
_MONTH = """
    WITH own AS (
        SELECT account_id AS id, purse_id AS purse FROM wallet_wallet
        UNION ALL
        SELECT account.id, coalesce(wallet.purse_id, 0)
        FROM wallet_account account LEFT JOIN wallet_wallet wallet ON account.code = 'wallet:' || wallet.id
        WHERE account.kind = ANY(%(beside)s)
    ), moved AS MATERIALIZED (
        SELECT source_id, target_id, kind, undoes, inside, sum(cents) AS cents
        FROM (
            SELECT transfer.source_id, transfer.target_id, transfer.cents, operation.kind,
                   operation.at < %(after)s AS inside,
                   CASE WHEN transfer.reverses_id IS NOT NULL THEN (
                       SELECT undone.kind
                       FROM wallet_transfer original JOIN wallet_operation undone ON undone.id = original.operation_id
                       WHERE original.id = transfer.reverses_id
                   ) END AS undoes
            FROM wallet_operation operation JOIN wallet_transfer transfer ON transfer.operation_id = operation.id
            WHERE operation.at >= %(start)s
        ) AS moves
        GROUP BY source_id, target_id, kind, undoes, inside
    ), sides AS (
        SELECT own.id, own.purse, target_id AS other, -cents AS cents, kind, undoes, inside
        FROM moved JOIN own ON own.id = source_id
        UNION ALL
        SELECT own.id, own.purse, source_id, cents, kind, undoes, inside
        FROM moved JOIN own ON own.id = target_id
    ), sums AS (
        SELECT id, sum(cents) FILTER (WHERE inside) AS inside, sum(cents) FILTER (WHERE NOT inside) AS later
        FROM sides GROUP BY id
    ), ends AS (
        SELECT own.purse, balance.cents - coalesce(later, 0) AS after,
               balance.cents - coalesce(later, 0) - coalesce(inside, 0) AS before
        FROM own JOIN wallet_balance balance ON balance.account_id = own.id LEFT JOIN sums ON sums.id = own.id
    ), balances AS (
        SELECT purse,
               sum(greatest(before, 0)) AS held_before, sum(greatest(-before, 0)) AS owed_before,
               sum(greatest(after, 0)) AS held_after, sum(greatest(-after, 0)) AS owed_after
        FROM ends GROUP BY purse
    ), cells AS (
        SELECT sides.purse, account.kind AS other, CASE account.kind WHEN 'revenue' THEN account.code ELSE '' END AS code,
               sides.kind, undoes, sum(sides.cents) AS cents
        FROM sides JOIN wallet_account account ON account.id = sides.other
        WHERE inside
        GROUP BY 1, 2, 3, 4, 5, sides.cents < 0
    )
    SELECT coalesce((SELECT json_agg(balances) FROM balances), '[]'),
           coalesce((SELECT json_agg(cells) FROM cells), '[]')
"""
