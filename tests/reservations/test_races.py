"""Two people at once: the first transaction is held open, the rival waits, nobody is booked or paid twice."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction

from common.refusals import Refusal
from common.writing.once import make_key
from families.actions import remove_member
from families.rules import HasUpcomingBookings
from reservations.actions import cancel_booking, cancel_bookings, confirm_cart, refresh_sessions
from reservations.actions.cancelling import SEVERAL, AlreadyCancelled
from reservations.actions.checkout import CartChanged, DaysRefused
from reservations.models import Booking, Order, Session
from tests.concurrency import own_pid, someone_else
from tests.factories.reservations import (
    FRIDAY,
    LOUANE,
    THEO,
    THURSDAY,
    TUESDAY,
    ActivityFactory,
    LeisureFactory,
    book,
    cancel,
    choose,
    household,
    instant,
    key_for,
    session,
    sessions,
    share,
)
from wallet.actions import NotEnough

pytestmark = pytest.mark.django_db(transaction=True)


def checkout(home, billing="prepaid"):
    """What confirming the family's cart takes, with the key of its page."""
    return {"user": home.user, "billing": billing, "key": key_for(home, billing)}


def wants(activity, *days, home=None):
    """A family with these days in its cart."""
    home = home or household()
    choose(home, activity, *days)
    return home


def test_two_parents_want_the_last_place():
    activity = ActivityFactory()
    it = session(activity, capacity=1)
    one, two = wants(activity, TUESDAY), wants(activity, TUESDAY)
    first, second = checkout(one), checkout(two)
    with transaction.atomic():
        confirm_cart.__wrapped__(**first)
        rival = someone_else(confirm_cart, **second)
        assert rival.wait_until_blocked() == [own_pid()]
    with pytest.raises(DaysRefused, match="il n’y a plus de place"):
        rival.result()
    it.refresh_from_db()
    assert (it.booked, Booking.objects.count(), one.balance, two.balance) == (1, 1, 9620, 10_000)


def test_places_counted_before_the_lock_would_be_given_twice():
    """The control: while the first is under way, whoever does not lock still sees the place free."""
    activity = ActivityFactory()
    it = session(activity, capacity=1)
    one = wants(activity, TUESDAY)
    first = checkout(one)
    with transaction.atomic():
        confirm_cart.__wrapped__(**first)
        seen = someone_else(lambda: Session.objects.get(pk=it.pk).booked).result()
    assert (seen, Session.objects.get(pk=it.pk).booked) == (0, 1)


@pytest.mark.parametrize("capacity", [None, 5])
def test_two_parents_book_their_shared_child_for_the_same_day(capacity):
    activity = ActivityFactory()
    it = session(activity, capacity=capacity)
    one, two = household(), household(10_000, THEO)
    share(one, two)
    choose(one, activity, TUESDAY)
    choose(two, activity, TUESDAY, members=one.children)
    first, second = checkout(one), checkout(two)
    with transaction.atomic():
        confirm_cart.__wrapped__(**first)
        rival = someone_else(confirm_cart, **second)
        assert rival.wait_until_blocked() == [own_pid()]
    with pytest.raises(DaysRefused) as refused:
        rival.result()
    assert refused.value.sentences == ["Louane, mardi 10 novembre : déjà réservé par l’autre parent."]
    assert (Booking.objects.get().family, one.balance, two.balance) == (one.family, 9620, 10_000)
    assert Session.objects.get(pk=it.pk).booked == (1 if capacity else 0)


def test_without_the_lock_on_the_child_only_the_constraint_would_stop_the_second_parent(monkeypatch):
    """The control: days without limit are shared, so both would go on to the insert, and one would fail there."""
    monkeypatch.setattr("reservations.actions.places.baskets.lock_members", list)
    activity = ActivityFactory()
    session(activity)
    one, two = household(), household(10_000, THEO)
    share(one, two)
    choose(one, activity, TUESDAY)
    choose(two, activity, TUESDAY, members=one.children)
    first, second = checkout(one), checkout(two)
    with transaction.atomic():
        confirm_cart.__wrapped__(**first)
        rival = someone_else(confirm_cart, **second)
        rival.wait_until_blocked()
    with pytest.raises(Exception, match="one_booking_per_member_and_day"):
        rival.result()


