"""What happened on a holder's aid accounts: the ledger's own moves, so that it is up to date at every instant."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Case, Count, F, Max, Q, QuerySet, Sum, When
from django.db.models.functions import Coalesce
from django.utils import timezone

from cesu.models import AidAccount, AidPayment, Caregiver, CesuHolder, MonthlyRight
from cesu.rules.aid import hours
from portal.lib.dates import month_title
from portal.lib.money import euros
from wallet.models import Operation, Transfer

Kind, Status = Operation.Kind, AidPayment.Status
KINDS = {
    "droits": ("Droits reçus", (Kind.AID_CREDIT, Kind.ECESU_CREDIT)),
    "corrections": ("Corrections", (Kind.AID_CORRECTION,)),
    "paiements": ("Paiements", (Kind.AID_PAYMENT, Kind.HOLD)),
    "retours": ("Retours", (Kind.REVERSAL, Kind.AID_REJECT)),
    "expires": ("Droits expirés", (Kind.AID_RETURN,)),
}
DONE = (Status.CONFIRMED, Status.SENT)


@dataclass(frozen=True)
class Filters:
    """Which operations are looked for; what is None is not asked."""

    account: int | None = None
    caregiver: int | None = None
    kind: str = ""
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True)
class Line:
    """An operation on one aid account: ``cents`` and ``minutes`` below zero for what left it."""

    at: datetime
    kind: str
    label: str
    account: str
    cents: int
    minutes: int | None
    payment: AidPayment | None

    @property
    def amount(self) -> str:
        """« + 42 h 00 », « − 12,50 € »."""
        sign = "+" if self.cents > 0 else "\u2212"
        return f"{sign}\u00a0{hours(abs(self.minutes)) if self.minutes else euros(abs(self.cents))}"

    @property
    def author(self) -> str:
        """Who paid."""
        return self.payment.by.get_full_name() if self.payment else ""


def operations_of(holder: CesuHolder, filters: Filters) -> QuerySet:
    """The operations on a holder's rights, the newest first, one row for each aid account that they touch."""
    wanted = {"aid_account": filters.account} if filters.account else {}
    rights = MonthlyRight.objects.filter(aid_account__holder=holder, **wanted)
    accounts = list(rights.values_list("account", flat=True))
    moves = Transfer.objects.filter(Q(source__in=accounts) | Q(target__in=accounts))
    arrives = When(target__in=accounts, then=1)
    return (
        _filtered(moves, holder, filters)
        .order_by()
        .values(
            "operation",
            "operation__at",
            "operation__kind",
            "operation__label",
            account=Coalesce("target__monthly_right__aid_account", "source__monthly_right__aid_account"),
        )
        .annotate(
            signed_cents=Sum(F("cents") * Case(arrives, default=-1)),
            signed_minutes=Sum(F("minutes") * Case(arrives, default=-1)),
            undoes=Max("reverses__operation"),
            month=Max("target__monthly_right__month"),
        )
        .order_by("-operation__at", "-operation", "account")
    )


def _filtered(moves: QuerySet, holder: CesuHolder, filters: Filters) -> QuerySet:
    if filters.kind:
        moves = moves.filter(operation__kind__in=KINDS[filters.kind][1])
    if filters.since:
        moves = moves.filter(operation__at__gte=filters.since)
    if filters.until:
        moves = moves.filter(operation__at__lt=filters.until)
    if filters.caregiver:
        paid = AidPayment.objects.filter(aid_account__holder=holder, caregiver=filters.caregiver)
        known = [pk for row in paid.values_list("operation", "hold") for pk in row if pk]
        moves = moves.filter(Q(operation__in=known) | Q(reverses__operation__in=known))
    return moves


def lines_of(rows: Iterable[dict], labels: dict[int, str]) -> list[Line]:
    """Rows of ``operations_of`` as people read them; ``labels``: the accounts' names by pk. One query."""
    rows = list(rows)
    acts = {pk for row in rows for pk in (row["operation"], row["undoes"]) if pk}
    found = AidPayment.objects.filter(Q(operation__in=acts) | Q(hold__in=acts)).select_related("caregiver", "by")
    payments = {pk: each for each in found for pk in (each.operation_id, each.hold_id) if pk}
    return [_line(row, payments.get(row["undoes"] or row["operation"]), labels) for row in rows]


def _line(row: dict, payment: AidPayment | None, labels: dict[int, str]) -> Line:
    kind = row["operation__kind"]
    return Line(
        at=row["operation__at"],
        kind=next((name for name, (_, kinds) in KINDS.items() if kind in kinds), ""),
        label=_label(row, kind, payment),
        account=labels[row["account"]],
        cents=row["signed_cents"],
        minutes=row["signed_minutes"],
        payment=payment,
    )


def _label(row: dict, kind: str, payment: AidPayment | None) -> str:
    if kind in (Kind.AID_CREDIT, Kind.ECESU_CREDIT):
        return f"Droits de {month_title(row['month']).lower()}" if kind == Kind.AID_CREDIT else row["operation__label"]
    if kind not in (Kind.AID_PAYMENT, Kind.HOLD) or payment is None:
        return row["operation__label"]
    waits = {Status.HELD: ", en attente de la carte", Status.ABANDONED: ", abandonné", Status.REJECTED: ", rejeté"}
    return f"Paiement de {payment.caregiver}{waits.get(payment.status, '')}"


# --- « Relevé d’heures » ----------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Worked:
    """What a person was paid in a month: minutes of hours, cents of rights and by card."""

    caregiver: Caregiver
    payments: int
    minutes: int
    cents: int
    complement_cents: int

    @property
    def paid_cents(self) -> int:
        return self.cents + self.complement_cents


def worked_in(holder: CesuHolder, month: date) -> list[Worked]:
    """The hours and amounts paid in a month to each person employed, by name; what the bank rejected is not paid."""
    first, last = bounds(month)
    paid = AidPayment.objects.filter(
        aid_account__holder=holder,
        caregiver__kind=Caregiver.Kind.PERSON,
        status__in=DONE,
        confirmed_at__gte=first,
        confirmed_at__lt=last,
    )
    rows = (
        paid.order_by()
        .values("caregiver")
        .annotate(
            payments=Count("pk"),
            minutes=Coalesce(Sum("minutes"), 0),
            rights=Sum("cents"),
            complement=Sum("complement_cents"),
        )
    )
    people = Caregiver.objects.in_bulk([row["caregiver"] for row in rows])
    found = [
        Worked(people[row["caregiver"]], row["payments"], row["minutes"], row["rights"], row["complement"])
        for row in rows
    ]
    return sorted(found, key=lambda each: (each.caregiver.last_name, each.caregiver.first_name, each.caregiver.pk))


def bounds(month: date) -> tuple[datetime, datetime]:
    """The instants at which a month begins and ends, local time."""
    zone = timezone.get_current_timezone()
    after = following(month)
    return tuple(datetime(day.year, day.month, 1, tzinfo=zone) for day in (month, after))


def following(month: date) -> date:
    """The month after."""
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)


def accounts_of(holder: CesuHolder) -> list[AidAccount]:
    return list(AidAccount.objects.filter(holder=holder).order_by("kind"))
