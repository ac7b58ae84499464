"""A place that is offered: confirmed in time, refused, or lapsed and offered to the next; lists end (S4-100…S4-103)."""

from datetime import date, timedelta

import pytest
from django.utils import timezone

from common.models import OutgoingEmail
from common.refusals import StalePage
from common.writing.once import make_key
from families.models import Certification
from reservations.actions.checkout import DaysRefused, NotCertified
from reservations.actions.waiting import LeftAlready, OfferOver, accept_offer, leave_list, tend_lists
from reservations.models import Activity, Billing, Booking, Order, Session, WaitlistEntry
from tests.factories.reservations import LOUANE, THEO, cancel, choose, confirm, household, instant, share
from tests.factories.waiting import full_day, leave_key, queue_up, standing
from tests.factories.wallet import spend
from wallet.actions import NotEnough

pytestmark = pytest.mark.django_db


def offered(billing=Billing.PREPAID, cents: int = 10_000, **fields):
    """A day whose only place is offered to the first of two who wait: (day, first, second)."""
    it, [home] = full_day(billing=billing, offer_only_days=30, **fields)
    first, second = queue_up(it, cents=cents), queue_up(it)
    cancel(home, home.booking)
    first = refreshed(first)
    assert (first.status, standing(it)) == ("offered", (0, 1, 1))
    return it, first, second


def refreshed(entry):
    home = entry.home
    entry = WaitlistEntry.objects.get(pk=entry.pk)
    entry.home = home
    return entry


def accept(entry, key=None):
    return accept_offer(user=entry.home.user, entry=entry, key=key or leave_key(entry, "accept"))


def leave(entry, key=None):
    return leave_list(user=entry.home.user, entry=entry, key=key or leave_key(entry))


def status(entry):
    return WaitlistEntry.objects.values_list("status", flat=True).get(pk=entry.pk)


@pytest.mark.parametrize("billing", Billing.values)
def test_a_place_confirmed_in_time_is_booked_and_paid(billing):
    it, first, second = offered(billing)
    order = accept(first)["order"]
    booking = Booking.objects.get(order=order)
    assert (booking.session, booking.member, booking.origin, booking.cents) == (it, first.member, "waitlist", 380)
    assert (status(first), status(second), standing(it)) == ("served", "waiting", (1, 0, 1))
    assert first.home.balance == (9620 if billing == Billing.PREPAID else 10_000)


def test_confirming_twice_books_and_pays_once():
    it, first, _ = offered()
    key = leave_key(first, "accept")
    assert accept(first, key) == accept(first, key)
    assert (first.home.balance, standing(it)) == (9620, (1, 0, 1))
    with pytest.raises(OfferOver):
        accept(first)


@pytest.mark.parametrize("billing", Billing.values)
def test_a_wallet_that_cannot_pay_keeps_the_offer_until_its_time(billing):
    it, first, _ = offered(billing, cents=0)
    with pytest.raises(NotEnough, match="Il manque 3,80\xa0€"):
        accept(first)
    assert (status(first), standing(it), Booking.objects.filter(family=first.family).count()) == (
        "offered",
        (0, 1, 1),
        0,
    )


def test_an_offer_is_over_at_its_very_instant(time_machine):
    it, first, _ = offered()
    time_machine.move_to(first.offered_until, tick=False)
    with pytest.raises(OfferOver):
        accept(first)
    assert (standing(it), first.home.balance) == ((0, 1, 1), 10_000)


def test_only_the_family_itself_confirms_or_leaves():
    _, first, second = offered()
    with pytest.raises(WaitlistEntry.DoesNotExist):
        accept_offer(user=second.home.user, entry=first, key=make_key(second.home.user.owner, f"accept:{first.pk}"))
    with pytest.raises(StalePage):
        accept_offer(user=second.home.user, entry=first, key=leave_key(first, "accept"))
    assert status(first) == "offered"


def test_who_is_not_certified_this_year_certifies_first():
    _, first, _ = offered()
    Certification.objects.filter(family=first.family).delete()
    with pytest.raises(NotCertified):
        accept(first)


def test_a_family_that_owes_too_much_pays_first():
    it, first, _ = offered()
    purse = it.activity.purse
    purse.blocked_above = 1
    purse.save()
    spend(first.home.wallet, 12_000, kind="deferred_debit")
    with pytest.raises(DaysRefused, match="suspendu"):
        accept(first)


