"""Two people at one place: the first transaction is held open, the rival waits, the list is served in order, once."""

import pytest
from django.db import transaction

from common.writing.once import make_key
from reservations.actions import cancel_booking, confirm_cart
from reservations.actions.waiting import OfferOver, accept_offer, tend_day, tend_lists
from reservations.models import Booking, CartLine, Session, WaitlistEntry
from tests.concurrency import own_pid, someone_else
from tests.factories.reservations import LOUANE, TUESDAY, cancel, choose, household, key_for
from tests.factories.waiting import full_day, leave_key, queue_up, standing

pytestmark = pytest.mark.django_db(transaction=True)


def red_cross(home):
    return {
        "user": home.user,
        "booking": home.booking,
        "key": make_key(home.user.owner, f"cancel:{home.booking.pk}"),
    }


def wants(it):
    """A family with the day in its cart since it was free, and what confirming takes."""
    home = household(10_000, LOUANE)
    choose(home, it.activity, TUESDAY)
    CartLine.objects.filter(cart__family=home.family).update(act="book")
    return home, {"user": home.user, "billing": "prepaid", "key": key_for(home)}


def test_who_books_while_a_place_comes_free_waits_behind_the_list():
    it, [home] = full_day()
    entry = queue_up(it)
    late, checkout = wants(it)
    with transaction.atomic():
        cancel_booking.__wrapped__(**red_cross(home))
        rival = someone_else(confirm_cart, **checkout)
        assert rival.wait_until_blocked() == [own_pid()]
    rival.result()
    assert Booking.objects.active().get(session=it).family == entry.family
    assert (late.family.waitlist_entries.get().status, standing(it)) == ("waiting", (1, 0, 1))


def test_a_place_given_only_after_the_commit_would_be_taken_by_who_comes_in_between(monkeypatch):
    """The control: freed in one transaction and served in the next, and the queue not asked."""
    monkeypatch.setattr("reservations.actions.cancelling.promote", lambda sessions, own: own)
    monkeypatch.setattr("reservations.actions.checkout.promote", lambda sessions, own, also: own)
    it, [home] = full_day()
    entry = queue_up(it)
    late, checkout = wants(it)
    Session.objects.filter(pk=it.pk).update(waiting=0)  # as a checkout that does not ask the queue sees the day
    with transaction.atomic():
        cancel_booking.__wrapped__(**red_cross(home))
        rival = someone_else(confirm_cart, **checkout | {"key": key_for(late)})
        rival.wait_until_blocked()
    rival.result()
    Session.objects.filter(pk=it.pk).update(waiting=1)
    assert Booking.objects.active().get(session=it).family == late.family
    assert WaitlistEntry.objects.get(pk=entry.pk).status == "waiting"


def test_an_offer_confirmed_at_its_last_instant_is_not_ended_by_the_clock(time_machine):
    it, [home] = full_day(offer_only_days=30)
    entry = queue_up(it)
    cancel(home, home.booking)
    offered = WaitlistEntry.objects.get(pk=entry.pk)
    key = leave_key(entry, "accept")
    with transaction.atomic():
        accept_offer.__wrapped__(user=entry.home.user, entry=offered, key=key)
        time_machine.move_to(offered.offered_until, tick=False)
        rival = someone_else(tend_lists)
        assert rival.wait_until_blocked() == [own_pid()]
    assert rival.result() == {"offers": 0, "lists": 0, "days": 1}
    assert (WaitlistEntry.objects.get().status, standing(it)) == ("served", (1, 0, 0))


def test_an_offer_that_the_clock_ends_is_not_confirmed_any_more(time_machine):
    it, [home] = full_day(offer_only_days=30)
    entry, second = queue_up(it), queue_up(it)
    cancel(home, home.booking)
    offered = WaitlistEntry.objects.get(pk=entry.pk)
    time_machine.move_to(offered.offered_until, tick=False)
    with transaction.atomic():
        tend_day.__wrapped__(it.pk)
        rival = someone_else(accept_offer, user=entry.home.user, entry=offered, key=leave_key(entry, "accept"))
        assert rival.wait_until_blocked() == [own_pid()]
    with pytest.raises(OfferOver):
        rival.result()
    assert WaitlistEntry.objects.get(status="offered").pk == second.pk


def test_two_clocks_end_an_offer_once(time_machine):
    it, [home] = full_day(offer_only_days=30)
    entry, second = queue_up(it), queue_up(it)
    cancel(home, home.booking)
    time_machine.move_to(WaitlistEntry.objects.get(pk=entry.pk).offered_until, tick=False)
    with transaction.atomic():
        tend_day.__wrapped__(it.pk)
        rival = someone_else(tend_lists)
        assert rival.wait_until_blocked() == [own_pid()]
    assert rival.result()["offers"] == 0
    assert WaitlistEntry.objects.get(status="offered").pk == second.pk
