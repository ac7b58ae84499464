"""Closing days: everyone is told and recredited, once; counters and ledger stay exact (the conftest checks them)."""

from datetime import date

import pytest
from django.db import transaction
from django.urls import reverse

from common.models import OutgoingEmail
from common.refusals import StalePage
from common.writing.once import make_key
from reservations.actions import cancel_booking, confirm_cart, debit_the_day
from reservations.actions.checkout import DaysRefused
from reservations.actions.days.closing import Closing, NothingToClose, TooLong, close_days, foresee
from reservations.models import Activity, Booking, Order, Session
from tests.concurrency import own_pid, someone_else
from tests.factories.accounts import AgentFactory
from tests.factories.families import SchoolingFactory
from tests.factories.reservations import (
    FRIDAY,
    LOUANE,
    THEO,
    THURSDAY,
    TUESDAY,
    ActivityFactory,
    LeisureFactory,
    book,
    choose,
    household,
    instant,
    key_for,
    session,
    sessions,
)
from tests.reservations.agents import words
from wallet.models import Operation, Transfer

pytestmark = pytest.mark.django_db
PAGE = "/admin/journees/fermer/"


def agent_of(activity):
    return AgentFactory(communes=[activity.service.commune])


def close(activity, first=TUESDAY, last=None, school_class=None, agent=None, key=None):
    """Close as the confirming page does; return what it did."""
    closing = Closing(activity, first, last or first, "Grève", school_class)
    agent = agent or agent_of(activity)
    return close_days(agent=agent, closing=closing, key=key or make_key(agent.owner, closing.purpose))


def state(booking):
    booking.refresh_from_db()
    return booking.status


def test_everyone_booked_is_recredited_and_the_day_is_closed():
    activity = ActivityFactory()
    tuesday, friday = session(activity, TUESDAY, capacity=3), session(activity, FRIDAY, capacity=3)
    one, two = household(10_000, LOUANE, THEO), household()
    first, second = book(one, tuesday)
    kept = book(one, friday)
    [third] = book(two, tuesday)
    agent = agent_of(activity)
    assert close(activity, agent=agent) == {"days": 1, "bookings": 3, "families": 2, "cents": 1140}
    assert [state(each) for each in (first, second, third, *kept)] == ["closed"] * 3 + ["booked"] * 2
    assert (one.balance, two.balance) == (10_000 - 760, 10_000)
    tuesday.refresh_from_db()
    assert (tuesday.closed_reason, tuesday.booked, tuesday.closed_at is None) == ("Grève", 0, False)
    assert Session.objects.get(pk=friday.pk).closed_at is None
    assert (first.cancelled_by, first.cancelled_in.family) == (agent, one.family)


def test_each_family_has_an_order_with_its_operation_and_each_transfer_is_reversed():
    activity = ActivityFactory()
    it, one, two = session(activity), household(10_000, LOUANE, THEO), household()
    bookings = [*book(one, it), *book(two, it)]
    close(activity)
    orders = Order.objects.filter(cancelled_cents__gt=0).order_by("family")
    assert [(each.family, each.cancelled_cents) for each in orders] == [(one.family, 760), (two.family, 380)]
    assert {each.operation.kind for each in orders} == {"cancellation"}
    paid = Transfer.objects.filter(reference__in=[each.payment_reference for each in bookings])
    assert sorted(row.reversal.operation_id for row in paid) == sorted(
        [orders[0].operation_id] * 2 + [orders[1].operation_id]
    )


def test_every_guardian_is_told_which_days_why_and_what_comes_back():
    activity = ActivityFactory()
    one = household(10_000, LOUANE, THEO)
    book(one, *sessions(activity, TUESDAY, THURSDAY))
    close(activity, TUESDAY, THURSDAY)
    [told] = OutgoingEmail.objects.filter(template="reservations/days_closed")
    assert (told.to, told.owner) == (one.user.email, one.user.owner)
    assert told.context == {
        "activity": str(activity),
        "reason": "Grève",
        "days": [
            {"day": "mardi 10 novembre", "member": "Théo"},
            {"day": "mardi 10 novembre", "member": "Louane"},
            {"day": "jeudi 12 novembre", "member": "Théo"},
            {"day": "jeudi 12 novembre", "member": "Louane"},
        ],
        "recredited": "15,20\u00a0€",
    }