def test_a_child_that_the_other_parent_booked_meanwhile_is_not_booked_twice():
    it, first, _ = offered()
    Session.objects.filter(pk=it.pk).update(capacity=2)
    other = household(10_000, THEO)
    share(first.home, other)
    Booking.objects.create(
        session=it,
        member=first.member,
        family=other.family,
        order=Order.objects.create(family=other.family, by=other.user, billing="deferred", booked_cents=380),
        billing="deferred",
        cents=380,
    )
    Session.objects.filter(pk=it.pk).update(booked=1)
    with pytest.raises(DaysRefused, match="déjà réservé par l’autre parent"):
        accept(first)


@pytest.mark.seed("S4-103")
def test_leaving_the_list_lets_the_next_advance():
    it, _ = full_day()
    first, second = queue_up(it), queue_up(it)
    assert leave(first) == {"left": first.pk}
    assert (status(first), standing(it)) == ("left", (1, 0, 1))
    assert WaitlistEntry.objects.live().with_rank().get(pk=second.pk).rank == 1
    with pytest.raises(LeftAlready):
        leave(first)


def test_leaving_twice_with_one_page_is_leaving_once():
    it, _ = full_day()
    entry = queue_up(it)
    key = leave_key(entry)
    assert leave(entry, key) == leave(entry, key)
    assert standing(it) == (1, 0, 0)


def test_a_place_refused_is_offered_to_the_next_at_once():
    it, first, second = offered()
    leave(first)
    assert (status(first), status(second), standing(it)) == ("declined", "offered", (0, 1, 0))


def test_an_offer_not_confirmed_in_time_goes_to_the_next_and_the_family_is_told(time_machine):
    it, first, second = offered()
    time_machine.move_to(first.offered_until - timedelta(seconds=1), tick=False)
    assert tend_lists() == {"offers": 0, "lists": 0, "days": 0}
    time_machine.move_to(first.offered_until, tick=False)
    assert tend_lists() == {"offers": 1, "lists": 0, "days": 1}
    assert (status(first), status(second), standing(it)) == ("declined", "offered", (0, 1, 0))
    assert OutgoingEmail.objects.get(template="reservations/offer_lapsed").owner == first.home.user.owner
    assert refreshed(second).offered_until == timezone.now() + timedelta(hours=24)
    assert tend_lists() == {"offers": 0, "lists": 0, "days": 0}


def test_the_list_ends_with_the_booking_deadline_and_every_family_is_told_once(time_machine):
    it, first, second = offered(offer_hours=500)
    assert first.offered_until == it.bookable_until
    time_machine.move_to(it.bookable_until)
    assert tend_lists() == {"offers": 1, "lists": 1, "days": 1}
    assert (status(first), status(second), standing(it)) == ("declined", "lapsed", (0, 0, 0))
    told = OutgoingEmail.objects.filter(template__in=["reservations/offer_lapsed", "reservations/list_lapsed"])
    assert sorted(told.values_list("owner", "template")) == sorted(
        [
            (first.home.user.owner, "reservations/offer_lapsed"),
            (second.home.user.owner, "reservations/list_lapsed"),
        ]
    )


def test_the_list_ends_with_the_period_too(time_machine):
    it, _ = full_day(booking_closes_at=instant(date(2026, 11, 5)))
    entry = queue_up(it)
    time_machine.move_to(instant(date(2026, 11, 5)))
    assert tend_lists() == {"offers": 0, "lists": 1, "days": 1}
    assert (status(entry), standing(it)) == ("lapsed", (1, 0, 0))


def test_a_free_place_that_nobody_was_given_is_found_by_the_clock():
    """As when the activity was not proposed any more while a place came free, and is proposed again."""
    it, [home] = full_day()
    entry = queue_up(it)
    Activity.objects.update(is_open=False)
    cancel(home, home.booking)
    assert (status(entry), standing(it)) == ("waiting", (0, 0, 1))
    Activity.objects.update(is_open=True)
    assert tend_lists()["days"] == 1
    assert (status(entry), standing(it)) == ("served", (1, 0, 0))


def test_a_place_that_is_offered_is_not_booked_by_others():
    it, _, _ = offered()
    late = household(10_000, LOUANE)
    choose(late, it.activity, it.date)
    order = confirm(late)
    assert (order.bookings.count(), order.waitlist_entries.count(), standing(it)) == (0, 1, (0, 1, 2))
