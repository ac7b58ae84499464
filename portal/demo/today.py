"""The demo's day at the canteen: who eats there, half of them marked already, one absence told."""

from collections import Counter
from datetime import datetime, timedelta

from django.utils import timezone

from accounts.models import User
from common.writing.once import make_key
from common.writing.transactions import outermost
from families.actions.health import write_health
from families.models import Diet, HealthContent, Member
from reservations.actions.days.attendance import Mark, mark
from reservations.actions.places.baskets import change_counters
from reservations.actions.places.changes import record_changes
from reservations.actions.places.ledger import pay_bookings
from reservations.models import Absence, Activity, Attendance, Billing, Booking, Order, Session
from reservations.reads.access import without_access
from reservations.reads.family import family_facts, members_with_schooling
from reservations.reads.prices import PriceBook
from wallet.actions import post
from wallet.models import Operation

WEEK = 3  # days of a canteen's week, beside the last one


def last_day(activity: Activity) -> Session | None:
    """Today where the activity takes place, else its last day."""
    return activity.sessions.filter(date__lte=timezone.localdate(), closed_at=None).order_by("date").last()


SHEETS = [
    HealthContent(diet=(Diet.NO_PORK,)),
    HealthContent(has_pai=True, allergens=("peanuts",), allergies="Trousse d’urgence dans le cartable."),
    HealthContent(diet=(Diet.NO_MEAT,), allergens=("milk", "eggs")),
]


def say_health(user: User, number: int) -> None:
    """Every second family says what its eldest child eats, and must not."""
    child = Member.objects.of(user).first()
    if child and number % 2 == 0:
        key = make_key(user.owner, f"health:{child.pk}", "")
        write_health(user=user, member=child, content=SHEETS[number // 2 % len(SHEETS)], key=key)


def live(user: User, agent: User, number: int) -> None:
    """Have the family's children eat at their canteen, as booked and paid two weeks before; mark every second family."""
    activities = Activity.objects.offered().filter(kind=Activity.Kind.CANTEEN, age_min=None)
    for activity in activities.filter(service__commune=user.commune)[:1]:
        it = last_day(activity)
        if it and number == 0:
            _live_a_week(user, activity, it)
        if it and (bookings := _book(user, activity, it)) and number % 2:
            marks = [Mark(each.pk, Attendance.Status.PRESENT, timezone.now()) for each in bookings]
            mark(agent=agent, session=it, marks=marks)
        if it and bookings and number == 0:
            Absence.objects.create(booking=bookings[0], by=user, reason="Malade depuis ce matin, certificat à venir")


def _live_a_week(user: User, activity: Activity, until: Session) -> None:
    """The days before, so that home knows what the family usually does and offers the week to come."""
    for each in activity.sessions.filter(date__lt=until.date, closed_at=None).order_by("-date")[:WEEK]:
        _book(user, activity, each)


@outermost
def _book(user: User, activity: Activity, it: Session) -> list[Booking]:
    family = user.guardian.family
    prices = PriceBook([activity], family_facts(family.pk, timezone.localdate()))
    members = [each for each in members_with_schooling(family.pk) if not without_access(activity, each)]
    if not members:
        return []
    at = timezone.make_aware(datetime.combine(it.date - timedelta(14), datetime.min.time()))
    cents = {each.pk: prices.cents(activity.pk, it.date, each) for each in members}
    order = Order.objects.create(
        family=family, by=user, billing=Billing.PREPAID, booked_cents=sum(cents.values()), at=at
    )
    it.activity = activity
    common = {"family": family, "order": order, "billing": Billing.PREPAID}
    rows = Booking.objects.bulk_create(
        Booking(session=it, member=each, cents=cents[each.pk], settled_at=at + timedelta(1), **common)
        for each in members
    )
    change_counters(Counter([it.pk] * len(rows)), Counter())
    record_changes(booked=rows)
    order.operation = post(Operation.Kind.BOOKING, pay_bookings(rows), actor=user, label="Réservations", at=at)
    order.save(update_fields=["operation"])
    return rows
