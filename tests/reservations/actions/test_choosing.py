"""Filling the cart: what ticking a day means."""

from datetime import date

import pytest

from reservations.actions import empty_cart, remove_lines
from reservations.models import Billing, Booking, CartLine
from tests.factories.reservations import (
    FRIDAY,
    LOUANE,
    THEO,
    THURSDAY,
    TUESDAY,
    ActivityFactory,
    LeisureFactory,
    basket,
    book,
    choose,
    household,
    instant,
    session,
    sessions,
    share,
)

pytestmark = pytest.mark.django_db
NBSP = "\u00a0"


def lines(home, billing=Billing.PREPAID):
    """What stands in the family's cart: (day, first name, act)."""
    rows = CartLine.objects.filter(cart__family=home.family, cart__billing=billing)
    return list(
        rows.order_by("session__date", "member__birth_date").values_list("session__date", "member__first_name", "act")
    )


@pytest.mark.seed("S3-84", "S3-85")
def test_free_days_are_put_into_the_cart_for_every_child_chosen():
    home, activity = household(0, LOUANE, THEO), ActivityFactory()
    sessions(activity, TUESDAY, THURSDAY)
    choice = choose(home, activity, TUESDAY, THURSDAY)
    assert (choice.booked, choice.cancelled, choice.reasons) == (4, 0, [])
    assert lines(home) == [
        (TUESDAY, "Théo", "book"),
        (TUESDAY, "Louane", "book"),
        (THURSDAY, "Théo", "book"),
        (THURSDAY, "Louane", "book"),
    ]
    assert Booking.objects.count() == 0


def test_a_booked_day_that_may_change_is_put_down_for_cancelling():
    home, activity = household(), ActivityFactory()
    book(home, session(activity))
    choice = choose(home, activity, given_up=[TUESDAY])
    assert (choice.booked, choice.cancelled, choice.reasons) == (0, 1, [])
    assert lines(home) == [(TUESDAY, "Louane", "cancel")]
    assert Booking.objects.active().count() == 1


def test_a_day_booked_for_one_child_only_is_booked_for_the_other():
    home, activity = household(10_000, LOUANE, THEO), ActivityFactory()
    book(home, session(activity), members=home.children[:1])
    choice = choose(home, activity, TUESDAY)
    assert (choice.booked, choice.cancelled, choice.reasons) == (1, 0, [])
    assert lines(home) == [(TUESDAY, "Théo", "book")]


def test_a_day_booked_for_both_children_is_cancelled_for_both():
    home, activity = household(10_000, LOUANE, THEO), ActivityFactory()
    book(home, session(activity))
    assert choose(home, activity, given_up=[TUESDAY]).cancelled == 2
    assert lines(home) == [(TUESDAY, "Théo", "cancel"), (TUESDAY, "Louane", "cancel")]


@pytest.mark.seed("S3-86")
def test_a_day_without_a_meal_is_left_out_with_a_sentence():
    home, activity = household(), ActivityFactory()
    choice = choose(home, activity, date(2026, 11, 11))
    assert (choice.booked, choice.reasons) == (0, ["Le 11-11-2026 n’est pas ouvert à la réservation."])
    assert lines(home) == []


def test_a_day_of_another_activity_is_unknown():
    home, activity = household(), ActivityFactory()
    session(ActivityFactory())
    assert choose(home, activity, TUESDAY).reasons == ["Le 10-11-2026 n’est pas ouvert à la réservation."]


def test_a_closed_day_is_left_out_with_its_reason():
    home, activity = household(), ActivityFactory()
    session(activity, closed_at=instant(date(2026, 11, 1)), closed_reason="Grève")
    choice = choose(home, activity, TUESDAY)
    assert (choice.booked, choice.reasons) == (0, ["Louane, mardi 10 novembre : fermé (Grève)."])


