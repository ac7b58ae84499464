"""Attendance sheets as agents read them: the days, who is booked, who may be added; nothing is written here."""

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

from django.db.models import Count, Exists, Max, Min, OuterRef, Q, QuerySet
from django.utils import timezone

from accounts.models import User
from common.values.calendars import school_year_of
from families.models import Family, FamilyNote, Level, Member, Membership, Schooling
from families.reads.search import rows_asked
from reservations.models import Activity, Attendance, Booking, Session, Tariff
from reservations.reads.family import family_facts, members_with_schooling
from reservations.reads.prices import PriceBook
from reservations.rules import NoTariff
from services.models import RequestLine, Service

LATEST = timedelta(days=31)  # a child who came without booking is added at most so long after the day
FOUND = 10
NO_CLASS = "Sans classe"


def sessions_of(agent: User) -> QuerySet[Session]:
    """The days of the agent's services."""
    rows = Session.objects.filter(activity__service__in=Service.objects.of_agent(agent))
    return rows.select_related("activity__service__commune")


def sheets_of(agent: User, day: date) -> list[Session]:
    """The open days of the agent's services on a date, with ``expected`` children and those ``marked``."""
    booked = Q(bookings__status=Booking.Status.BOOKED)
    rows = (
        sessions_of(agent)
        .filter(date=day, closed_at=None)
        .annotate(
            expected=Count("bookings", filter=booked),
            marked=Count("bookings", filter=booked & Q(bookings__attendance__isnull=False)),
        )
    )
    return list(rows.order_by("activity__service__commune__name", "arrival", "activity__name"))


def open_days_around(agent: User, day: date) -> tuple[date | None, date | None]:
    """The nearest open days of the agent's services before and after a date, where there are any."""
    rows = sessions_of(agent).filter(closed_at=None)
    around = rows.aggregate(before=Max("date", filter=Q(date__lt=day)), after=Min("date", filter=Q(date__gt=day)))
    return around["before"], around["after"]


@dataclass(slots=True)
class Line:
    """A child of a sheet: the booking, its name as it is called out, how it was marked, what to know."""

    booking: str
    member: int
    name: str
    status: str
    note: str = ""
    alerts: str = ""

    @property
    def word(self) -> str:
        return WORDS[self.status]


WORDS = {**dict(Attendance.Status.choices), "": ""}
NOTES = {Booking.Origin.UNBOOKED: "sans réservation", Booking.Origin.LATE: "réservation tardive"}


@dataclass
class Sheet:
    """A day's children, class by class, of one school if one is chosen."""

    session: Session
    groups: dict[str, list[Line]]
    schools: list[tuple[int, str]]

    @property
    def lines(self) -> list[Line]:
        return [line for group in self.groups.values() for line in group]

    @cached_property
    def counts(self) -> dict[str, int]:
        """How many by status; « » for those still to be marked."""
        found = dict.fromkeys(WORDS, 0)
        for line in self.lines:
            found[line.status] += 1
        return found

    @property
    def left(self) -> int:
        """How many are still to be marked."""
        return self.counts[""]


def read_sheet(session: Session, school: int | None = None) -> Sheet:
    """Read a sheet in three queries, whatever the number of children; ``school``: the children of that school only."""
    places = _places(session)
    schools = {place.school_pk: place.school for place in places.values()}
    chosen = school if school in schools else None
    groups = {}
    for line in sorted(_lines(session), key=lambda line: line.name):
        place = places.get(line.member)
        if chosen is None or (place and place.school_pk == chosen):
            groups.setdefault(place, []).append(line)
    ordered = sorted(groups.items(), key=lambda row: (row[0] is None, row[0] and row[0].rank))
    several = len(schools) > 1 and chosen is None
    named = {place.title(several) if place else NO_CLASS: rows for place, rows in ordered}
    return Sheet(session, named, sorted(schools.items(), key=lambda row: row[1]))