def test_a_booking_cancelled_twice_at_once_is_recredited_once():
    home = household()
    [booking] = book(home, session(ActivityFactory(), capacity=1))
    keys = [make_key(home.user.owner, f"cancel:{booking.pk}") for _ in range(2)]
    with transaction.atomic():
        cancel_booking.__wrapped__(user=home.user, booking=booking, key=keys[0])
        rival = someone_else(cancel_booking, user=home.user, booking=booking, key=keys[1])
        assert rival.wait_until_blocked() == [own_pid()]
    with pytest.raises(AlreadyCancelled):
        rival.result()
    assert (home.balance, Session.objects.get().booked) == (10_000, 0)


def test_a_sick_week_and_the_red_cross_of_the_other_parent_recredit_each_day_once():
    home, activity = household(), ActivityFactory()
    first, second = book(home, session(activity, capacity=1), session(activity, THURSDAY))
    key, cross = make_key(home.user.owner, SEVERAL), make_key(home.user.owner, f"cancel:{first.pk}")
    with transaction.atomic():
        cancel_booking.__wrapped__(user=home.user, booking=first, key=cross)
        rival = someone_else(cancel_bookings, user=home.user, bookings=[first.pk, second.pk], key=key)
        assert rival.wait_until_blocked() == [own_pid()]
    done = rival.result()
    assert (done["cancelled"], len(done["kept"]), done["cents"]) == ([second.pk], 1, 380)
    assert home.balance == 10_000


@pytest.mark.parametrize("capacity", [None, 1])
def test_the_red_cross_and_the_cart_cancel_the_same_booking_once(capacity):
    home, activity = household(), ActivityFactory()
    [booking] = book(home, session(activity, capacity=capacity))
    choose(home, activity, TUESDAY)
    cart, key = checkout(home), make_key(home.user.owner, f"cancel:{booking.pk}")
    with transaction.atomic():
        cancel_booking.__wrapped__(user=home.user, booking=booking, key=key)
        rival = someone_else(confirm_cart, **cart)
        assert rival.wait_until_blocked() == [own_pid()]
    with pytest.raises(DaysRefused, match="aucune réservation de votre famille à annuler"):
        rival.result()
    assert home.balance == 10_000


def test_the_same_key_posted_by_two_browsers_gets_one_answer():
    activity = ActivityFactory()
    session(activity)
    home = wants(activity, TUESDAY)
    page = checkout(home)
    with transaction.atomic():
        answer = confirm_cart.__wrapped__(**page)
        rival = someone_else(confirm_cart, **page)
        assert rival.wait_until_blocked() == [own_pid()]
    assert rival.result() == answer
    assert (Order.objects.count(), home.balance) == (1, 9620)


def test_two_pages_of_the_same_cart_confirm_it_once():
    activity = ActivityFactory()
    session(activity)
    home = wants(activity, TUESDAY)
    first, second = checkout(home), checkout(home)
    with transaction.atomic():
        confirm_cart.__wrapped__(**first)
        rival = someone_else(confirm_cart, **second)
        assert rival.wait_until_blocked() == [own_pid()]
    with pytest.raises(Refusal, match="Votre panier est vide"):
        rival.result()
    assert (Order.objects.count(), home.balance) == (1, 9620)


def test_a_cart_waits_for_the_other_guardian_who_withdraws_the_child():
    home, activity = household(), ActivityFactory()
    days = sessions(activity, TUESDAY, THURSDAY)
    cancel(home, *book(home, days[0]))
    choose(home, activity, THURSDAY)
    page = checkout(home)
    with transaction.atomic():
        remove_member.__wrapped__(user=home.user, member=home.child)
        rival = someone_else(confirm_cart, **page)
        assert rival.wait_until_blocked() == [own_pid()]
    with pytest.raises(DaysRefused, match="Louane ne figure plus dans vos filiations"):
        rival.result()
    assert (Booking.objects.active().count(), home.balance) == (0, 10_000)


