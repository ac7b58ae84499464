"""The family file: all that agents know of one family, as far as this agent may see it, in a constant number of queries."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from accounts.models import User
from common.models import OutgoingEmail
from common.values.calendars import school_year_of
from families.models import (
    Certification,
    Family,
    FamilyNote,
    Guardian,
    HealthSheet,
    Membership,
    Quotient,
    SepaMandate,
)
from reservations.models import Booking, WaitlistEntry
from reservations.reads.family import estimated_costs
from services.models import RequestLine, SupportingDocument
from services.reads.catalogue import TONES
from services.reads.desk import SOON, age
from wallet.models import BankRefund, CardPayment, CounterPayment, DirectDebit, Wallet

NEXT, LAST = 30, 12  # rows of what is to come, of what was
BEFORE = timedelta(days=62)


@dataclass
class Child:
    """A beneficiary with their age, class and whether a health sheet says something of them."""

    membership: Membership
    age: str
    school: str
    has_sheet: bool


@dataclass(frozen=True)
class Day:
    """A day of a child, booked or waited for; the price in cents."""

    on: date
    child: str
    activity: str
    cents: int
    state: str


@dataclass
class Purse:
    """A wallet, in cents: what is in it, what the days to come will take, what was announced to the bank."""

    wallet: Wallet
    coming: int
    announced: int

    @property
    def asked(self) -> int:
        return max(0, self.wallet.owed - self.announced)


@dataclass(frozen=True)
class Payment:
    """Money that came or went back, by whatever means."""

    on: date
    label: str
    cents: int
    state: str
    address: tuple[str, int] | None = None


@dataclass
class FamilyFile:
    """What the page shows; a part that the agent has no right to is empty, and ``may`` says which parts are shown."""

    family: Family
    adults: list[Guardian] = field(default_factory=list)
    children: list[Child] = field(default_factory=list)
    left: list[Membership] = field(default_factory=list)
    notes: list[FamilyNote] = field(default_factory=list)
    quotient: Quotient | None = None
    is_certified: bool = False
    lines: list[RequestLine] = field(default_factory=list)
    pieces: list[SupportingDocument] = field(default_factory=list)
    coming: list[Day] = field(default_factory=list)
    past: list[Day] = field(default_factory=list)
    waiting: list[Day] = field(default_factory=list)
    purses: list[Purse] = field(default_factory=list)
    payments: list[Payment] = field(default_factory=list)
    mandate: SepaMandate | None = None
    messages: list[OutgoingEmail] = field(default_factory=list)


def family_file(agent: User, family: Family) -> FamilyFile:
    """Read the file of a family that the agent may see."""
    today = timezone.localdate()
    file = FamilyFile(family)
    _read_people(file, today)
    if agent.has_perm("services.view_requestline"):
        _read_access(agent, file, today)
    if agent.has_perm("reservations.view_booking"):
        _read_bookings(agent, file, today)
    if agent.has_perm("wallet.view_wallet"):
        _read_money(file)
    _read_messages(file)
    return file


def _read_people(file: FamilyFile, today: date) -> None:
    family, year = file.family, school_year_of(today)
    file.adults = list(Guardian.objects.filter(family=family).select_related("user__commune"))
    sheet = HealthSheet.objects.filter(member=OuterRef("member"))
    people = list(Membership.objects.of_family(family.pk).with_class(year).annotate(has_sheet=Exists(sheet)))
    file.children = [_child(each, today) for each in people if each.withdrawn_at is None]
    file.left = [each for each in people if each.withdrawn_at]
    file.notes = list(FamilyNote.objects.filter(family=family).current(today).select_related("by"))
    file.quotient = Quotient.objects.filter(family=family, effective_from__lte=today).first()
    file.is_certified = Certification.objects.filter(family=family, school_year=year).exists()


def _child(membership: Membership, today: date) -> Child:
    member = membership.member
    places = [each.school_class for each in member.class_now]
    school = f"{places[0].school.name}, {places[0].name}" if places else ""
    return Child(membership, age(member.birth_date, today), school, membership.has_sheet)


def _read_access(agent: User, file: FamilyFile, today: date) -> None:
    lines = RequestLine.objects.of_agent(agent).filter(request__family=file.family)
    lines = lines.select_related("member", "audience", "request__service__commune")
    file.lines = sorted(lines, key=lambda line: (str(line.request.service), line.member.first_name))
    for line in file.lines:
        line.tone, line.mark = TONES[line.status]
    pieces = SupportingDocument.objects.of_agent(agent).current().filter(family=file.family)
    file.pieces = [each for each in pieces.select_related("type", "member") if _needs_a_look(each, today)]


def _needs_a_look(piece: SupportingDocument, today: date) -> bool:
    """To decide, refused, or ending within thirty days."""
    ends = piece.expires_on is not None and piece.expires_on <= today + SOON
    return ends or piece.status != SupportingDocument.Status.VALIDATED


def _read_bookings(agent: User, file: FamilyFile, today: date) -> None:
    """The next days and the last ones; a list of the agents has them all."""
    rows = Booking.objects.of_agent(agent).filter(family=file.family)
    file.coming = _days(rows.active().filter(session__date__gte=today).order_by("session__date", "pk")[:NEXT])
    since = rows.filter(session__date__range=(today - BEFORE, today - timedelta(1)))
    file.past = _days(since.order_by("-session__date", "pk")[:LAST])
    waiting = WaitlistEntry.objects.of_agent(agent).live().filter(family=file.family)
    file.waiting = _days(waiting.order_by("session__date"))


def _days(rows: QuerySet) -> list[Day]:
    """Read no more of each than is shown: a family of ten years has thousands."""
    seen = ("session__date", "member__first_name", "session__activity__name", "cents", "status")
    statuses = dict(rows.model.Status.choices)
    return [Day(*row, statuses[status]) for *row, status in rows.values_list(*seen)]


def _read_money(file: FamilyFile) -> None:
    family = file.family
    wallets = list(Wallet.objects.filter(family=family).with_balance())
    announced = DirectDebit.objects.pending().cents_by_wallet(wallets)
    costs = estimated_costs(family.pk)
    file.purses = [Purse(each, costs[each.purse_id], announced.get(each.pk, 0)) for each in wallets]
    file.payments = sorted(_payments(family), key=lambda payment: payment.on, reverse=True)[:LAST]
    file.mandate = SepaMandate.objects.standing().filter(family=family).first()


def _payments(family: Family) -> Iterable[Payment]:
    for each in _newest(CounterPayment.objects.filter(wallet__family=family), "received_on"):
        state = "Annulé" if each.cancellation_id else "Reçu"
        yield Payment(each.received_on, each.get_means_display(), each.cents, state, ("wallet_counterpayment", each.pk))
    cards = CardPayment.objects.filter(family=family, status__in=["paid", "to_check"])
    for each in _newest(cards, "created_at"):
        yield Payment(
            _day(each.created_at),
            f"Carte : {each.label}",
            each.cents,
            each.get_status_display(),
            ("wallet_cardpayment", each.pk),
        )
    for each in _newest(BankRefund.objects.filter(wallet__family=family), "created_at"):
        yield Payment(
            _day(each.created_at),
            f"Remboursement : {each.reason}",
            -each.cents,
            each.get_status_display(),
            ("wallet_bankrefund", each.pk),
        )


def _newest(rows: QuerySet, moment: str) -> QuerySet:
    return rows.order_by(f"-{moment}", "-pk")[:LAST]


def _day(moment: datetime) -> date:
    return timezone.localtime(moment).date()


def _read_messages(file: FamilyFile) -> None:
    owners = [file.family.owner, *(each.user.owner for each in file.adults)]
    file.messages = list(OutgoingEmail.objects.filter(owner__in=owners).order_by("-created_at")[:LAST])
