"""What happened on a holder's aid accounts: the ledger's own moves, so that it is up to date at every instant."""

from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Count, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone

from accounts.models import User
from cesu.aid.reads.frame import of_person
from cesu.models import AidAccount, AidPayment, Caregiver, CesuHolder
from cesu.rules.aid import hours
from common.values.dates import month_after, month_title
from common.values.money import euros
from common.writing.rows import Listing, Rows
from wallet.models import Operation

Kind, Status = Operation.Kind, AidPayment.Status
KINDS = {
    "droits": ("Droits reçus", (Kind.AID_CREDIT, Kind.ECESU_CREDIT)),
    "corrections": ("Corrections", (Kind.AID_CORRECTION,)),
    "paiements": ("Paiements", (Kind.AID_PAYMENT, Kind.HOLD)),
    "retours": ("Retours", (Kind.REVERSAL, Kind.AID_REJECT)),
    "expires": ("Droits expirés", (Kind.AID_RETURN,)),
}
DONE = (Status.CONFIRMED, Status.SENT)
WAITS = {Status.HELD: ", en attente de la carte", Status.ABANDONED: ", abandonné", Status.REJECTED: ", rejeté"}


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
    """An operation on one aid account (pk): ``cents`` and ``minutes`` below zero for what left it."""

    payment: AidPayment | None
    at: datetime
    operation_kind: str
    operation_label: str
    aid_account: int
    cents: int
    minutes: int | None
    month: date | None

    @property
    def kind(self) -> str:
        """The word by which the page filters it."""
        return next((name for name, (_, kinds) in KINDS.items() if self.operation_kind in kinds), "")

    @property
    def amount(self) -> str:
        """« + 42 h 00 », « − 12,50 € »."""
        sign = "+" if self.cents > 0 else "\u2212"
        return f"{sign}\u00a0{hours(abs(self.minutes)) if self.minutes else euros(abs(self.cents))}"

    @property
    def author(self) -> str:
        """Who paid."""
        return self.payment.by.get_full_name() if self.payment else ""

    @property
    def label(self) -> str:
        if self.operation_kind == Kind.AID_CREDIT:
            return f"Droits {of_person(month_title(self.month).lower())}"
        if self.operation_kind not in (Kind.AID_PAYMENT, Kind.HOLD) or self.payment is None:
            return self.operation_label
        return f"Paiement de {self.payment.caregiver}{WAITS.get(self.payment.status, '')}"


def operations_of(holder: CesuHolder, filters: Filters) -> Listing:
    """The operations on a holder's rights, the newest first: a Line for each aid account that they touch."""
    kinds = [str(kind) for kind in KINDS[filters.kind][1]] if filters.kind else None
    return Listing(
        _HOW_MANY, _LINES, _line, holder.pk, filters.account, filters.caregiver, kinds, filters.since, filters.until
    )


def _line(payment: AidPayment | None, caregiver: Caregiver | None, author: User | None, *facts) -> Line:
    if payment:
        payment.caregiver, payment.by = caregiver, author
    return Line(payment, *facts)


# A move belongs to the payment that made it, or to the one that it undoes.
_FOUND = """
    WITH asked AS (
        SELECT %s::bigint AS holder, %s::bigint AS account, %s::bigint AS caregiver, %s::text[] AS kinds,
               %s::timestamptz AS since, %s::timestamptz AS until
    ), own AS (
        SELECT monthly.account_id, monthly.aid_account_id, monthly.month
        FROM asked JOIN cesu_aidaccount account ON account.holder_id = asked.holder
        JOIN cesu_monthlyright monthly ON monthly.aid_account_id = account.id
        WHERE asked.account IS NULL OR asked.account = account.id
    ), move AS (
        SELECT operation_id, aid_account_id, cents, minutes, reverses_id, month
        FROM own JOIN wallet_transfer ON target_id = own.account_id
        UNION ALL
        SELECT operation_id, aid_account_id, -cents, -minutes, reverses_id, NULL
        FROM own JOIN wallet_transfer ON source_id = own.account_id
    ), line AS (
        SELECT move.operation_id, aid_account_id, sum(move.cents)::bigint AS cents, sum(move.minutes)::bigint AS minutes,
               max(month) AS month, coalesce(max(undone.operation_id), move.operation_id) AS act
        FROM move LEFT JOIN wallet_transfer undone ON undone.id = move.reverses_id
        GROUP BY move.operation_id, aid_account_id
    ), made AS (
        SELECT id, unnest(ARRAY[operation_id, hold_id]) AS act FROM cesu_aidpayment
        WHERE aid_account_id IN (SELECT aid_account_id FROM own)
    ), found AS (
        SELECT line.*, made.id AS payment_id, operation.at, operation.kind, operation.label
        FROM asked CROSS JOIN line JOIN wallet_operation operation ON operation.id = line.operation_id
        LEFT JOIN made ON made.act = line.act
        WHERE (asked.kinds IS NULL OR operation.kind = ANY(asked.kinds))
          AND (asked.since IS NULL OR operation.at >= asked.since)
          AND (asked.until IS NULL OR operation.at < asked.until)
          AND (asked.caregiver IS NULL OR made.id IN (
              SELECT id FROM cesu_aidpayment WHERE caregiver_id = asked.caregiver
          ))
    )
"""
_HOW_MANY = Rows(f"{_FOUND} SELECT count(*) FROM found")
_LINES = Rows(
    f"""{_FOUND}
    SELECT {{payment}}, {{caregiver}}, {{author}}, found.at, found.kind, found.label, found.aid_account_id, found.cents,
           found.minutes, found.month
    FROM found
    LEFT JOIN cesu_aidpayment payment ON payment.id = found.payment_id
    LEFT JOIN cesu_caregiver caregiver ON caregiver.id = payment.caregiver_id
    LEFT JOIN accounts_user author ON author.id = payment.by_id
    ORDER BY found.at DESC, found.operation_id DESC, found.aid_account_id
    LIMIT %s OFFSET %s
    """,
    payment=AidPayment,
    caregiver=Caregiver,
    author=User,
)


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
    return tuple(datetime(day.year, day.month, 1, tzinfo=zone) for day in (month, month_after(month)))


def accounts_of(holder: CesuHolder) -> list[AidAccount]:
    return list(AidAccount.objects.filter(holder=holder).order_by("kind"))