def test_whoever_withdraws_a_child_waits_for_the_cart_and_sees_its_bookings():
    activity = ActivityFactory()
    session(activity)
    home = wants(activity, TUESDAY)
    page = checkout(home)
    with transaction.atomic():
        confirm_cart.__wrapped__(**page)
        rival = someone_else(remove_member, user=home.user, member=home.child)
        assert rival.wait_until_blocked() == [own_pid()]
    with pytest.raises(HasUpcomingBookings):
        rival.result()


def test_a_day_put_into_the_cart_meanwhile_waits_and_is_not_lost():
    home, activity = household(), ActivityFactory()
    sessions(activity, TUESDAY, THURSDAY)
    choose(home, activity, TUESDAY)
    page = checkout(home)
    with transaction.atomic():
        confirm_cart.__wrapped__(**page)
        rival = someone_else(choose, home, activity, THURSDAY)
        assert rival.wait_until_blocked() == [own_pid()]
    rival.result()
    assert list(Booking.objects.values_list("session__date", flat=True)) == [TUESDAY]
    assert home.family.carts.get().lines.get().session.date == THURSDAY


def close(it, **fields):
    """An agent changes a day."""
    with transaction.atomic():
        Session.objects.select_for_update(no_key=True).get(pk=it.pk)
        Session.objects.filter(pk=it.pk).update(**fields)


CLOSED = {"closed_at": instant(TUESDAY), "closed_reason": "Grève"}


@pytest.mark.parametrize("capacity", [None, 5])
def test_an_agent_who_closes_a_day_waits_for_the_cart_being_confirmed(capacity):
    activity = ActivityFactory()
    it = session(activity, capacity=capacity)
    page = checkout(wants(activity, TUESDAY))
    with transaction.atomic():
        confirm_cart.__wrapped__(**page)
        agent = someone_else(close, it, **CLOSED)
        assert agent.wait_until_blocked() == [own_pid()]
    agent.result()
    assert Booking.objects.count() == 1


@pytest.mark.parametrize("capacity", [None, 5])
def test_a_cart_waits_for_the_agent_who_closes_the_day_and_sees_it_closed(capacity):
    activity = ActivityFactory()
    it = session(activity, capacity=capacity)
    home = wants(activity, TUESDAY)
    page = checkout(home)
    with transaction.atomic():
        close(it, **CLOSED)
        rival = someone_else(confirm_cart, **page)
        assert rival.wait_until_blocked() == [own_pid()]
    with pytest.raises(DaysRefused) as refused:
        rival.result()
    assert refused.value.sentences == ["Louane, mardi 10 novembre : fermé (Grève)."]
    assert (Booking.objects.count(), home.balance) == (0, 10_000)


@pytest.mark.parametrize(("before", "after"), [(None, 1), (1, None)])
def test_a_day_that_gets_or_loses_its_limit_meanwhile_is_decided_as_it_is_then(before, after):
    activity = ActivityFactory()
    it = session(activity, capacity=before)
    home = wants(activity, TUESDAY)
    page = checkout(home)
    with transaction.atomic():
        close(it, capacity=after)
        rival = someone_else(confirm_cart, **page)
        assert rival.wait_until_blocked() == [own_pid()]
    if after:
        with pytest.raises(CartChanged):
            rival.result()
        page = checkout(home)
        confirm_cart(**page)
    else:
        rival.result()
    assert Session.objects.get().booked == (after or 0)


def test_bookers_of_a_day_without_limit_do_not_wait_for_each_other():
    activity = ActivityFactory()
    session(activity)
    first, second = checkout(wants(activity, TUESDAY)), checkout(wants(activity, TUESDAY))
    book(household(), session(activity, FRIDAY))  # the service's account is open
    with transaction.atomic():
        confirm_cart.__wrapped__(**first)
        someone_else(confirm_cart, **second).result(timeout=5)
        assert connection.in_atomic_block
    assert Booking.objects.filter(session__date=TUESDAY).count() == 2


