"""A town of families with a school year of days, bookings and money, written in bulk through the ledger's own door."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from itertools import groupby

from django.contrib.auth.hashers import make_password
from django.db import connection, transaction
from django.utils import timezone

from accounts.models import Commune, User
from common.values.calendars import school_year_of
from families.models import Certification, Family, Guardian, Level, Member, Membership, School, SchoolClass, Schooling
from portal.demo.data import COMMUNES, EVE, SCHOOL_DAYS, TWO_WORKING_DAYS, WEDNESDAY
from reservations.actions import refresh_sessions
from reservations.models import Activity, Billing, Booking, OpeningRule, Order, Session, Tariff
from services.models import AccessRequest, Audience, RequestLine, Service
from wallet.actions import Draft, Move, post_all, revenue_accounts, system_account, wallet_of
from wallet.models import CounterPayment, Operation, Wallet

PRICE = 380  # cents
START = 30_000  # cents in every wallet, beside what the year costs
CAPACITY = 2000  # places a day, on every second canteen and on all Wednesdays
BEHIND, AHEAD, USUAL = timedelta(120), timedelta(245), timedelta(60)
EATS = (SCHOOL_DAYS, SCHOOL_DAYS, [0, 3], [])  # the weekdays of a child, by turns


@dataclass
class House:
    """A family as it is being written."""

    number: int
    user: User
    family: Family
    canteen: Activity
    wednesdays: Activity
    children: list[Member] = field(default_factory=list)
    wallet: Wallet | None = None

    @property
    def until(self) -> timedelta:
        """How far ahead the family books: every tenth nothing, a third the whole year, the others two months."""
        if self.number % 10 == 9:
            return timedelta(-1)
        return AHEAD if self.number % 3 == 0 else USUAL

    def days_of(self, child: int) -> list[int]:
        return EATS[(self.number // 3 + child) % len(EATS)]


def build(families: int, communes: int = 8) -> None:
    """Write a town of so many families, with twice as many children; the ledger is exact."""
    today = timezone.localdate()
    activities = [_commune(number, today) for number in range(communes)]
    agent = User.objects.create_user(
        "agent",
        None,
        None,
        first_name="Agent",
        last_name="Martin",
        is_staff=True,
        roles=["animateur", "guichet", "regisseur", "responsable"],
    )
    with transaction.atomic():
        houses = _houses(families, activities, today)
        _let_in(houses, agent)
        credit(houses, {house.number: START for house in houses}, evening_of(today - 2 * BEHIND), agent)
    for days in _months(activities):
        _analyze()
        with transaction.atomic():
            check_at_once()
            _book(houses, days, today, agent)
    _count_places()


def _commune(number: int, today: date) -> tuple[Activity, Activity]:
    code, name = COMMUNES[number]
    commune = Commune.objects.create(insee_code=code, name=name, zone="A")
    school = School.objects.create(commune=commune, name=f"École de {name}")
    for year in (school_year_of(today), school_year_of(today) + 1):
        SchoolClass.objects.create(school=school, school_year=year, name="Classe unique", level=Level.CE1)
    wallet_purse = wallet_of(Family.objects.create(name="Régie", commune=commune)).purse
    limited = {"capacity": CAPACITY}
    common = {"purse": wallet_purse, "booking_opens_at": evening_of(today - BEHIND)}
    rows = [
        ("cantine", "Réservation repas cantine", Billing.PREPAID, SCHOOL_DAYS, limited if number % 2 else {}),
        ("loisirs", "Centre de loisirs du mercredi", Billing.DEFERRED, WEDNESDAY, limited),
    ]
    return tuple(_activity(commune, school, today, *row[:4], common | row[4]) for row in rows)


def _activity(commune, school, today, kind, name, billing, weekdays, fields) -> Activity:
    service = Service.objects.create(
        commune=commune, name=f"Service {kind}", access=Service.Access.OPEN, credit_to_all=True
    )
    residents = Audience.objects.create(service=service, name="Résident", residence=Audience.Residence.INSIDE)
    activity = Activity.objects.create(
        service=service,
        kind=kind,
        name=name,
        slug=f"{kind}-{commune.insee_code}",
        billing=billing,
        booking_rule=TWO_WORKING_DAYS.to_json(),
        cancelling_rule=EVE.to_json(),
        **fields,
    )
    activity.schools.add(school)
    Tariff.objects.create(activity=activity, audience=residents, cents=PRICE, valid_from=today - BEHIND)
    Tariff.objects.create(activity=activity, cents=PRICE + 95, valid_from=today - BEHIND)
    OpeningRule.objects.create(activity=activity, weekdays=weekdays, first=today - BEHIND, last=today + AHEAD)
    refresh_sessions(activity)
    return activity


def _houses(number: int, activities, today) -> list[House]:
    users = User.objects.bulk_create(
        _user(n, activities[n % len(activities)][0].service.commune) for n in range(number)
    )
    families = Family.objects.bulk_create(Family(name=user.last_name, commune=user.commune) for user in users)
    Guardian.objects.bulk_create(
        Guardian(user=user, family=family) for user, family in zip(users, families, strict=True)
    )
    Certification.objects.bulk_create(
        Certification(family=family, school_year=year, by=user)
        for user, family in zip(users, families, strict=True)
        for year in (school_year_of(today), school_year_of(today) + 1)
    )
    houses = [House(n, users[n], families[n], *activities[n % len(activities)]) for n in range(number)]
    _children(houses, today)
    for house in houses:
        house.wallet = wallet_of(house.family)
    return houses


def _user(number: int, commune: Commune) -> User:
    return User(
        identifier=f"F{number:07}",
        email=f"famille{number}@bench.example",
        password=make_password(None),
        first_name="Claire",
        last_name=f"Dupont{number}",
        commune=commune,
        status=User.Status.VALIDATED,
        decided_at=timezone.now(),
    )


def _children(houses: list[House], today: date) -> None:
    for house in houses:
        house.children = [
            Member(first_name=name, last_name=house.user.last_name, birth_date=today - timedelta(365 * age))
            for name, age in (("Louane", 8), ("Théo", 7), ("Jade", 6))[: 1 + house.number % 3]
        ]
    Member.objects.bulk_create(child for house in houses for child in house.children)
    Membership.objects.bulk_create(
        Membership(family=house.family, member=child) for house in houses for child in house.children
    )
    classes = defaultdict(list)
    for each in SchoolClass.objects.select_related("school"):
        classes[each.school.commune_id].append(each)
    Schooling.objects.bulk_create(
        Schooling(member=child, school_class=each, school_year=each.school_year)
        for house in houses
        for child in house.children
        for each in classes[house.user.commune_id]
    )


def _let_in(houses: list[House], agent: User) -> None:
    """Both services of the commune have accepted every child."""
    audiences = {each.service_id: each for each in Audience.objects.all()}
    asked = [(house, activity.service) for house in houses for activity in (house.canteen, house.wednesdays)]
    requests = AccessRequest.objects.bulk_create(
        AccessRequest(family=house.family, service=service, asked_by=house.user) for house, service in asked
    )
    RequestLine.objects.bulk_create(
        RequestLine(
            request=request,
            member=child,
            audience=audiences[service.pk],
            status=RequestLine.Status.ACCEPTED,
            decided_at=timezone.now(),
            decided_by=agent,
        )
        for request, (house, service) in zip(requests, asked, strict=True)
        for child in house.children
    )


def _months(activities) -> list[dict[int, list[Session]]]:
    """The days of each month, by activity."""
    known = {activity.pk: activity for pair in activities for activity in pair}
    rows = list(Session.objects.order_by("date", "pk"))
    for row in rows:
        row.activity = known[row.activity_id]
    months = []
    for _, days in groupby(rows, key=lambda row: (row.date.year, row.date.month)):
        by_activity = defaultdict(list)
        for row in days:
            by_activity[row.activity_id].append(row)
        months.append(by_activity)
    return months


def _book(houses: list[House], days: dict[int, list[Session]], today: date, agent: User) -> None:
    """One month: each family puts in its wallet what it costs and confirms one order; Wednesdays are paid on the day."""
    at = evening_of(min(row.date for rows in days.values() for row in rows) - timedelta(7))
    meals = {house.number: list(_meals(house, days, today)) for house in houses}
    buyers = [house for house in houses if meals[house.number]]
    if not buyers:
        return
    credit(buyers, {house.number: len(meals[house.number]) * PRICE for house in buyers}, at, agent)
    orders = place_orders(buyers, meals, Billing.PREPAID, at)
    revenue = revenue_accounts({house.canteen.revenue_code for house in buyers})
    drafts = [
        Draft(Operation.Kind.BOOKING, [payment_of(house, row, revenue) for row in rows], house.user, "Réservations", at)
        for house, rows in zip(buyers, orders.values(), strict=True)
    ]
    for order, operation in zip(orders, post_all(drafts), strict=True):
        order.operation = operation
    Order.objects.bulk_update(orders, ["operation"], batch_size=1000)
    wednesdays = {house.number: list(_wednesdays(house, days, today)) for house in houses}
    place_orders([house for house in houses if wednesdays[house.number]], wednesdays, Billing.DEFERRED, at)


def _meals(house: House, days, today):
    for index, child in enumerate(house.children):
        for row in days[house.canteen.pk]:
            if row.date.weekday() in house.days_of(index) and row.date <= today + house.until:
                yield row, child


def _wednesdays(house: House, days, today):
    if house.number % 4 == 0:
        for row in days[house.wednesdays.pk]:
            if row.date <= today + house.until:
                yield row, house.children[0]


def place_orders(houses, wanted, billing, at) -> dict[Order, list[Booking]]:
    orders = Order.objects.bulk_create(
        Order(
            family=house.family, by=house.user, billing=billing, booked_cents=len(wanted[house.number]) * PRICE, at=at
        )
        for house in houses
    )
    found = {
        order: [
            Booking(session=row, member=child, family=house.family, order=order, billing=billing, cents=PRICE)
            for row, child in wanted[house.number]
        ]
        for order, house in zip(orders, houses, strict=True)
    }
    Booking.objects.bulk_create([row for rows in found.values() for row in rows], batch_size=5000)
    return found


def payment_of(house: House, booking: Booking, revenue: dict[str, int]) -> Move:
    return Move(
        house.wallet.account_id,
        revenue[booking.session.activity.revenue_code],
        booking.cents,
        booking.payment_reference,
        f"{booking.member.first_name}, {booking.session}",
    )


def credit(houses, cents: dict[int, int], at, agent) -> None:
    """Money by cheque, so much for each family."""
    cheques = system_account("cheque").pk
    payments = [
        CounterPayment(
            wallet=house.wallet,
            means=CounterPayment.Means.CHEQUE,
            cents=cents[house.number],
            number=f"{house.number}",
            received_on=at.date(),
        )
        for house in houses
    ]
    drafts = [
        Draft(
            Operation.Kind.COUNTER_CREDIT,
            [
                Move(
                    cheques,
                    each.wallet.account_id,
                    each.cents,
                    f"counter:{each.wallet.pk}:{at:%Y-%m-%d}",
                    each.label,
                )
            ],
            agent,
            f"Règlement au guichet – {each.label}",
            at,
        )
        for each in payments
    ]
    for payment, operation in zip(payments, post_all(drafts), strict=True):
        payment.operation = operation
    CounterPayment.objects.bulk_create(payments)


def _analyze() -> None:
    """Tell the planner that the tables have grown: a foreign key checked as in an empty table reads all of it."""
    _run("ANALYZE")


def check_at_once() -> None:
    """Check foreign keys row by row: the history's trigger walks through all checks still to be done, for each row."""
    _run("SET CONSTRAINTS ALL IMMEDIATE")


def _run(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)


def _count_places() -> None:
    _run(
        "UPDATE reservations_session s SET booked = c.n"
        " FROM (SELECT session_id, count(*) AS n FROM reservations_booking GROUP BY session_id) c"
        " WHERE c.session_id = s.id AND s.capacity IS NOT NULL"
    )


def evening_of(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time(18)))


def facts() -> dict[str, int]:
    """What the town holds, in the words of the report."""
    return {
        "families": Family.objects.filter(guardians__isnull=False).count(),
        "children": Member.objects.count(),
        "days": Session.objects.count(),
        "bookings": Booking.objects.count(),
        "orders": Order.objects.count(),
    }
