"""« Historiques »: what a family consumed and what it paid, month by month (guide 004)."""

from dataclasses import dataclass, field
from datetime import date

from django.db.models import CharField, F, QuerySet, Value
from django.db.models.functions import Cast, Concat, TruncDate, Upper
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from common.files import sheets
from common.values.dates import date_numeric, day_of_month, month_after, month_title
from common.values.money import bare_euros
from reservations.models import Booking
from wallet.models import BankRefund, CardDispute, CardPayment, CardRefund, CounterPayment, DirectDebit

CONSUMPTIONS, PAYMENTS = "consommations", "reglements"
COUNTER, CARD = "guichet", "carte"  # payments that have a receipt
TOTAL = "TOTAL (€)"
NONE = Value("")


@dataclass(frozen=True)
class Row:
    """A line of a history; amounts in cents among its ``cells``, the last one being what counts in the total."""

    day: date
    said: str
    cells: tuple[str | int, ...]
    receipt: str = ""


@dataclass(frozen=True)
class Column:
    """A column after the date's."""

    title: str
    css: str = ""


@dataclass(frozen=True)
class History:
    """A month of one kind, as the page, the PDF and the spreadsheet show it."""

    kind: str
    title: str
    nothing: str
    first: str
    columns: tuple[Column, ...]
    month: date
    rows: list[Row] = field(default_factory=list)

    @property
    def total(self) -> int:
        return sum(row.cells[-1] for row in self.rows)

    @property
    def said_total(self) -> str:
        return bare_euros(self.total)

    @property
    def month_title(self) -> str:
        return month_title(self.month)

    @property
    def iso(self) -> str:
        return f"{self.month:%Y-%m}"

    @property
    def file_name(self) -> str:
        return f"{self.kind}-{self.iso}"

    @property
    def has_receipts(self) -> bool:
        return any(row.receipt for row in self.rows)

    @property
    def lines(self) -> list[tuple[Row, list[tuple[Column, str]]]]:
        """The rows with their cells as people read them."""
        return [(row, list(zip(self.columns, map(_said, row.cells), strict=True))) for row in self.rows]

    @property
    def sheet(self) -> list[list[str]]:
        """The same for a spreadsheet: whole dates, plain numbers."""
        head = [self.first, *(column.title for column in self.columns)]
        rows = [[date_numeric(row.day), *map(_counted, row.cells)] for row in self.rows]
        return [head, *rows, [TOTAL, *[""] * (len(self.columns) - 1), sheets.amount(self.total)]]


def _said(cell: str | int) -> str:
    return bare_euros(cell) if isinstance(cell, int) else cell


def _counted(cell: str | int) -> str:
    return sheets.amount(cell) if isinstance(cell, int) else cell


def history(user: User, kind: str, month: date) -> History:
    """The family's consumptions or payments of a month, read in one query."""
    return (consumptions if kind == CONSUMPTIONS else payments)(user, month)


def consumptions(user: User, month: date) -> History:
    """What the family consumed in a month, up to today: bookings that stand, paid before or debited (S4-11)."""
    bookings = (
        Booking.objects.of(user)
        .active()
        .filter(session__date__gte=month, session__date__lt=month_after(month), session__date__lte=timezone.localdate())
        .select_related("session__activity", "member")
        .order_by("session__date", "session__arrival", "member__birth_date", "pk")
    )
    return History(
        CONSUMPTIONS,
        "Historique des consommations",
        "Aucune consommation ce mois-ci",
        "Date",
        (
            Column("Consommateur"),
            Column("Activité"),
            Column("Prix (€)", "pv-money"),
            Column("Qté", "pv-num"),
            Column("Total", "pv-money"),
        ),
        month,
        [_consumed(each) for each in bookings],
    )