def test_a_day_past_its_deadline_is_left_out_with_the_deadline():
    home, activity = household(), ActivityFactory()
    session(activity, bookable_until=instant(date(2026, 11, 2), "09:00"))
    assert choose(home, activity, TUESDAY).reasons == [
        f"Louane, mardi 10 novembre : le délai de réservation est passé (c’était jusqu’au lundi 2 novembre à 9{NBSP}h)."
    ]


def test_a_day_that_is_never_online_says_whom_to_ask():
    home, activity = household(), ActivityFactory()
    session(activity, bookable_until=None)
    assert choose(home, activity, TUESDAY).reasons == [
        "Louane, mardi 10 novembre : pas de réservation en ligne pour cette activité, contactez le service."
    ]


def test_a_full_day_is_left_out():
    home, activity = household(), ActivityFactory()
    session(activity, capacity=0)
    assert choose(home, activity, TUESDAY).reasons == ["Louane, mardi 10 novembre : il n’y a plus de place."]


def test_a_booked_day_past_its_deadline_answers_with_a_sentence():
    home, activity = household(), ActivityFactory()
    it = session(activity)
    book(home, it)
    it.cancellable_until = instant(date(2026, 11, 2), "09:00")
    it.save()
    choice = choose(home, activity, given_up=[TUESDAY])
    assert (choice.booked, choice.cancelled) == (0, 0)
    assert choice.reasons == [
        f"Louane, mardi 10 novembre : le délai d’annulation est passé (c’était jusqu’au lundi 2 novembre à 9{NBSP}h)."
    ]


@pytest.mark.parametrize("replace", [False, True])
def test_asking_for_a_day_that_is_booked_leaves_it_alone(replace):
    """A typical week, a whole month, a page drawn before the day was booked: none of them cancels anything."""
    home, activity = household(10_000, LOUANE, THEO), ActivityFactory()
    [first, _] = sessions(activity, TUESDAY, THURSDAY)
    book(home, first)
    choice = choose(home, activity, TUESDAY, THURSDAY, replace=replace, given_up=[])
    assert (choice.booked, choice.cancelled, choice.standing, choice.reasons) == (2, 0, 2, [])
    assert lines(home) == [(THURSDAY, "Théo", "book"), (THURSDAY, "Louane", "book")]


def test_a_day_that_is_booked_and_locked_is_said_to_stand():
    home, activity = household(), ActivityFactory()
    it = session(activity)
    book(home, it)
    it.cancellable_until = instant(date(2026, 11, 2), "09:00")
    it.save()
    choice = choose(home, activity, TUESDAY, given_up=[])
    assert (choice.standing, choice.kept, choice.reasons) == (1, 0, [])


def test_a_day_both_asked_for_and_given_up_is_not_cancelled():
    home, activity = household(), ActivityFactory()
    book(home, session(activity))
    assert choose(home, activity, TUESDAY, given_up=[TUESDAY]).cancelled == 0
    assert lines(home) == []


def test_giving_up_a_day_that_nobody_booked_asks_for_nothing():
    home, activity = household(), ActivityFactory()
    session(activity)
    choice = choose(home, activity, given_up=[TUESDAY])
    assert (choice.kept, choice.reasons) == (
        0,
        ["Louane, mardi 10 novembre : aucune réservation de votre famille à annuler."],
    )
    assert lines(home) == []


def test_giving_up_a_day_of_one_child_books_nothing_for_the_other():
    home, activity = household(10_000, LOUANE, THEO), ActivityFactory()
    book(home, session(activity), members=home.children[:1])
    assert choose(home, activity, given_up=[TUESDAY]).cancelled == 1
    assert lines(home) == [(TUESDAY, "Louane", "cancel")]


def test_a_day_booked_by_the_other_parent_is_neither_booked_nor_cancelled():
    home, other, activity = household(), household(0, ("Zoé", THEO[1])), ActivityFactory()
    share(home, other)
    book(home, session(activity))
    choice = choose(other, activity, TUESDAY, members=home.children)
    assert (choice.booked, choice.cancelled) == (0, 0)
    assert choice.reasons == ["Louane, mardi 10 novembre : déjà réservé par l’autre parent."]


