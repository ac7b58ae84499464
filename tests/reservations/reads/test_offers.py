"""Whom a day is offered to, at which price, and when: read for a family at an instant."""

from datetime import date

import pytest
from django.utils import timezone

from reservations.models import Activity
from reservations.reads.family import family_facts, members_with_schooling
from reservations.reads.offers import Offer, read_bookings
from reservations.reads.prices import PriceBook
from tests.factories.accounts import CommuneFactory
from tests.factories.families import SchoolClassFactory, SchoolFactory, SchoolingFactory
from tests.factories.reservations import (
    LOUANE,
    THEO,
    TUESDAY,
    ActivityFactory,
    book,
    household,
    instant,
    quotient,
    session,
    share,
    tariff,
)
from tests.factories.services import AudienceFactory

pytestmark = pytest.mark.django_db
NBSP = "\u00a0"


def offer_of(home, *days):
    """What these sessions are for the family, all with their activity as pages read it."""
    activities = Activity.objects.with_schools().in_bulk({day.activity_id for day in days})
    for day in days:
        day.activity = activities[day.activity_id]
    facts = family_facts(home.family.pk, timezone.localdate())
    members = {member.pk: member for member in members_with_schooling(home.family.pk)}
    offer = Offer(facts, members, PriceBook(activities.values(), facts), timezone.now())
    read_bookings(offer, days)
    return offer


def price(home, activity, day=TUESDAY):
    it = activity.sessions.filter(date=day).first() or session(activity, day)
    return offer_of(home, it).cents(it, home.child)


def reasons(home, it):
    offer = offer_of(home, it)
    return offer.against_booking(it, offer.members[home.child.pk])


def state(home, it):
    offer = offer_of(home, it)
    return offer.state(it, offer.members[home.child.pk])


# --- Prices -----------------------------------------------------------------------------------------------------------
@pytest.mark.seed("S4-118")
@pytest.mark.parametrize(
    ("value", "cents"), [(None, 1485), (0, 475), (400, 475), (401, 665), (900, 665), (901, 1485), (99_999, 1485)]
)
def test_the_quotient_decides_the_bracket_and_an_unknown_one_pays_the_dearest(value, cents):
    home, activity = household(), ActivityFactory(cents=False)
    tariff(activity, 475, quotient_to=400)
    tariff(activity, 665, quotient_from=401, quotient_to=900)
    tariff(activity, 1485, quotient_from=901)
    if value is not None:
        quotient(home.family, value)
    assert price(home, activity) == cents


def test_a_quotient_counts_from_its_date_on_and_never_before():
    home, activity = household(), ActivityFactory(cents=False)
    tariff(activity, 475, quotient_to=400)
    tariff(activity, 1485, quotient_from=401)
    quotient(home.family, 900, since=date(2026, 9, 1))
    quotient(home.family, 300, since=date(2026, 11, 12))
    prices = [price(home, activity, date(2026, 11, day)) for day in (10, 12, 13)]
    assert prices == [1485, 475, 475]


def test_residents_and_others_have_their_own_prices():
    commune = CommuneFactory()
    activity = ActivityFactory(cents=False, service__commune=commune)
    for residence, cents in (("inside", 380), ("outside", 475)):
        tariff(activity, cents, audience=AudienceFactory(service=activity.service, residence=residence))
    assert (price(household(commune=commune), activity), price(household(), activity)) == (380, 475)


def test_a_price_without_condition_counts_where_no_narrower_one_does():
    commune = CommuneFactory()
    activity = ActivityFactory(cents=False, service__commune=commune)
    tariff(activity, 380, audience=AudienceFactory(service=activity.service, residence="inside"))
    tariff(activity, 475, audience=AudienceFactory(service=activity.service, residence="any"))
    assert (price(household(commune=commune), activity), price(household(), activity)) == (380, 475)


def test_a_new_price_counts_from_its_date():
    home, activity = household(), ActivityFactory(cents=False)
    tariff(activity, 380, valid_to=date(2026, 11, 11))
    tariff(activity, 390, valid_from=date(2026, 11, 12))
    assert [price(home, activity, date(2026, 11, day)) for day in (10, 12)] == [380, 390]


def test_a_day_without_a_price_is_not_booked_for_nothing():
    home, activity = household(), ActivityFactory(cents=False)
    it = session(activity)
    assert price(home, activity) is None
    assert reasons(home, it) == [
        "Louane, mardi 10 novembre : Aucun tarif n’est prévu pour cette date. Contactez le service."
    ]


def test_what_the_other_parent_paid_is_never_shown():
    home, other, activity = household(), household(), ActivityFactory(cents=False)
    tariff(activity, 380, quotient_to=400)
    tariff(activity, 1485, quotient_from=401)
    quotient(home.family, 300)
    share(home, other)
    book(home, it := session(activity))
    assert offer_of(home, it).cents(it, home.child) == 380
    assert offer_of(other, it).cents(it, home.child) == 1485


