"""Activities, their days, families who book them; what is booked here went through the actions, and is paid."""

from dataclasses import dataclass
from datetime import date, datetime, time

import factory

from accounts.models import User
from common.writing.once import make_key
from families.models import Certification, Family, Member, Quotient
from reservations.actions import cancel_booking, choose_days, confirm_cart
from reservations.actions.places.baskets import read_basket
from reservations.models import Activity, Billing, Booking, Cart, Order, Session, Tariff
from reservations.rules import PARIS
from tests.factories.accounts import UserFactory
from tests.factories.families import MembershipFactory
from tests.factories.services import ServiceFactory
from tests.factories.wallet import family_with, wallet_with
from wallet.models import Purse, Wallet

YEAR = 2026  # the school year of the tests
LOUANE, THEO = ("Louane", date(2018, 5, 10)), ("Théo", date(2013, 7, 12))
TUESDAY, THURSDAY, FRIDAY = date(2026, 11, 10), date(2026, 11, 12), date(2026, 11, 13)


def instant(day: date, at: str = "00:00") -> datetime:
    """That moment in Paris."""
    return datetime.combine(day, time.fromisoformat(at), PARIS)


class ActivityFactory(factory.django.DjangoModelFactory):
    """A canteen at 3,80 € for everybody."""

    class Meta:
        model = Activity
        skip_postgeneration_save = True

    service = factory.SubFactory(ServiceFactory)
    purse = factory.LazyFunction(lambda: Purse.objects.get(is_default=True))
    kind = Activity.Kind.CANTEEN
    name = "Cantine"
    slug = factory.Sequence(lambda n: f"activite-{n}")
    booking_opens_at = instant(date(2026, 6, 1))

    @factory.post_generation
    def cents(self, create, cents):
        """In cents; False leaves the activity without a price."""
        if cents is not False:
            tariff(self, 380 if cents is None else cents)


class LeisureFactory(ActivityFactory):
    """A leisure centre, debited on the day."""

    kind = Activity.Kind.LEISURE
    name = "ALSH Journée"
    billing = Billing.DEFERRED
    unit, units = "journée", "journées"
    arrival, departure = time(9), time(17, 30)


def tariff(activity: Activity, cents: int, **fields) -> Tariff:
    """A price of an activity, from the summer of 2026 on."""
    return Tariff.objects.create(activity=activity, cents=cents, **{"valid_from": date(2026, 7, 1)} | fields)


def session(activity: Activity, day: date = TUESDAY, **fields) -> Session:
    """A day of an activity, booked and cancelled until the midnight that begins it."""
    limits = {"bookable_until": instant(day), "cancellable_until": instant(day)}
    times = {"arrival": activity.arrival, "departure": activity.departure}
    return Session.objects.create(activity=activity, date=day, **limits | times | fields)


def sessions(activity: Activity, *days: date, **fields) -> list[Session]:
    """Several days of an activity."""
    return [session(activity, day, **fields) for day in days]


def child(
    family: Family, first_name: str = "Louane", birth_date: date = LOUANE[1], last_name: str = "Dupont"
) -> Member:
    """A child of a family."""
    names = {"member__first_name": first_name, "member__last_name": last_name}
    return MembershipFactory(family=family, member__birth_date=birth_date, **names).member


def share(home: "Household", other: "Household") -> None:
    """The first family's children are in the other one too: their parents are separated."""
    for member in home.children:
        MembershipFactory(family=other.family, member=member)
        other.children.append(member)


def quotient(family: Family, value: int, since: date = date(2026, 9, 1)) -> Quotient:
    """The family's quotient familial from a date on."""
    by = family.guardians.get().user
    return Quotient.objects.create(family=family, value=value, effective_from=since, recorded_by=by)


def certify(family: Family, year: int = YEAR) -> Certification:
    """The yearly certification, by the family's guardian."""
    by = family.guardians.first().user
    return Certification.objects.create(family=family, school_year=year, by=by)


@dataclass
class Household:
    """A family with its guardian, its wallet and its children, eldest last as they were named."""

    user: User
    family: Family
    wallet: Wallet | None
    children: list[Member]

    @property
    def child(self) -> Member:
        return self.children[0]

    @property
    def pks(self) -> list[int]:
        return [each.pk for each in self.children]

    @property
    def balance(self) -> int:
        """What the database says the wallet holds, in cents."""
        return Wallet.objects.values_list("account__balance__cents", flat=True).get(pk=self.wallet.pk)


def household(cents: int = 10_000, *children: tuple[str, date], commune=None, certified=True, **fields) -> Household:
    """A family that may book: one child (Louane) unless others are named; ``cents`` None: no wallet yet."""
    user = UserFactory(**fields)
    family = family_with(user, name=user.last_name, commune=commune)
    if certified:
        certify(family)
    wallet = None if cents is None else wallet_with(cents, family)
    return Household(user, family, wallet, [child(family, *each) for each in children or (LOUANE,)])


def choose(home: Household, activity: Activity, *days: date, members=None, replace=False, given_up=None):
    """Click days in the calendar, for all the family's children unless named, and put them into the cart.

    The box of a day that the family booked for all of them gives it up; with ``given_up`` the days are asked for whatever is booked.
    """
    pks = home.pks if members is None else [each.pk for each in members]
    if given_up is None:
        given_up = [day for day in days if _booked(home, activity, day) >= set(pks)]
        days = [day for day in days if day not in given_up]
    activity = Activity.objects.with_schools().get(pk=activity.pk)
    return choose_days(user=home.user, activity=activity, members=pks, days=days, given_up=given_up, replace=replace)


def _booked(home: Household, activity: Activity, day: date) -> set[int]:
    rows = Booking.objects.active().filter(family=home.family, session__activity=activity, session__date=day)
    return set(rows.values_list("member", flat=True))


def basket(home: Household, billing: str = Billing.PREPAID):
    """The cart as the page reads it."""
    return read_basket(Cart.objects.get(family=home.family, billing=billing))


def key_for(home: Household, billing: str = Billing.PREPAID) -> str:
    """The key that the page of the cart carries."""
    return make_key(home.user.owner, f"confirm:{billing}", basket(home, billing).purpose)


def confirm(home: Household, billing: str = Billing.PREPAID, key: str | None = None) -> Order:
    """Confirm the cart as its page would."""
    answer = confirm_cart(user=home.user, billing=billing, key=key or key_for(home, billing))
    return Order.objects.get(pk=answer["order"])


def book(home: Household, *days: Session, members=None) -> list[Booking]:
    """Book days of one activity for the family's children."""
    activity = days[0].activity
    choose(home, activity, *(day.date for day in days), members=members)
    return list(confirm(home, activity.billing).bookings.all())


def cancel(home: Household, booking: Booking, key: str | None = None) -> Order:
    """Click the red cross of a booking and confirm."""
    key = key or make_key(home.user.owner, f"cancel:{booking.pk}")
    return Order.objects.get(pk=cancel_booking(user=home.user, booking=booking, key=key)["order"])