def _consumed(booking: Booking) -> Row:
    unit, quantity = unit_price(booking.cents, booking.quantity)
    day, member = booking.session.date, booking.member
    name = f"{member.last_name.upper()} {member.first_name}"
    return Row(day, day_of_month(day), (name, booking.session.activity.name, unit, str(quantity), booking.cents))


def unit_price(cents: int, quantity: int) -> tuple[int, int]:
    """A price as unit price × quantity (S4-23), in cents; a price that does not divide is told whole, once."""
    return (cents, 1) if cents % quantity else (cents // quantity, quantity)


def payments(user: User, month: date) -> History:
    """What the authority received from the family in a month, and what it gave back, below zero (S4-12).

    Cheques that bounced, mistakes of the counter and rejected direct debits are left out: nothing was received.
    """
    first, *others = _sources(user, month)
    found = first.union(*others, all=True).order_by("on", "source", "pk")
    return History(
        PAYMENTS,
        "Historique des règlements",
        "Aucun règlement ce mois-ci",
        "Date reçu",
        (
            Column("Mode règlement"),
            Column("N° pièce"),
            Column("Nom Payeur"),
            Column("Nom Banque"),
            Column("Montant", "pv-money"),
        ),
        month,
        [_paid(*each) for each in found],
    )


def _paid(received, source, pk, mode, number, payer, bank, cents) -> Row:
    receipt = reverse("reservations:receipt", args=[source, pk]) if source in (COUNTER, CARD) else ""
    return Row(received, date_numeric(received), (mode, number, payer, bank, cents), receipt)


def _sources(user: User, month: date) -> list[QuerySet]:
    """Each way in which money comes or goes back, with the same columns."""
    within = (month, month_after(month))
    cards = CardPayment.objects.of(user)
    paid = cards.filter(status=CardPayment.Status.PAID)
    debits = DirectDebit.objects.of(user).filter(status=DirectDebit.Status.SETTLED)
    refunds = CardRefund.objects.filter(payment__in=cards, status=CardRefund.Status.DONE)
    disputes = CardDispute.objects.filter(payment__in=cards).exclude(status=CardDispute.Status.WON)
    transfers = BankRefund.objects.filter(wallet__family=user.guardian.family_id)
    sent = transfers.exclude(status=BankRefund.Status.REJECTED)
    made, card = TruncDate("created_at"), Cast("payment_id", CharField())
    return [
        _rows(
            CounterPayment.objects.of(user).standing(),
            COUNTER,
            F("received_on"),
            F("means"),
            F("number"),
            F("payer"),
            within,
            bank=F("bank"),
        ),
        _rows(paid, CARD, TruncDate("paid_at"), Value("CB"), Cast("pk", CharField()), _name("user"), within),
        _rows(
            debits, "prelevement", F("run__collected_on"), Value("PR"), F("end_to_end"), F("mandate__holder"), within
        ),
        _rows(refunds, "remboursement", made, Value("CB remboursée"), card, _name("payment__user"), within, sign=-1),
        _rows(disputes, "litige", made, Value("CB contestée"), card, _name("payment__user"), within, sign=-1),
        _rows(sent, "virement", made, Value("VI remboursé"), F("end_to_end"), F("holder"), within, sign=-1),
    ]


def _rows(rows: QuerySet, source: str, received, mode, number, payer, within, *, bank=NONE, sign: int = 1) -> QuerySet:
    """One source as (received, source, pk, mode, number, payer, bank, cents), received in ``within``."""
    return (
        rows.order_by()
        .annotate(
            on=received,
            source=Value(source),
            mode=mode,
            piece=number,
            payer_said=payer,
            bank_said=bank,
            amount=sign * F("cents"),
        )
        .filter(on__gte=within[0], on__lt=within[1])
        .values_list("on", "source", "pk", "mode", "piece", "payer_said", "bank_said", "amount")
    )


def _name(person: str) -> Concat:
    """« DUPONT Jean-Paul », in SQL."""
    return Concat(Upper(f"{person}__last_name"), Value(" "), f"{person}__first_name")