def test_another_familys_child_is_left_out_with_a_sentence():
    home, stranger, activity = household(), household(), ActivityFactory()
    session(activity)
    choice = choose(home, activity, TUESDAY, members=[*home.children, *stranger.children])
    assert choice.booked == 1
    assert choice.reasons == [
        "Une personne choisie ne figure pas dans vos filiations\u00a0: rien n’a été ajouté pour elle."
    ]
    assert CartLine.objects.filter(member=stranger.child).count() == 0


def test_the_same_day_twice_is_one_line():
    home, activity = household(), ActivityFactory()
    session(activity)
    choose(home, activity, TUESDAY)
    choose(home, activity, TUESDAY)
    assert lines(home) == [(TUESDAY, "Louane", "book")]


def test_a_line_becomes_what_was_asked_last():
    """In the cart to be booked, then booked by way of another window: giving it up now asks to cancel."""
    home, activity = household(), ActivityFactory()
    it = session(activity)
    [booking] = book(home, it)
    choose(home, activity, given_up=[TUESDAY])
    CartLine.objects.update(act="book")
    choose(home, activity, given_up=[TUESDAY])
    assert lines(home) == [(TUESDAY, "Louane", "cancel")]
    assert basket(home).cancelled == [booking]


@pytest.mark.seed("S4-83")
def test_with_replace_the_lines_become_exactly_the_days_ticked():
    home, activity, other = household(), LeisureFactory(), LeisureFactory()
    sessions(activity, TUESDAY, THURSDAY, FRIDAY)
    session(other)
    choose(home, other, TUESDAY, replace=True)
    choose(home, activity, TUESDAY, THURSDAY, replace=True)
    choose(home, activity, THURSDAY, FRIDAY, replace=True)
    mine = CartLine.objects.filter(session__activity=activity)
    assert set(mine.values_list("session__date", flat=True)) == {THURSDAY, FRIDAY}
    assert CartLine.objects.filter(session__activity=other).count() == 1


def test_replacing_for_one_child_keeps_the_days_of_the_other():
    home, activity = household(0, LOUANE, THEO), LeisureFactory()
    sessions(activity, TUESDAY, THURSDAY)
    choose(home, activity, TUESDAY, replace=True)
    choose(home, activity, THURSDAY, members=home.children[:1], replace=True)
    assert lines(home, "deferred") == [(TUESDAY, "Théo", "book"), (THURSDAY, "Louane", "book")]


def test_replacing_with_nothing_takes_the_days_out():
    home, activity = household(), LeisureFactory()
    session(activity)
    choose(home, activity, TUESDAY, replace=True)
    choose(home, activity, replace=True)
    assert lines(home, "deferred") == []


@pytest.mark.seed("S4-84")
def test_abandoning_erases_the_requests_and_keeps_the_bookings_and_the_cart():
    home, canteen, leisure = household(), ActivityFactory(), LeisureFactory()
    book(home, session(leisure))
    session(leisure, THURSDAY)
    session(canteen)
    choose(home, leisure, TUESDAY, THURSDAY)
    choose(home, canteen, TUESDAY)
    empty_cart(user=home.user, billing=Billing.DEFERRED)
    assert (lines(home, "deferred"), lines(home)) == ([], [(TUESDAY, "Louane", "book")])
    assert Booking.objects.active().count() == 1


def test_only_lines_of_ones_own_cart_are_taken_out():
    home, other, activity = household(), household(), ActivityFactory()
    sessions(activity, TUESDAY, THURSDAY)
    for each in (home, other):
        choose(each, activity, TUESDAY, THURSDAY)
    first = CartLine.objects.filter(cart__family=home.family).first()
    theirs = CartLine.objects.filter(cart__family=other.family)
    remove_lines(user=home.user, billing="prepaid", lines=[first.pk, *theirs.values_list("pk", flat=True)])
    assert (len(lines(home)), len(lines(other))) == (1, 2)
