"""Joining a waiting list at checkout: no money moves, the rank is kept, nobody overtakes (S4-74…S4-76)."""

from datetime import date

import pytest

from common.models import OutgoingEmail
from reservations.actions import confirm_cart, pay_by_card
from reservations.actions.checkout import CartChanged, DaysRefused
from reservations.models import Billing, Booking, CartLine, Order, Session, WaitlistEntry
from reservations.rules import Terms, is_only_offered, list_ends_at, offered_until, spoken_rank
from tests.factories.reservations import (
    LOUANE,
    THEO,
    THURSDAY,
    TUESDAY,
    basket,
    choose,
    confirm,
    household,
    instant,
    key_for,
    session,
)
from tests.factories.waiting import full_day, queue_up, standing
from wallet.actions.cards import fulfil, start
from wallet.models import CardPayment, Operation

pytestmark = pytest.mark.django_db


@pytest.mark.seed("S4-74", "S4-76", "S4-91")
@pytest.mark.parametrize("billing", Billing.values)
def test_a_full_day_whose_list_is_open_is_waited_for_and_costs_nothing(billing):
    it, _ = full_day(billing=billing)
    home = household()
    choose(home, it.activity, TUESDAY)
    assert (basket(home, billing).due, CartLine.objects.get().act) == (0, "wait")
    order = confirm(home, billing)
    [entry] = order.waitlist_entries.all()
    assert (entry.get_status_display(), entry.cents, entry.billing) == (
        "Mise en liste d’attente",
        380,
        billing,
    )
    assert (order.booked_cents, order.bookings.count(), home.balance) == (0, 0, 10_000)
    assert standing(it) == (1, 0, 1)


@pytest.mark.seed("S4-75")
def test_a_day_whose_list_is_full_too_is_refused():
    it, _ = full_day(waiting_capacity=1)
    queue_up(it)
    late = household()
    answer = choose(late, it.activity, TUESDAY)
    assert answer.reasons == ["Louane, mardi 10 novembre : l’activité et sa liste d’attente sont complètes."]
    assert CartLine.objects.count() == 0


def test_the_last_room_on_the_list_is_taken_between_the_page_and_the_click():
    it, _ = full_day(waiting_capacity=1)
    home = household()
    choose(home, it.activity, TUESDAY)
    key = key_for(home)
    queue_up(it)
    with pytest.raises(DaysRefused, match="sa liste d’attente sont complètes"):
        confirm(home, key=key)
    assert (Order.objects.filter(family=home.family).count(), standing(it)) == (0, (1, 0, 1))


def test_two_siblings_ask_for_the_last_room_on_the_list():
    it, _ = full_day(waiting_capacity=1)
    home = household(10_000, LOUANE, THEO)
    choose(home, it.activity, TUESDAY)
    order = confirm(home)
    assert (order.waitlist_entries.count(), order.refused_days.count(), standing(it)) == (1, 1, (1, 0, 1))


def test_two_siblings_share_the_last_place_and_the_list():
    it = session(full_day()[0].activity, THURSDAY, capacity=1, waiting_capacity=1)
    home = household(10_000, LOUANE, THEO)
    choose(home, it.activity, THURSDAY)
    order = confirm(home)
    assert (order.bookings.count(), order.waitlist_entries.count(), home.balance) == (1, 1, 9620)


@pytest.mark.seed("S4-80", "S4-89", "S4-91")
def test_a_day_that_filled_up_since_is_waited_for_and_the_rest_is_booked():
    it = session(full_day()[0].activity, THURSDAY, capacity=1, waiting_capacity=3)
    other = session(it.activity, date(2026, 11, 13))
    home = household()
    choose(home, it.activity, THURSDAY, other.date)
    key = key_for(home)
    rival = household()
    choose(rival, it.activity, THURSDAY)
    confirm(rival)
    order = confirm(home, key=key)
    assert [entry.session for entry in order.waitlist_entries.all()] == [it]
    assert [booking.session for booking in order.bookings.all()] == [other]
    assert (order.booked_cents, home.balance) == (380, 9620)
    email = OutgoingEmail.objects.get(owner=home.user.owner)
    assert [row["day"] for row in email.context["waiting"]] == ["jeudi 12 novembre"]


def test_while_someone_waits_a_free_place_is_not_for_who_comes_later(monkeypatch):
    """Even a place that nobody gave them yet: as when another process died before it could."""
    it, _ = full_day()
    queue_up(it)
    Session.objects.filter(pk=it.pk).update(capacity=2)
    monkeypatch.setattr("reservations.actions.checkout.promote", lambda sessions, postings, also: postings)
    late = household()
    choose(late, it.activity, TUESDAY)
    order = confirm(late)
    assert (order.bookings.count(), order.waitlist_entries.count(), standing(it)) == (0, 1, (1, 0, 2))


def test_who_asked_to_wait_for_a_day_that_is_free_again_is_served_at_once_in_order():
    it, [first] = full_day()
    home = household()
    choose(home, it.activity, TUESDAY)
    key = key_for(home)
    choose(first, it.activity, TUESDAY)
    confirm(first)
    assert standing(it) == (0, 0, 0)
    order = confirm(home, key=key)
    [entry] = order.waitlist_entries.all()
    assert (entry.status, entry.booking.origin, home.balance, standing(it)) == ("served", "waitlist", 9620, (1, 0, 0))