def _lines(session: Session) -> list[Line]:
    rows, told = Booking.objects.active().filter(session=session).order_by(), _told(session)
    names = ("family_id", "member_id", "member__last_name", "member__first_name")
    rows = rows.values_list("pk", *names, "attendance__status", "origin", "absence__pk")
    return [
        Line(str(pk), member, f"{last} {first}", status or "", _note(origin, absence, told.get(family, [])))
        for pk, family, member, last, first, status, origin, absence in rows
    ]


def _note(origin: str, absence: int | None, told: list[str]) -> str:
    return " · ".join([note for note in ("absence signalée" if absence else NOTES.get(origin, ""), *told) if note])


def _told(session: Session) -> dict[int, list[str]]:
    """What agents noted about the families booked that day, to be read on its sheet."""
    booked = Booking.objects.active().filter(session=session).values("family")
    found = {}
    for family, text in FamilyNote.objects.shown(session.date).filter(family__in=booked).values_list("family", "text"):
        found.setdefault(family, []).append(text)
    return found


@dataclass(frozen=True)
class Place:
    """A school and a class."""

    school_pk: int
    school: str
    level: str
    name: str

    @property
    def rank(self) -> tuple:
        return (self.school, Level.values.index(self.level), self.name)

    def title(self, with_school: bool) -> str:
        return f"{self.school}, {self.name}" if with_school else self.name


def _places(session: Session) -> dict[int, Place]:
    """School and class of the children booked that day, by pk; children without a class are left out."""
    rows = Schooling.objects.filter(
        school_year=school_year_of(session.date),
        member__bookings__session=session,
        member__bookings__status=Booking.Status.BOOKED,
    )
    school_class = [f"school_class__{name}" for name in ("school_id", "school__name", "level", "name")]
    rows = rows.order_by().values_list("member_id", *school_class)
    return {member: Place(*place) for member, *place in rows}


# --- Children who came without a booking -----------------------------------------------------------------------------
@dataclass(frozen=True)
class Guest:
    """A child who may be added to a sheet, for one of their families: at which price (cents), None without any."""

    family: Family
    member: Member
    cents: int | None


def guests(session: Session, agent: User, term: str) -> list[Guest]:
    """The children of this name who are not booked that day, of families that the agent's services know."""
    if not term.split():
        return []
    taken = Booking.objects.active().filter(session=session, member=OuterRef("member"))
    rows = memberships_of(agent).filter(~Exists(taken))
    rows = (
        rows_asked(rows, term, member="member")
        .order_by("member__last_name", "member__first_name", "member", "family")
        .distinct()[:FOUND]
    )
    return [Guest(row.family, row.member, price_without_booking(session, row.family, row.member)) for row in rows]


def memberships_of(agent: User) -> QuerySet[Membership]:
    """Who may be added by an agent: members of the families of their communes, or let in by their services."""
    let_in = RequestLine.objects.of_agent(agent).filter(
        status=RequestLine.Status.ACCEPTED, member=OuterRef("member"), request__family=OuterRef("family")
    )
    ours = Q(family__in=Family.objects.of_agent(agent)) | Q(Exists(let_in))
    return Membership.objects.filter(ours, withdrawn_at=None).select_related("member", "family")


def price_without_booking(session: Session, family: Family, member: Member) -> int | None:
    """What the day costs a child who comes without booking: its own tariff, else the normal one; None without any."""
    activity = Activity.objects.with_schools().get(pk=session.activity_id)
    facts = family_facts(family.pk, timezone.localdate())
    found = next(iter(members_with_schooling(family.pk, [member.pk])), None)
    for kind in (Tariff.Kind.UNBOOKED, Tariff.Kind.NORMAL):
        try:
            return PriceBook([activity], facts, kind).cents(activity.pk, session.date, found)
        except NoTariff:
            pass
    return None


def may_be_added(session: Session, today: date) -> bool:
    """From the day itself, and not long after."""
    return not session.closed_at and today - LATEST <= session.date <= today
