"""« Pensez à réserver »: two days before a week closes, who has nothing there is told, once; who wants none is left alone."""

from datetime import date, timedelta

import pytest
from django.db import transaction
from django.urls import reverse

from common.background.mailing import render
from common.models import OutgoingEmail
from portal.tasks import JOBS
from reservations.actions.telling import week_reminders as actions
from reservations.actions.telling.week_reminders import remind_weeks, set_reminders
from reservations.models import Activity, RemindersOff, Session, WeekReminder
from tests.concurrency import own_pid, someone_else
from tests.factories.families import GuardianFactory
from tests.factories.reservations import ActivityFactory, book, household, instant, session
from tests.reservations.agents import told

pytestmark = pytest.mark.django_db
LAST_WEEK, MONDAY, THURSDAY = date(2026, 11, 5), date(2026, 11, 9), date(2026, 11, 12)
CLOSES = instant(date(2026, 11, 7))  # Friday night, for the whole week of 9 November
NIGHT = instant(date(2026, 11, 5), "02:10")


@pytest.fixture
def activity():
    activity = ActivityFactory(slug="cantine", name="Cantine")
    session(activity, LAST_WEEK)
    for day in (MONDAY, THURSDAY):
        session(activity, day, bookable_until=CLOSES, cancellable_until=CLOSES)
    return activity


@pytest.fixture
def home(activity):
    """A family that ate there last week."""
    home = household(commune=activity.service.commune)
    book(home, activity.sessions.get(date=LAST_WEEK))
    return home


def reminded():
    return list(OutgoingEmail.objects.filter(template="reservations/nothing_booked").values_list("to", flat=True))


def night(time_machine, at=NIGHT):
    time_machine.move_to(at)
    return remind_weeks(at.date())["reminded"]


def test_a_family_with_nothing_booked_is_told_two_days_before_the_deadline(home, time_machine):
    assert night(time_machine) == 1
    assert reminded() == [home.user.email]
    subject, text, _ = render(OutgoingEmail.objects.get(template="reservations/nothing_booked"))
    assert subject == "Pensez à réserver : semaine du 9 novembre"
    assert "Le délai des premiers jours passe le vendredi 6 novembre à 23\u00a0h\u00a059." in text
    assert "/reservations/activite/cantine/?mois=2026-11" in text
    assert "/reservations/rappels/" in text


def test_the_night_reminds(home):
    assert JOBS["week_reminders"] is remind_weeks


def test_twice_is_once(home, time_machine):
    assert [night(time_machine), night(time_machine, NIGHT + timedelta(days=1))] == [1, 0]
    assert reminded() == [home.user.email]


def test_every_guardian_is_told_but_who_switched_it_off(home, time_machine):
    other = GuardianFactory(family=home.family)
    set_reminders(user=home.user, on=False)
    set_reminders(user=home.user, on=False)
    assert night(time_machine) == 1
    assert reminded() == [other.user.email]
    set_reminders(user=home.user, on=True)
    assert RemindersOff.objects.count() == 0


def test_who_booked_a_day_of_that_week_is_left_alone(home, activity, time_machine):
    book(home, activity.sessions.get(date=THURSDAY))
    assert night(time_machine) == 0


def test_another_activity_of_the_service_counts_as_booked(home, activity, time_machine):
    half = ActivityFactory(service=activity.service)
    book(home, session(half, THURSDAY))
    assert night(time_machine) == 0


def test_who_waits_for_a_place_has_asked(home, activity, time_machine):
    Session.objects.filter(date=THURSDAY).update(capacity=1, waiting_capacity=5)
    book(household(), activity.sessions.get(date=THURSDAY))
    book(home, activity.sessions.get(date=THURSDAY))
    assert night(time_machine) == 0


def test_who_never_books_there_is_left_alone(home, activity, time_machine):
    household(commune=activity.service.commune)
    assert night(time_machine) == 1


@pytest.mark.parametrize("at", [instant(date(2026, 11, 4), "02:10"), instant(date(2026, 11, 7), "02:10")])
def test_neither_long_before_nor_after_the_deadline(home, time_machine, at):
    assert night(time_machine, at) == 0


@pytest.mark.parametrize(
    "fields",
    [
        {"is_open": False},
        {"booking_opens_at": instant(date(2026, 12, 1))},
        {"booking_closes_at": instant(date(2026, 11, 4))},
    ],
)
def test_what_cannot_be_booked_is_not_reminded_of(home, time_machine, fields):
    Activity.objects.update(**fields)
    assert night(time_machine) == 0


def test_a_week_that_is_closed_is_not_reminded_of(home, time_machine):
    Session.objects.filter(date__gte=MONDAY).update(closed_at=NIGHT, closed_reason="Grève")
    assert night(time_machine) == 0


def test_old_reminders_are_forgotten(home, time_machine):
    night(time_machine)
    night(time_machine, instant(date(2027, 1, 9), "02:10"))
    assert WeekReminder.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_two_nights_at_once_tell_a_family_once(home, time_machine):
    time_machine.move_to(NIGHT)
    [week] = actions.weeks(NIGHT)
    with transaction.atomic():
        assert actions._remind.__wrapped__(week, [home.family.pk]) == 1
        rival = someone_else(actions._remind, week, [home.family.pk])
        assert rival.wait_until_blocked() == [own_pid()]
    assert (rival.result(), reminded()) == (0, [home.user.email])


@pytest.mark.django_db(transaction=True)
def test_without_the_row_both_nights_would_tell(home, time_machine, monkeypatch):
    time_machine.move_to(NIGHT)
    [week] = actions.weeks(NIGHT)
    claim = "SELECT family FROM (SELECT %s, %s, %s) AS nothing, unnest(%s::bigint[]) AS family"
    monkeypatch.setattr(actions, "_CLAIM", claim)
    with transaction.atomic():
        actions._remind.__wrapped__(week, [home.family.pk])
        assert someone_else(actions._remind, week, [home.family.pk]).result() == 1
    assert reminded() == [home.user.email] * 2


# --- The switch -------------------------------------------------------------------------------------------------------
def test_the_switch_says_how_it_stands(home, visitor):
    parent, page = visitor(home.user), reverse("reservations:reminders")
    assert parent.get(page).context["is_on"] is True
    assert told(parent.post(page, {"rappels": "non"}, follow=True)) == ["Vous ne recevrez plus de rappel."]
    assert parent.get(page).context["is_on"] is False
    assert told(parent.post(page, {"rappels": "oui"}, follow=True)) == ["Les rappels sont activés."]
    assert RemindersOff.objects.count() == 0