def test_a_page_that_showed_a_day_as_waited_for_never_pays_it_directly():
    """A day put into the cart while it was free, shown as waiting since, and free again at the click."""
    it = session(full_day()[0].activity, THURSDAY, capacity=1, waiting_capacity=3)
    home, rival = household(), household()
    for each in (home, rival):
        choose(each, it.activity, THURSDAY)
    confirm(rival)
    key = key_for(home)
    choose(rival, it.activity, THURSDAY)
    confirm(rival)
    with pytest.raises(CartChanged):
        confirm(home, key=key)
    assert home.balance == 10_000


def test_a_second_click_joins_once():
    it, _ = full_day()
    home = household()
    choose(home, it.activity, TUESDAY)
    key = key_for(home)
    answers = [confirm_cart(user=home.user, billing="prepaid", key=key) for _ in range(2)]
    assert answers[0] == answers[1]
    assert (WaitlistEntry.objects.count(), standing(it)) == (1, (1, 0, 1))


def test_who_waits_already_does_not_wait_twice():
    it, _ = full_day()
    entry = queue_up(it)
    answer = choose(entry.home, it.activity, TUESDAY)
    assert answer.reasons == ["Louane, mardi 10 novembre : déjà en liste d’attente, 1er sur la liste."]


def test_ranks_follow_priority_then_arrival():
    it, _ = full_day()
    entries = [queue_up(it) for _ in range(3)]
    WaitlistEntry.objects.filter(pk=entries[2].pk).update(priority=5)
    ranks = WaitlistEntry.objects.live().with_rank()
    assert {each.pk: each.rank for each in ranks} == {entries[2].pk: 1, entries[0].pk: 2, entries[1].pk: 3}


def test_a_cart_paid_by_card_joins_the_list_once_it_is_paid(stripe_double):
    it, _ = full_day()
    other = session(it.activity, THURSDAY)
    home = household(0)
    choose(home, it.activity, TUESDAY, THURSDAY)
    answer = pay_by_card(user=home.user, use_wallet=False, key=key_for(home))
    payment = start(CardPayment.objects.get(pk=answer["payment"]))
    assert (payment.cents, standing(it)) == (380, (1, 0, 0))
    stripe_double.pay(payment.session)
    fulfil(payment)
    order = Order.objects.get(card_payment=payment)
    assert ([row.session for row in order.bookings.all()], standing(it)) == ([other], (1, 0, 1))
    assert order.waitlist_entries.get().session == it


def test_who_pays_by_card_first_sees_what_there_is_to_pay_for(stripe_double):
    it = session(full_day()[0].activity, THURSDAY, capacity=1)
    session(it.activity, date(2026, 11, 13))
    home, rival = household(0), household()
    choose(home, it.activity, THURSDAY, date(2026, 11, 13))
    key = key_for(home)
    choose(rival, it.activity, THURSDAY)
    confirm(rival)
    with pytest.raises(DaysRefused, match="il n’y a plus de place"):
        pay_by_card(user=home.user, use_wallet=False, key=key)
    assert CardPayment.objects.count() == 0


def test_only_waiting_moves_no_money_at_all():
    it, _ = full_day()
    before = Operation.objects.count()
    entry = queue_up(it, cents=0)
    assert (Operation.objects.exclude(kind="opening").count(), entry.home.balance) == (before - 1, 0)
    assert Booking.objects.filter(family=entry.family).count() == 0


TERMS = {
    "day": TUESDAY,
    "bookable_until": instant(TUESDAY),
    "cancellable_until": instant(date(2026, 11, 7)),
    "closes_at": None,
    "offer_hours": 24,
    "offer_only_days": None,
}


@pytest.mark.parametrize(
    ("changed", "now", "expected"),
    [
        ({}, instant(date(2026, 11, 6), "23:59"), False),
        ({}, instant(date(2026, 11, 7)), True),
        ({"cancellable_until": None}, instant(date(2026, 11, 2)), True),
        ({"offer_only_days": 5}, instant(date(2026, 11, 4), "23:59"), False),
        ({"offer_only_days": 5}, instant(date(2026, 11, 5)), True),
    ],
)
def test_nobody_is_debited_unasked_once_it_can_no_longer_be_undone(changed, now, expected):
    assert is_only_offered(Terms(**TERMS | changed), now, now.date()) is expected


@pytest.mark.parametrize(
    ("changed", "now", "expected"),
    [
        ({}, instant(date(2026, 11, 5), "10:00"), instant(date(2026, 11, 6), "10:00")),
        ({}, instant(date(2026, 11, 5), "10:00").replace(microsecond=1), instant(date(2026, 11, 6), "10:01")),
        ({}, instant(date(2026, 11, 9), "10:00"), instant(TUESDAY)),
        ({"closes_at": instant(date(2026, 11, 8))}, instant(date(2026, 11, 7), "10:00"), instant(date(2026, 11, 8))),
    ],
)
def test_an_offer_stands_some_hours_and_never_longer_than_the_list(changed, now, expected):
    assert offered_until(Terms(**TERMS | changed), now) == expected


def test_a_day_never_booked_online_has_no_list():
    assert list_ends_at(Terms(**TERMS | {"bookable_until": None})) is None


def test_ranks_as_people_say_them():
    assert [spoken_rank(rank) for rank in (1, 2, 11)] == ["1er sur la liste", "2e sur la liste", "11e sur la liste"]
