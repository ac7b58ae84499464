"""A place that comes free goes to the first who waits, in the transaction that frees it, however it is freed (S4-104)."""

from datetime import date

import pytest
from django.db.models import F

from common.models import OutgoingEmail
from common.writing.once import make_key
from families.models import Certification
from reservations.actions import confirm_cart, pay_by_card
from reservations.actions.days.closing import Closing, close_days
from reservations.actions.days.sessions import set_capacity
from reservations.actions.desk import cancel_for_family
from reservations.models import Activity, Billing, Booking, Order, Session, WaitlistEntry
from tests.factories.accounts import AgentFactory
from tests.factories.families import SchoolingFactory
from tests.factories.reservations import (
    LOUANE,
    THEO,
    TUESDAY,
    cancel,
    child,
    choose,
    household,
    instant,
    key_for,
    session,
)
from tests.factories.waiting import full_day, queue_up, standing, taken
from tests.factories.wallet import spend
from wallet.actions.cards import abandon, start
from wallet.models import CardPayment

pytestmark = pytest.mark.django_db


def states(*entries):
    return [WaitlistEntry.objects.values_list("status", flat=True).get(pk=entry.pk) for entry in entries]


def red_cross(home, it):
    cancel(home, home.booking)


def cart(home, it):
    choose(home, it.activity, it.date)
    confirm_cart(user=home.user, billing=it.activity.billing, key=key_for(home, it.activity.billing))


def by_an_agent(home, it):
    agent = AgentFactory(communes=[it.activity.service.commune])
    agent.communes.add(home.family.commune)
    cancel_for_family(
        agent=agent,
        booking=home.booking,
        consent="Mme Dupont au téléphone",
        reason="Maladie",
        recredit=True,
        key=make_key(agent.owner, f"desk-cancel:{home.booking.pk}"),
    )


def a_class_away(home, it):
    agent = AgentFactory(communes=[it.activity.service.commune])
    schooling = SchoolingFactory(member=home.child)
    closing = Closing(it.activity, it.date, it.date, "Sortie", schooling.school_class)
    close_days(agent=agent, closing=closing, key=make_key(agent.owner, closing.purpose))


@pytest.mark.seed("S4-100", "S4-104")
@pytest.mark.parametrize("billing", Billing.values)
@pytest.mark.parametrize("free", [red_cross, cart, by_an_agent, a_class_away])
def test_a_place_given_back_is_booked_and_paid_for_the_first_who_waits(free, billing):
    it, [home] = full_day(billing=billing)
    first, second = queue_up(it), queue_up(it)
    free(home, it)
    booking = Booking.objects.active().get(session=it)
    assert (booking.family, booking.origin, booking.cents) == (first.family, "waitlist", 380)
    assert (states(first, second), standing(it)) == (["served", "waiting"], (1, 0, 1))
    assert (home.balance, second.home.balance) == (10_000, 10_000)
    assert first.home.balance == (9620 if billing == Billing.PREPAID else 10_000)
    email = OutgoingEmail.objects.get(owner=first.home.user.owner, template="reservations/place_served")
    assert (email.to, email.context["day"], email.context["member"]) == (
        first.home.user.email,
        "mardi 10 novembre",
        "Louane",
    )
    assert not OutgoingEmail.objects.filter(template="reservations/place_offered").exists()


@pytest.mark.seed("S4-101")
def test_who_has_no_address_reads_it_in_the_portal():
    it, [home] = full_day()
    entry = queue_up(it, home=household(10_000, LOUANE, email=None, identifier="F0000001"))
    cancel(home, home.booking)
    told = OutgoingEmail.objects.get(owner=entry.home.user.owner, template="reservations/place_served")
    assert told.to == ""


def test_a_place_held_for_a_card_that_is_not_paid_goes_to_who_waits(stripe_double):
    it = session(full_day()[0].activity, date(2026, 11, 12), capacity=1, waiting_capacity=5)
    home = household(0)
    choose(home, it.activity, it.date)
    answer = pay_by_card(user=home.user, use_wallet=False, key=key_for(home))
    payment = start(CardPayment.objects.get(pk=answer["payment"]))
    entry = queue_up(it)
    assert standing(it) == (0, 1, 1)
    abandon(payment)
    assert (states(entry), standing(it)) == (["served"], (1, 0, 0))


@pytest.mark.parametrize("capacity", [3, None])
def test_more_places_serve_those_who_wait_in_order(capacity):
    it, _ = full_day()
    entries = [queue_up(it) for _ in range(3)]
    agent = AgentFactory(communes=[it.activity.service.commune])
    set_capacity(agent=agent, activity=it.activity, capacity=capacity)
    served = 2 if capacity else 3
    assert states(*entries) == ["served"] * served + ["waiting"] * (3 - served)
    assert standing(it) == ((3, 0, 1) if capacity else (0, 0, 0))


def test_who_has_a_higher_priority_is_served_before_who_came_first():
    it, [home] = full_day()
    first, second = queue_up(it), queue_up(it)
    WaitlistEntry.objects.filter(pk=second.pk).update(priority=10)
    cancel(home, home.booking)
    assert states(first, second) == ["waiting", "served"]