def test_what_was_debited_on_the_day_is_given_back_and_what_was_not_is_never_debited(time_machine):
    activity = LeisureFactory(cents=1330)
    home = household(5000)
    book(home, *sessions(activity, TUESDAY, THURSDAY))
    time_machine.move_to(instant(TUESDAY, "18:00"))
    debit_the_day(TUESDAY)
    assert home.balance == 5000 - 1330
    assert close(activity, TUESDAY, THURSDAY)["cents"] == 1330
    time_machine.move_to(instant(THURSDAY, "18:00"))
    assert (home.balance, debit_the_day(THURSDAY)["bookings"], home.balance) == (5000, 0, 5000)


def test_a_class_on_a_trip_is_recredited_and_the_day_stays_open_to_the_others():
    activity = ActivityFactory()
    it = session(activity, capacity=5)
    one, two = household(10_000, LOUANE), household(10_000, THEO)
    schooling = SchoolingFactory(member=one.child)
    [gone], [stays] = book(one, it), book(two, it)
    close(activity, school_class=schooling.school_class)
    it.refresh_from_db()
    assert (state(gone), state(stays), it.booked, it.closed_at) == ("closed", "booked", 1, None)
    assert (one.balance, two.balance) == (10_000, 9620)


def test_a_second_click_gets_the_first_answer():
    activity = ActivityFactory()
    home, agent = household(), agent_of(activity)
    book(home, session(activity))
    key = make_key(agent.owner, Closing(activity, TUESDAY, TUESDAY, "Grève").purpose)
    assert close(activity, agent=agent, key=key) == close(activity, agent=agent, key=key)
    assert (home.balance, Operation.objects.filter(kind="cancellation").count()) == (10_000, 1)
    assert OutgoingEmail.objects.filter(template="reservations/days_closed").count() == 1


def test_a_day_that_is_closed_already_has_nothing_more_to_close():
    activity = ActivityFactory()
    book(household(), session(activity))
    close(activity)
    with pytest.raises(NothingToClose):
        close(activity)


def test_a_class_that_nobody_booked_closes_nothing():
    activity = ActivityFactory()
    session(activity)
    with pytest.raises(NothingToClose):
        close(activity, school_class=SchoolingFactory().school_class)


@pytest.mark.parametrize(("first", "last"), [(FRIDAY, TUESDAY), (TUESDAY, date(2027, 2, 11))])
def test_dates_upside_down_or_more_than_a_term_apart_are_refused(first, last):
    with pytest.raises(TooLong):
        Closing(ActivityFactory(), first, last, "Grève")


def test_an_agent_of_another_commune_closes_nothing():
    activity = ActivityFactory()
    home = household()
    [booking] = book(home, session(activity))
    with pytest.raises(Activity.DoesNotExist):
        close(activity, agent=AgentFactory(communes=[]))
    assert (state(booking), home.balance) == ("booked", 9620)


def test_the_key_of_other_dates_closes_nothing():
    activity = ActivityFactory()
    session(activity)
    agent = agent_of(activity)
    with pytest.raises(StalePage):
        close(activity, agent=agent, key=make_key(agent.owner, Closing(activity, FRIDAY, FRIDAY, "Grève").purpose))
    assert Session.objects.get().closed_at is None


# --- Two at once ------------------------------------------------------------------------------------------------------
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("capacity", [None, 5])
def test_who_books_while_the_day_closes_waits_then_is_refused(capacity):
    activity = ActivityFactory()
    session(activity, capacity=capacity)
    home, agent = household(), agent_of(activity)
    choose(home, activity, TUESDAY)
    closing = Closing(activity, TUESDAY, TUESDAY, "Grève")
    confirming = {"user": home.user, "billing": "prepaid", "key": key_for(home)}
    with transaction.atomic():
        close_days.__wrapped__(agent=agent, closing=closing, key=make_key(agent.owner, closing.purpose))
        rival = someone_else(confirm_cart, **confirming)
        assert rival.wait_until_blocked() == [own_pid()]
    with pytest.raises(DaysRefused, match="fermé"):
        rival.result()
    assert (home.balance, Booking.objects.count()) == (10_000, 0)


def booked_under_way(activity, home):
    """A parent's confirmation, held open by the caller's transaction."""
    choose(home, activity, TUESDAY)
    return {"user": home.user, "billing": "prepaid", "key": key_for(home)}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("capacity", [None, 5])
def test_a_booking_under_way_is_waited_for_then_recredited(capacity):
    activity = ActivityFactory()
    it, home = session(activity, capacity=capacity), household()
    agent, confirming = agent_of(activity), booked_under_way(activity, home)
    with transaction.atomic():
        confirm_cart.__wrapped__(**confirming)
        rival = someone_else(close, activity, agent=agent)
        rival.wait_until_blocked()
    assert rival.result()["bookings"] == 1
    it.refresh_from_db()
    assert (Booking.objects.get().status, home.balance, it.booked) == ("closed", 10_000, 0)


