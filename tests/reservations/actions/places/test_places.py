"""The places of an activity, and the opening of its next school year."""

from datetime import date

import pytest
from django.db import transaction

from common.values.calendars import CalendarUnknown
from reservations.actions import confirm_cart
from reservations.actions.checkout import CartChanged
from reservations.actions.days.sessions import NothingToRepeat, TooManyBooked, open_year, refresh_sessions, set_capacity
from reservations.models import Activity, CartLine, OpeningRule
from tests.concurrency import own_pid, someone_else
from tests.factories.accounts import AgentFactory, CommuneFactory, ManagerFactory
from tests.factories.reservations import (
    FRIDAY,
    LOUANE,
    THEO,
    THURSDAY,
    TUESDAY,
    ActivityFactory,
    book,
    choose,
    household,
    instant,
    key_for,
    session,
    sessions,
)
from tests.factories.services import ServiceFactory

pytestmark = pytest.mark.django_db
YEAR = {"first": date(2026, 9, 1), "last": date(2027, 8, 31)}


@pytest.fixture
def agent():
    return ManagerFactory()


def make_activity(**fields):
    return ActivityFactory(service=ServiceFactory(access="open"), **fields)


def counters(activity) -> list:
    return list(activity.sessions.order_by("date").values_list("capacity", "booked"))


def test_a_capacity_counts_what_is_booked_on_the_days_to_come(agent):
    activity = make_activity()
    days = sessions(activity, TUESDAY, THURSDAY)
    session(activity, date(2026, 10, 1))
    book(household(10_000, LOUANE, THEO), days[0])
    assert set_capacity(agent=agent, activity=activity, capacity=3) == 2
    assert counters(activity) == [(None, 0), (3, 2), (3, 0)]
    assert Activity.objects.get().capacity == 3


def test_a_capacity_may_be_exactly_what_is_booked(agent):
    activity = make_activity()
    book(household(), session(activity))
    set_capacity(agent=agent, activity=activity, capacity=1)
    assert counters(activity) == [(1, 1)]


def test_without_limit_the_counters_are_zero_again(agent):
    activity = make_activity(capacity=5)
    book(household(), session(activity, capacity=5))
    set_capacity(agent=agent, activity=activity, capacity=None)
    assert counters(activity) == [(None, 0)]


def test_a_capacity_below_what_is_booked_names_the_days_and_changes_nothing(agent):
    activity = make_activity(capacity=5)
    days = sessions(activity, TUESDAY, THURSDAY, FRIDAY, capacity=5)
    book(household(10_000, LOUANE, THEO), *days[:2])
    with pytest.raises(TooManyBooked) as refusal:
        set_capacity(agent=agent, activity=activity, capacity=1)
    assert refusal.value.sentences == [
        "Impossible de passer à 1 place par jour : davantage sont déjà réservées ou retenues "
        "le mardi 10 novembre (2), jeudi 12 novembre (2)."
    ]
    assert counters(activity) == [(5, 2), (5, 2), (5, 0)]
    assert Activity.objects.get().capacity == 5


def test_a_place_held_counts_too(agent, planted_differences):
    activity = make_activity(capacity=5)
    session(activity, capacity=5, held=2)
    choose(household(10_000, LOUANE, THEO), activity, TUESDAY)
    CartLine.objects.update(held=True)
    with pytest.raises(TooManyBooked):
        set_capacity(agent=agent, activity=activity, capacity=1)


def test_many_days_are_not_all_named(agent):
    activity = make_activity()
    days = sessions(activity, *(date(2026, 11, day) for day in (9, 10, 12, 13, 16, 17, 19, 20)))
    book(household(), *days)
    with pytest.raises(TooManyBooked, match=r"mardi 17 novembre \(1\), 2 autres jours\.$"):
        set_capacity(agent=agent, activity=activity, capacity=0)


def test_an_agent_of_another_commune_changes_no_capacity():
    activity = make_activity(capacity=5)
    with pytest.raises(Activity.DoesNotExist):
        set_capacity(agent=AgentFactory(communes=[CommuneFactory()]), activity=activity, capacity=1)


