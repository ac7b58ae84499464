"""« Journal du jour »: every transfer of a day, as an accountant reads it (docs/money.md, « Accounting »).

The business instant ``Operation.at`` says to which day an operation belongs, on the clocks of Paris.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Count, QuerySet, Sum

from common.files.sheets import amount
from common.values.dates import moment_numeric
from reservations.reads.books.accounting import account_name, service_names, span_of
from wallet.models import AccountKind, Operation, Transfer

AUTOMATIC = "Portail, automatiquement"
WRITTEN_LATER = timedelta(minutes=1)  # below, an operation was written when it happened
OF_AN_ACCOUNT = ("kind", "code", "wallet__family_id", "wallet__family__name", "wallet__purse__name")
COLUMNS = (
    "operation_id",
    "operation__at",
    "operation__created_at",
    "operation__kind",
    "operation__label",
    "operation__actor__first_name",
    "operation__actor__last_name",
    "label",
    "reference",
    "cents",
    *(f"{side}__{column}" for side in ("source", "target") for column in OF_AN_ACCOUNT),
)


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the journal: ``cents`` taken from the account ``debit`` and given to the account ``credit``."""

    operation: int
    at: datetime
    written: datetime | None  # when that is another moment
    kind: str
    label: str
    by: str
    detail: str
    reference: str
    cents: int
    debit: str
    credit: str


@dataclass(frozen=True, slots=True)
class KindTotal:
    """What a day took from, and gave to, the accounts of a kind, in cents."""

    name: str
    debit: int
    credit: int


@dataclass(frozen=True, slots=True)
class DayTotals:
    """A day by kind of account, in cents: what was taken from some was given to others."""

    kinds: list[KindTotal]
    lines: int
    debit: int
    credit: int


def transfers_of(day: date) -> QuerySet[Transfer]:
    """The transfers of a day, in the order of what happened."""
    first, after = span_of(day, day)
    return Transfer.objects.filter(operation__at__gte=first, operation__at__lt=after).order_by("operation__at", "pk")


def entries(transfers: QuerySet[Transfer]) -> Iterator[Entry]:
    """The lines of the journal for these transfers, in two queries, however many they are."""
    services = service_names()
    return (_entry(row, services) for row in transfers.values_list(*COLUMNS).iterator(chunk_size=5000))


def _entry(row: tuple, services: dict[str, str]) -> Entry:
    operation, at, written, kind, label, first_name, last_name, detail, reference, cents, *accounts = row
    split = len(OF_AN_ACCOUNT)
    return Entry(
        operation=operation,
        at=at,
        written=written if abs(written - at) >= WRITTEN_LATER else None,
        kind=Operation.Kind(kind).label,
        label=label,
        by=AUTOMATIC if last_name is None else f"{first_name} {last_name}".strip(),
        detail=detail,
        reference=reference,
        cents=cents,
        debit=account_name(*accounts[:split], services),
        credit=account_name(*accounts[split:], services),
    )


def totals_of(transfers: QuerySet[Transfer]) -> DayTotals:
    """What the transfers took from, and gave to, each kind of account, in one query."""
    rows = transfers.order_by().values_list("source__kind", "target__kind")
    debit, credit, lines = Counter(), Counter(), 0
    for source, target, cents, number in rows.annotate(cents=Sum("cents"), lines=Count("pk")):
        debit[source] += int(cents)
        credit[target] += int(cents)
        lines += number
    kinds = [
        KindTotal(kind.label, debit[kind], credit[kind]) for kind in AccountKind if kind in debit or kind in credit
    ]
    return DayTotals(kinds, lines, debit.total(), credit.total())


TITLES = ["Date", "Écrite le", "Nature", "Libellé", "Détail", "Compte débité", "Compte crédité"]
TITLES += ["Montant", "Référence", "Par", "Opération"]


def journal_rows(day: date) -> Iterator[list]:
    """The journal of a day for a spreadsheet, its titles first."""
    yield TITLES
    for each in entries(transfers_of(day)):
        yield [
            _clock(each.at),
            _clock(each.written or each.at),
            each.kind,
            each.label,
            each.detail,
            each.debit,
            each.credit,
            amount(each.cents),
            each.reference,
            each.by,
            each.operation,
        ]


def _clock(moment: datetime) -> str:
    return moment_numeric(moment)
