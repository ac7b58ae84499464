"""Small random towns for the figures, and their figures counted by hand, one booking after the other."""

import random
from collections import Counter
from datetime import date, datetime, time, timedelta

from django.utils import timezone

from accounts.models import Commune
from common.values.dates import school_year
from families.models import Family, Member, Quotient, School, SchoolClass, Schooling
from reservations.models import Activity, Attendance, Booking, Order, RefusedDay, Session, UnmetDemand, WaitlistEntry
from reservations.reads.figures.scope import Scope
from reservations.rules import age_on
from reservations.rules.figures.periods import Kind, Step, period_of
from tests.factories.accounts import CommuneFactory, UserFactory
from tests.factories.families import FamilyFactory, MemberFactory, SchoolClassFactory, SchoolFactory
from tests.factories.reservations import ActivityFactory, session, tariff
from tests.factories.services import ServiceFactory

DAYS = [date(2025, 9, 1) + timedelta(days) for days in range(0, 560, 9)]  # to the spring of 2027
BIRTHS = [date(2013, 7, 12), date(2016, 2, 29), date(2018, 5, 10), date(2019, 11, 9), date(1990, 1, 1)]


class RandomTown:
    """Two communes, their activities with and without brackets, some families, and whatever they booked over 18 months."""

    def __init__(self, seed: int, families: int = 9, bookings: int = 260):
        self.pick = random.Random(seed)
        self.user = UserFactory()
        self.communes = [CommuneFactory(), CommuneFactory()]
        self.activities = [self._activity(number) for number in range(3)]
        self.sessions = [session(each, day) for each in self.activities for day in DAYS if self.pick.random() < 0.7]
        self.classes = self._classes()
        self.families = [self._family() for _ in range(families)]
        self.bookings = self._book(bookings)

    def _activity(self, number: int) -> Activity:
        service = ServiceFactory(commune=self.communes[number % 2])
        if number == 0:
            return ActivityFactory(service=service, name="Sans tranche")
        activity = ActivityFactory(service=service, name=f"À tranches {number}", cents=False)
        for low, high in ((0, 399), (400, 799), (800, None)):
            tariff(activity, 100 + low, quotient_from=low, quotient_to=high, valid_from=date(2025, 7, 1))
        return activity

    def _classes(self) -> list[SchoolClass]:
        schools = [SchoolFactory(commune=commune) for commune in self.communes for _ in range(2)]
        return [SchoolClassFactory(school=school, school_year=year) for school in schools for year in (2025, 2026)]

    def _family(self) -> tuple[Family, list[Member]]:
        family = FamilyFactory(commune=self.pick.choice([*self.communes, None]))
        for since in (date(2025, 1, 1), date(2026, 3, 2), date(2026, 10, 5)):
            if self.pick.random() < 0.6:
                value = self.pick.choice([120, 399, 400, 650, 800, 1500])
                Quotient.objects.create(family=family, value=value, effective_from=since, recorded_by=self.user)
        children = [MemberFactory(birth_date=self.pick.choice(BIRTHS)) for _ in range(self.pick.randint(1, 3))]
        for child in children:
            for each in self.pick.sample(self.classes, 2):
                if not child.schoolings.filter(school_year=each.school_year).exists():
                    Schooling.objects.create(member=child, school_class=each, school_year=each.school_year)
        return family, children

    def _book(self, number: int) -> list[Booking]:
        taken, found = set(), []
        for _ in range(number):
            family, children = self.pick.choice(self.families)
            day, child = self.pick.choice(self.sessions), self.pick.choice(children)
            if (day, child) not in taken:
                taken.add((day, child))
                found.append(self._booking(day, child, family))
        return found

    def _booking(self, day: Session, child: Member, family: Family) -> Booking:
        at = timezone.make_aware(datetime.combine(day.date - timedelta(self.pick.randint(1, 60)), time(12)))
        order = Order.objects.create(family=family, by=self.user, billing="prepaid", at=at)
        status = self.pick.choice(["booked", "booked", "booked", "cancelled", "closed"])
        booking = Booking.objects.create(
            session=day,
            member=child,
            family=family,
            order=order,
            billing="prepaid",
            cents=380,
            origin=self.pick.choice(["family", "family", "agent", "unbooked"]),
            status=status,
            cancelled_at=None if status == "booked" else at + timedelta(days=self.pick.randint(0, 20)),
        )
        mark = self.pick.choice(["present", "present", "absent", "justified", None])
        if mark and status == "booked":
            Attendance.objects.create(session=day, member=child, booking=booking, status=mark, by=self.user)
        return booking

    def ask(self, number: int) -> None:
        """Some who wait, some refused and some who asked in vain."""
        for rank in range(number):
            day, (family, children) = self.pick.choice(self.sessions), self.pick.choice(self.families)
            child, order = self.pick.choice(children), self.bookings[0].order
            asked = {"order": order, "session": day, "member": child}
            status, ended = self.pick.choice([("waiting", None), ("left", timezone.now()), ("lapsed", timezone.now())])
            if not WaitlistEntry.objects.filter(session=day, member=child).exists():
                row = {"family": family, "by": self.user, "billing": "prepaid", "cents": 380, "status": status}
                WaitlistEntry.objects.create(**asked, **row, ended_at=ended)
            RefusedDay.objects.create(**asked, reason="complet")
            UnmetDemand.objects.create(session=day, asker=f"{rank}")

    # --- Counted by hand ---
    def standing(self, first: date, last: date, activities=None) -> list[Booking]:
        """The bookings that stand of days between two dates."""
        activities = self.activities if activities is None else activities
        return [
            each
            for each in self.bookings
            if each.status == "booked" and first <= each.session.date <= last and each.session.activity in activities
        ]

    def marks(self, rows: list[Booking]) -> Counter:
        """How many by column of the tables."""
        known = dict(Attendance.objects.values_list("booking", "status"))
        found = Counter()
        for each in rows:
            mark = known.get(each.pk)
            if each.origin == "unbooked":
                found["unbooked"] += mark in ("present", None)
            else:
                found["booked"] += 1
                found[mark or "unmarked"] += 1
        return found

    def school(self, booking: Booking) -> School | None:
        row = booking.member.schoolings.filter(school_year=school_year(booking.session.date)).first()
        return row and row.school_class.school

    def age(self, booking: Booking) -> int:
        return age_on(booking.member.birth_date, booking.session.date)

    def commune(self, booking: Booking) -> Commune | None:
        return booking.family.commune

    def bracket(self, booking: Booking) -> str:
        if booking.session.activity == self.activities[0]:
            return "Tarif unique" if booking.session.date >= date(2026, 7, 1) else "Sans tarif ce jour-là"
        known = booking.family.quotients.filter(effective_from__lte=booking.session.date).first()
        if known is None:
            return "Quotient inconnu"
        return "0 à 399" if known.value < 400 else "400 à 799" if known.value < 800 else "800 et plus"


def scope(activities: list[Activity], kind: Kind = Kind.YEAR, day: date = date(2026, 11, 2), **more) -> Scope:
    """Some activities over the period of a day."""
    period = period_of(kind, day, more.pop("last", None))
    step = more.pop("step", period.usual_step)
    return Scope({each.pk: each for each in activities}, period, Step(step), more.pop("masks", False), **more)


def read(table) -> dict[str, dict[str, int]]:
    """A table as numbers by row and column, zeros left out."""
    return {row.label: {cell.title: cell.value for cell in row.cells if cell.value} for row in table.rows}