@pytest.mark.django_db(transaction=True)
def test_without_the_lock_on_the_days_that_booking_would_stand_on_a_closed_day(monkeypatch):
    """The control: whoever reads the bookings before the lock does not see the one under way."""
    monkeypatch.setattr(
        "reservations.actions.days.closing.lock_for_closing", lambda rows: list(rows.values_list("pk", flat=True))
    )
    activity = ActivityFactory()
    it, home = session(activity), household()
    agent, confirming = agent_of(activity), booked_under_way(activity, home)
    with transaction.atomic():
        confirm_cart.__wrapped__(**confirming)
        rival = someone_else(close, activity, agent=agent)
        rival.wait_until_blocked()
    assert rival.result()["bookings"] == 0
    it.refresh_from_db()
    assert (Booking.objects.get().status, it.closed_at is None) == ("booked", False)


@pytest.mark.django_db(transaction=True)
def test_a_parent_who_cancels_while_the_day_closes_is_recredited_once():
    activity = ActivityFactory()
    home, agent = household(), agent_of(activity)
    [booking] = book(home, session(activity, capacity=1))
    closing = Closing(activity, TUESDAY, TUESDAY, "Grève")
    key = make_key(home.user.owner, f"cancel:{booking.pk}")
    with transaction.atomic():
        close_days.__wrapped__(agent=agent, closing=closing, key=make_key(agent.owner, closing.purpose))
        rival = someone_else(cancel_booking, user=home.user, booking=booking, key=key)
        assert rival.wait_until_blocked() == [own_pid()]
    with pytest.raises(Exception, match="déjà annulée"):
        rival.result()
    assert (home.balance, state(booking)) == (10_000, "closed")


# --- The page ---------------------------------------------------------------------------------------------------------
def asked(activity, **fields):
    return {"activite": activity.pk, "du": TUESDAY, "au": TUESDAY, "motif": "Neige"} | fields


def test_the_page_says_what_will_happen_and_changes_nothing_before_it_is_confirmed(visitor):
    activity = ActivityFactory()
    home = household(10_000, LOUANE, THEO)
    book(home, session(activity))
    page = visitor(agent_of(activity)).get(PAGE, asked(activity))
    assert page.context["toll"] == foresee(Closing(activity, TUESDAY, TUESDAY, "Neige"))
    assert "1 journée fermée 2 réservations annulées 1 famille prévenue 7,60 € recrédités" in words(page)
    assert (Session.objects.get().closed_at, home.balance) == (None, 9240)


def test_confirming_closes_and_says_what_was_done(visitor):
    activity = ActivityFactory()
    home = household(10_000, LOUANE, THEO)
    book(home, session(activity))
    client = visitor(agent_of(activity))
    key = client.get(PAGE, asked(activity)).context["once_key"]
    done = client.post(PAGE, asked(activity) | {"once_key": key}, follow=True)
    assert done.redirect_chain == [(reverse("admin:closing"), 302)]
    assert "C’est fait : 2 réservations annulées, 7,60 € recrédités, 1 famille prévenue." in words(done)
    assert home.balance == 10_000


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"motif": ""}, "Ce champ est obligatoire."),
        ({"du": "hier"}, "Saisissez une date valide."),
        ({"au": "2026-11-09"}, "Indiquez des dates dans l’ordre, sur trois mois au plus."),
        ({"activite": "x"}, "Sélectionnez un choix valide."),
        ({"classe": "9999999"}, "Sélectionnez un choix valide."),
    ],
)
def test_what_is_wrong_is_said_on_the_form(visitor, fields, said):
    activity = ActivityFactory()
    session(activity)
    client = visitor(agent_of(activity))
    for answer in (client.get(PAGE, asked(activity, **fields)), client.post(PAGE, asked(activity, **fields))):
        assert answer.status_code == 200
        assert said in words(answer)
    assert Session.objects.get().closed_at is None


def test_an_agent_is_not_offered_the_activities_of_another_commune(visitor):
    activity, foreign = ActivityFactory(), ActivityFactory()
    session(foreign)
    client = visitor(agent_of(activity))
    assert list(client.get(PAGE).context["form"].fields["activite"].queryset) == [activity]
    assert "Sélectionnez un choix valide." in words(client.post(PAGE, asked(foreign)))


def test_a_forged_key_closes_nothing(visitor):
    activity = ActivityFactory()
    session(activity)
    answer = visitor(agent_of(activity)).post(PAGE, asked(activity) | {"once_key": "x"})
    assert "Cette page a été ouverte il y a trop longtemps." in words(answer)
    assert Session.objects.get().closed_at is None