# --- Whom it takes ----------------------------------------------------------------------------------------------------
@pytest.mark.seed("S4-117")
@pytest.mark.parametrize(
    ("birth", "fault"),
    [
        (date(2023, 11, 11), f"2{NBSP}ans"),
        (date(2023, 11, 10), None),
        (date(2019, 11, 11), None),
        (date(2019, 11, 10), f"7{NBSP}ans"),
    ],
)
def test_the_age_is_that_of_the_day_itself(birth, fault):
    home, it = household(0, ("Liou", birth)), session(ActivityFactory(age_min=3, age_max=6))
    expected = f"cette activité est ouverte de 3 à 6{NBSP}ans, son âge sera de {fault} ce jour-là."
    assert reasons(home, it) == ([f"Liou, mardi 10 novembre : {expected}"] if fault else [])
    assert state(home, it) == ("closed" if fault else "open")


def test_adults_of_the_household_eat_too():
    home = household(0, ("Jean", date(1950, 1, 1)), LOUANE)
    it = session(ActivityFactory(age_min=18))
    offer = offer_of(home, it)
    assert [offer.state(it, offer.members[pk]) for pk in home.pks] == ["open", "closed"]


def test_only_the_schools_and_levels_named_are_taken():
    school = SchoolFactory()
    activity = ActivityFactory(levels=["CP", "CE1"])
    activity.schools.add(school)
    it = session(activity)
    cases = [("CP", school, []), ("CM2", school, ["sa classe"]), ("CP", SchoolFactory(), ["son école"])]
    for level, where, faults in cases:
        home = household(0)
        SchoolingFactory(member=home.child, school_class=SchoolClassFactory(school=where, level=level))
        assert reasons(home, it) == [
            f"Louane, mardi 10 novembre : cette activité n’est pas ouverte à {fault}." for fault in faults
        ]


def test_a_child_without_a_class_this_year_is_asked_for_it():
    school = SchoolFactory()
    activity = ActivityFactory()
    activity.schools.add(school)
    home = household(0)
    earlier = SchoolClassFactory(school=school, school_year=2025)
    SchoolingFactory(member=home.child, school_class=earlier)
    assert reasons(home, session(activity)) == [
        "Louane, mardi 10 novembre : indiquez son école pour cette année scolaire."
    ]


def test_the_class_of_the_year_of_the_day_counts():
    school = SchoolFactory()
    activity = ActivityFactory(levels=["CE1"])
    home = household(0)
    for year, level in ((2026, "CP"), (2027, "CE1")):
        school_class = SchoolClassFactory(school=school, school_year=year, level=level)
        SchoolingFactory(member=home.child, school_class=school_class)
    this_year, next_year = session(activity), session(activity, date(2027, 9, 7))
    assert (state(home, this_year), state(home, next_year)) == ("closed", "open")


# --- When -------------------------------------------------------------------------------------------------------------
@pytest.mark.seed("S4-122")
def test_bookings_open_and_close_at_the_instants_of_the_activity(time_machine):
    opens, closes = instant(date(2026, 11, 3), "10:00"), instant(date(2026, 11, 5), "18:00")
    home = household(0)
    it = session(ActivityFactory(booking_opens_at=opens, booking_closes_at=closes))
    assert reasons(home, it) == [
        "Louane, mardi 10 novembre : les réservations ouvrent le mardi 3 novembre à 10\u00a0h."
    ]
    seen = [state(home, it)]
    for moment in (opens, closes.timestamp() - 1, closes):
        time_machine.move_to(moment, tick=False)
        seen.append(state(home, it))
    assert seen == ["closed", "open", "open", "closed"]
    assert reasons(home, it) == ["Louane, mardi 10 novembre : les réservations de cette période sont terminées."]


@pytest.mark.seed("S4-70", "S4-71", "S4-72", "S4-73")
def test_a_day_is_closed_open_booked_or_locked(time_machine):
    home, activity = household(), ActivityFactory()
    it = session(activity, cancellable_until=instant(date(2026, 11, 9)))
    closed = session(activity, date(2026, 11, 12), closed_at=instant(date(2026, 11, 1)), closed_reason="Grève")
    assert (state(home, closed), state(home, it)) == ("closed", "open")
    book(home, it)
    assert state(home, it) == "booked"
    time_machine.move_to(instant(date(2026, 11, 9)))
    assert state(home, it) == "locked"


def test_the_other_parents_booking_is_seen_and_cannot_be_touched():
    home, other, it = household(), household(0, THEO), session(ActivityFactory())
    share(home, other)
    book(home, it)
    offer = offer_of(other, it)
    assert offer.state(it, offer.members[home.child.pk]) == "locked"
    assert offer.against_cancelling(it, offer.members[home.child.pk]) == [
        "Louane, mardi 10 novembre : aucune réservation de votre famille à annuler."
    ]
