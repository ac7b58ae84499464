"""A sheet of attendance of 2,000 children, half of them marked, as an agent opens it."""

from datetime import timedelta

from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from accounts.signing_in import mfa
from common.values.calendars import school_year_of
from families.models import Family, Level, Member, Membership, SchoolClass, Schooling
from reservations.models import Activity, Attendance, Billing, Booking, Order, Session
from tests.bench.measures import Measure, getting
from tests.bench.town import PRICE, check_at_once, evening_of

CHILDREN, A_CLASS = 2000, 25


def sheet() -> Measure:
    """The whole sheet in one page: at most 150 ms and 300 kB."""
    agent = User.objects.get(is_staff=True)
    activity = Activity.objects.filter(kind="cantine").earliest("pk")
    agent.communes.set([activity.service.commune])
    client = Client()
    client.force_login(agent)
    mfa.prove(client.session, agent)
    address = reverse("admin:attendance", args=[_day(activity, agent).pk])
    return Measure("Attendance sheet, 2,000 children", getting(client, address), milliseconds=150, kilobytes=300)


@transaction.atomic
def _day(activity: Activity, agent: User) -> Session:
    """A day of this morning, of children in classes of 25, booked and not yet debited."""
    today = timezone.localdate()
    it = Session.objects.filter(activity=activity, date__gt=today, capacity=None).earliest("date")
    it.pk, it.date = None, activity.sessions.earliest("date").date - timedelta(1)
    it.save()
    families = Family.objects.bulk_create(
        Family(name=f"Dupont{n}", commune=activity.service.commune) for n in range(CHILDREN)
    )
    members = Member.objects.bulk_create(
        Member(first_name="Marie-Louane", last_name=f"Dupont-Martin{n}", birth_date=today) for n in range(CHILDREN)
    )
    Membership.objects.bulk_create(
        Membership(family=family, member=member) for family, member in zip(families, members, strict=True)
    )
    _put_in_classes(members, activity, it)
    _book(it, families, members, agent)
    return it


def _put_in_classes(members: list[Member], activity: Activity, it: Session) -> None:
    school, year = activity.schools.first(), school_year_of(it.date)
    classes = SchoolClass.objects.bulk_create(
        SchoolClass(school=school, school_year=year, name=f"Classe {n}", level=Level.CE1)
        for n in range(CHILDREN // A_CLASS)
    )
    Schooling.objects.bulk_create(
        Schooling(member=member, school_class=classes[n // A_CLASS], school_year=year)
        for n, member in enumerate(members)
    )


def _book(it: Session, families: list[Family], members: list[Member], agent: User) -> None:
    check_at_once()
    billing, at = Billing.DEFERRED, evening_of(it.date)
    orders = Order.objects.bulk_create(
        Order(family=family, by=agent, billing=billing, booked_cents=PRICE, at=at) for family in families
    )
    rows = Booking.objects.bulk_create(
        Booking(session=it, member=member, family=order.family, order=order, billing=billing, cents=PRICE)
        for member, order in zip(members, orders, strict=True)
    )
    Attendance.objects.bulk_create(
        Attendance(session=it, member=row.member, booking=row, status=Attendance.Status.PRESENT, by=agent)
        for row in rows[::2]
    )