def test_both_children_of_a_family_are_served_from_one_wallet_only_as_far_as_it_goes():
    it, _ = full_day(capacity=2)
    both = household(500, LOUANE, THEO)
    choose(both, it.activity, it.date)
    confirm_cart(user=both.user, billing="prepaid", key=key_for(both))
    agent = AgentFactory(communes=[it.activity.service.commune])
    set_capacity(agent=agent, activity=it.activity, capacity=4)
    assert sorted(both.family.waitlist_entries.values_list("status", flat=True)) == ["offered", "served"]
    assert (both.balance, standing(it)) == (120, (3, 1, 0))


def test_the_family_that_gives_a_place_back_may_pay_another_with_what_it_gets():
    """Its wallet is empty but for what comes back in this very transaction."""
    it, [home] = full_day()
    home.children.append(child(home.family, *THEO))
    queue_up(it, home=home, members=home.children[1:])
    spend(home.wallet, home.balance)
    cancel(home, home.booking)
    assert Booking.objects.active().get(session=it).member == home.children[1]
    assert home.balance == 0


@pytest.mark.parametrize("billing", Billing.values)
def test_who_cannot_pay_is_offered_the_place_which_is_held(billing, time_machine):
    time_machine.move_to(instant(date(2026, 11, 2), "09:00"), tick=False)
    it, [home] = full_day(billing=billing)
    poor, next_one = queue_up(it, cents=0), queue_up(it)
    cancel(home, home.booking)
    assert (states(poor, next_one), standing(it)) == (["offered", "waiting"], (0, 1, 1))
    poor.refresh_from_db()
    assert poor.offered_until == instant(date(2026, 11, 3), "09:00")
    email = OutgoingEmail.objects.get(owner=poor.home.user.owner, template="reservations/place_offered")
    assert (email.context["until"], email.context["price"]) == ("mardi 3 novembre à 9\xa0h", "3,80\xa0€")
    assert email.context["path"] == f"/reservations/liste-d-attente/{poor.pk}/"


def late(it):
    """The cancelling deadline has passed, the booking one has not."""
    Session.objects.filter(pk=it.pk).update(cancellable_until=instant(date(2026, 11, 2), "09:00"))


def near(it):
    Activity.objects.filter(pk=it.activity_id).update(offer_only_days=8)


def uncertified(it):
    Certification.objects.filter(family=WaitlistEntry.objects.first().family).delete()


@pytest.mark.parametrize("why", [late, near, uncertified])
def test_nobody_is_debited_unasked_once_it_cannot_be_undone(why):
    it, _ = full_day()
    entry = queue_up(it)
    why(it)
    set_capacity(agent=AgentFactory(communes=[it.activity.service.commune]), activity=it.activity, capacity=2)
    assert (states(entry), entry.home.balance, standing(it)) == (["offered"], 10_000, (1, 1, 0))


def test_a_day_that_is_no_longer_bookable_is_given_to_nobody():
    it, _ = full_day()
    entry = queue_up(it)
    Session.objects.filter(pk=it.pk).update(bookable_until=instant(date(2026, 11, 1)))
    set_capacity(agent=AgentFactory(communes=[it.activity.service.commune]), activity=it.activity, capacity=2)
    assert (states(entry), standing(it)) == (["waiting"], (1, 0, 1))


def test_whom_an_agent_booked_meanwhile_waits_no_more():
    it, [home] = full_day()
    entry, other = queue_up(it), queue_up(it)
    Session.objects.filter(pk=it.pk).update(capacity=2, booked=2)
    Booking.objects.create(
        session=it,
        member=entry.member,
        family=entry.family,
        order=Order.objects.create(family=entry.family, by=entry.by, billing="deferred", booked_cents=0),
        billing="deferred",
        cents=0,
    )
    cancel(home, home.booking)
    assert (states(entry, other), standing(it)) == (["left", "served"], (2, 0, 0))


def test_a_day_that_is_closed_ends_its_list_and_its_offers_and_tells_why():
    it, [home] = full_day()
    offered, waiting = queue_up(it, cents=0), queue_up(it)
    cancel(home, home.booking)
    agent = AgentFactory(communes=[it.activity.service.commune])
    closing = Closing(it.activity, TUESDAY, TUESDAY, "Neige")
    close_days(agent=agent, closing=closing, key=make_key(agent.owner, closing.purpose))
    assert (states(offered, waiting), standing(it)) == (["lapsed", "lapsed"], (0, 0, 0))
    emails = OutgoingEmail.objects.filter(template="reservations/list_lapsed")
    assert {email.owner for email in emails} == {offered.home.user.owner, waiting.home.user.owner}
    assert {email.context["reason"] for email in emails} == {"Neige"}


def test_a_place_served_is_taken_by_nobody_else_and_a_free_one_that_nobody_wants_stays_free():
    it, [home] = full_day()
    cancel(home, home.booking)
    assert standing(it) == (0, 0, 0)
    taken(it)
    assert (standing(it), Session.objects.filter(booked__gt=F("capacity")).count()) == ((1, 0, 0), 0)