def test_carts_with_the_same_days_in_opposite_order_do_not_deadlock():
    activity, other = ActivityFactory(), ActivityFactory()
    days = [*sessions(activity, TUESDAY, THURSDAY, capacity=9), *sessions(other, FRIDAY, capacity=None)]
    one, two = household(), household()
    for home, order in ((one, days), (two, days[::-1])):
        for day in order:
            choose(home, day.activity, day.date)
    first, second = checkout(one), checkout(two)
    with transaction.atomic():
        confirm_cart.__wrapped__(**first)
        rival = someone_else(atomically(confirm_cart), **second)
        assert rival.wait_until_blocked() == [own_pid()]
    rival.result()
    assert Booking.objects.count() == 6


def test_days_are_locked_by_pk_whatever_the_order_of_the_cart():
    """A cart that waits for its first day holds none of the later ones."""
    activity = ActivityFactory()
    first, second = session(activity, THURSDAY, capacity=9), session(activity, TUESDAY, capacity=9)
    home = wants(activity, TUESDAY, THURSDAY)
    page = checkout(home)
    with transaction.atomic():
        Session.objects.select_for_update(no_key=True).get(pk=first.pk)
        rival = someone_else(confirm_cart, **page)
        assert rival.wait_until_blocked() == [own_pid()]
        assert Session.objects.select_for_update(no_key=True, nowait=True).get(pk=second.pk) == second
    rival.result()
    assert Booking.objects.count() == 2


def atomically(action):
    """The action in one transaction, without the retries that would hide a deadlock."""
    return transaction.atomic(action.__wrapped__)


def test_an_agent_who_refreshes_the_days_waits_in_the_same_order():
    activity = ActivityFactory()
    limited, free = session(activity, THURSDAY, capacity=9), session(activity, TUESDAY)
    assert limited.pk < free.pk
    page = checkout(wants(activity, TUESDAY, THURSDAY))
    with transaction.atomic():
        confirm_cart.__wrapped__(**page)
        agent = someone_else(refresh_sessions, activity)
        assert agent.wait_until_blocked() == [own_pid()]
    assert agent.result() == {"made": 0, "dropped": 0, "kept": 2}


def test_two_requests_of_one_family_cannot_cross_the_floor_together():
    home, one, two = household(1330), LeisureFactory(cents=1330), LeisureFactory(cents=1330)
    session(one)
    session(two)
    choose(home, one, TUESDAY)
    first = checkout(home, "deferred")
    with transaction.atomic():
        confirm_cart.__wrapped__(**first)
        rival = someone_else(book_another, home, two)
        assert rival.wait_until_blocked() == [own_pid()]
    with pytest.raises(NotEnough):
        rival.result()
    assert Booking.objects.count() == 1


def book_another(home, activity):
    choose(home, activity, TUESDAY)
    return confirm_cart(**checkout(home, "deferred"))


def test_twenty_parents_on_five_places():
    activity = ActivityFactory()
    sessions(activity, TUESDAY, THURSDAY, capacity=5)
    homes = [
        wants(activity, *days, home=household(10_000, LOUANE))
        for days in 10 * [(TUESDAY, THURSDAY), (THURSDAY, TUESDAY)]
    ]
    pages = [checkout(home) for home in homes]
    with ThreadPoolExecutor(max_workers=10) as pool:
        answers = list(pool.map(try_to_confirm, pages))
    assert answers.count("booked") == 5
    assert set(answers) == {"booked", "refused"}
    assert list(Session.objects.values_list("booked", flat=True)) == [5, 5]
    assert sorted(home.balance for home in homes) == 5 * [9240] + 15 * [10_000]


def try_to_confirm(page):
    try:
        confirm_cart(**page)
    except DaysRefused:
        return "refused"
    else:
        return "booked"
    finally:
        connection.close()