@pytest.mark.django_db(transaction=True)
def test_a_booking_in_the_making_is_counted_once_it_is_made(agent):
    activity = make_activity()
    session(activity)
    home = household()
    choose(home, activity, TUESDAY)
    key = key_for(home)
    with transaction.atomic():
        book_now = confirm_cart.__wrapped__
        book_now(user=home.user, billing="prepaid", key=key)
        rival = someone_else(set_capacity, agent=agent, activity=activity, capacity=1)
        assert rival.wait_until_blocked() == [own_pid()]
    rival.result()
    assert counters(activity) == [(1, 1)]


@pytest.mark.django_db(transaction=True)
def test_without_waiting_first_the_booking_would_not_be_counted(agent):
    """The control: counted before the lock, the booking in the making is missed."""
    activity = make_activity()
    session(activity)
    home = household()
    choose(home, activity, TUESDAY)
    key = key_for(home)
    with transaction.atomic():
        confirm_cart.__wrapped__(user=home.user, billing="prepaid", key=key)
        assert someone_else(_count_bookings, activity).result() == 0


def _count_bookings(activity):
    return activity.sessions.filter(bookings__status="booked").count()


@pytest.mark.django_db(transaction=True)
def test_a_parent_who_waited_for_the_new_capacity_finds_the_day_full(agent):
    activity = make_activity()
    session(activity)
    home = household()
    choose(home, activity, TUESDAY)
    key = key_for(home)
    with transaction.atomic():
        set_capacity(agent=agent, activity=activity, capacity=0)
        rival = someone_else(confirm_cart, user=home.user, billing="prepaid", key=key)
        assert rival.wait_until_blocked() == [own_pid()]
    with pytest.raises(CartChanged):
        rival.result()
    assert counters(activity) == [(0, 0)]


# The next school year


def opened(**fields):
    activity = make_activity(booking_closes_at=instant(date(2027, 8, 31), "08:00"))
    OpeningRule.objects.create(activity=activity, weekdays=[0, 1, 3, 4], period="term", **YEAR | fields)
    refresh_sessions(activity)
    return activity


def spans(activity) -> list:
    return list(activity.opening_rules.order_by("first").values_list("first", "last", "weekdays", "period"))


def test_the_next_year_repeats_the_rules_and_makes_the_days(agent):
    activity = opened()
    done = open_year(agent=agent, activity=activity, year=2027)
    assert spans(activity)[1] == (date(2027, 9, 1), date(2028, 8, 31), [0, 1, 3, 4], "term")
    assert done["made"] == activity.sessions.filter(date__gte=date(2027, 9, 1)).count() > 100
    assert (done["dropped"], done["kept"]) == (0, 0)
    assert not activity.sessions.filter(date=date(2027, 12, 25)).exists()
    activity.refresh_from_db()
    assert activity.booking_closes_at == instant(date(2028, 9, 1))


def test_opening_a_year_twice_changes_nothing(agent):
    activity = opened()
    open_year(agent=agent, activity=activity, year=2027)
    before = spans(activity), activity.sessions.count()
    assert open_year(agent=agent, activity=activity, year=2027) is None
    assert (spans(activity), activity.sessions.count()) == before


def test_only_the_latest_year_is_repeated_and_cut_to_its_bounds(agent):
    activity = opened(first=date(2026, 3, 2), last=date(2027, 7, 2))
    OpeningRule.objects.create(
        activity=activity, weekdays=[2], period="term", first=date(2025, 9, 1), last=date(2026, 7, 3)
    )
    open_year(agent=agent, activity=activity, year=2027)
    assert spans(activity)[2:] == [(date(2027, 9, 1), date(2028, 7, 2), [0, 1, 3, 4], "term")]


def test_a_window_without_end_stays_without_end(agent):
    activity = opened()
    Activity.objects.update(booking_closes_at=None)
    open_year(agent=agent, activity=activity, year=2027)
    activity.refresh_from_db()
    assert activity.booking_closes_at is None


def test_a_year_whose_holidays_are_not_published_is_refused(agent):
    activity = opened()
    with pytest.raises(CalendarUnknown, match="Les vacances scolaires 2028-2029 ne sont pas encore publiées"):
        open_year(agent=agent, activity=activity, year=2028)
    assert len(spans(activity)) == 1


def test_an_activity_that_never_opened_has_nothing_to_repeat(agent):
    with pytest.raises(NothingToRepeat):
        open_year(agent=agent, activity=make_activity(), year=2027)


def test_an_agent_of_another_commune_opens_no_year():
    with pytest.raises(Activity.DoesNotExist):
        open_year(agent=AgentFactory(communes=[CommuneFactory()]), activity=opened(), year=2027)
