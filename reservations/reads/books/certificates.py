"""« Attestation fiscale »: what a family paid for the care of its children under six, year by year (rules/care.py)."""

from dataclasses import dataclass, field
from datetime import date, datetime, time

from django.db.models import Count, F, Q, Sum
from django.db.models.functions import Coalesce, ExtractYear
from django.utils import timezone

from accounts.models import User
from reservations.models import Activity, Billing, Booking
from reservations.rules import care_share, instant, is_young_enough
from wallet.models import Transfer, Wallet


@dataclass
class CareLine:
    """What was paid for a child in an activity, in cents, and the care in it."""

    activity: str
    place: str
    percent: int
    bookings: int = 0
    paid: int = 0
    care: int = 0


@dataclass
class Child:
    """A child under six on 1 January, with what was paid for it."""

    name: str
    birth_date: date
    lines: dict[int, CareLine] = field(default_factory=dict)

    @property
    def care(self) -> int:
        return sum(line.care for line in self.lines.values())


@dataclass
class Certificate:
    """A civil year of a family: its children under six, youngest last, with their care in cents."""

    year: int
    children: dict[int, Child] = field(default_factory=dict)

    @property
    def total(self) -> int:
        return sum(child.care for child in self.children.values())

    @property
    def is_over(self) -> bool:
        """Until the year is over more may be paid, or given back."""
        return self.year < timezone.localdate().year


def certificates(user: User) -> list[Certificate]:
    """The family's years with care that was paid, the latest first; empty when there is none.

    What counts: bookings that stand, in the year in which they were paid at checkout or debited; never meals. The
    care of each is rounded on its own, half a cent upwards.
    """
    found: dict[int, Certificate] = {}
    for row in _paid_care(user):
        if is_young_enough(row["birth"], row["year"]):
            _add(found.setdefault(row["year"], Certificate(row["year"])), row)
    return sorted(found.values(), key=lambda each: -each.year)


def certificate(user: User, year: int) -> Certificate | None:
    """The family's certificate of a year, None when there is nothing to certify."""
    return next((each for each in certificates(user) if each.year == year), None)


def _add(certificate: Certificate, row: dict) -> None:
    name = f"{row['first_name']} {row['last_name']}"
    child = certificate.children.setdefault(row["member"], Child(name, row["birth"]))
    place = f"{row['service']} – {row['commune']}"
    line = child.lines.setdefault(row["activity"], CareLine(row["name"], place, row["percent"]))
    line.bookings += row["n"]
    line.paid += row["n"] * row["cents"]
    line.care += row["n"] * care_share(row["cents"], row["percent"])


def _paid_care(user: User):
    """Paid bookings with care in their price, counted by year, child, activity and price."""
    activity, paid = "session__activity__", Q(billing=Billing.PREPAID) | Q(debited_at__isnull=False)
    return (
        Booking.objects.of(user)
        .active()
        .filter(paid, cents__gt=0, session__activity__care_percent__gt=0)
        .exclude(session__activity__kind=Activity.Kind.CANTEEN)
        .order_by("member__birth_date", "member", f"{activity}name")
        .values(
            "member",
            "cents",
            year=ExtractYear(Coalesce("debited_at", "order__at")),
            first_name=F("member__first_name"),
            last_name=F("member__last_name"),
            birth=F("member__birth_date"),
            activity=F("session__activity"),
            name=F(f"{activity}name"),
            percent=F(f"{activity}care_percent"),
            service=F(f"{activity}service__name"),
            commune=F(f"{activity}service__commune__name"),
        )
        .annotate(n=Count("pk"))
    )


def owed_at_end(user: User, year: int) -> list[tuple[Wallet, int]]:
    """What the family still owed when the year ended, or owes now, purse by purse in cents: that was not paid."""
    end = instant(date(year + 1, 1, 1), time(0))
    standings = [(wallet, _balance_at(wallet, end)) for wallet in Wallet.objects.of(user)]
    return [(wallet, -cents) for wallet, cents in standings if cents < 0]


def _balance_at(wallet: Wallet, end: datetime) -> int:
    moves = Transfer.objects.on(wallet.account_id).filter(operation__at__lt=end)
    return int(moves.aggregate(total=Sum("signed"))["total"] or 0)
