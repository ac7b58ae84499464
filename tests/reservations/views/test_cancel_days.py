"""« Louane est malade »: her days of a week ticked beforehand, cancelled by one button; any days of all by ticking them."""

from datetime import timedelta

import pytest

from reservations.models import Booking, Session
from tests.client import once_keys
from tests.factories.reservations import LOUANE, THEO, ActivityFactory, book, household, sessions
from tests.reservations.conftest import LATER, NEXT
from tests.reservations.reading import text

pytestmark = pytest.mark.django_db
PAGE = "/reservations/mes-reservations/plusieurs-jours/"


@pytest.fixture
def sick(time_machine):
    """Two children at the canteen on Monday, Tuesday and Thursday, and on the Monday after; it is the Thursday before."""
    home = household(10_000, LOUANE, THEO)
    home.meals = book(home, *sessions(ActivityFactory(), *NEXT, NEXT[0] + timedelta(7)))
    time_machine.move_to(LATER)
    return home


def days(answer) -> list:
    return [day.booking for day in answer.context["page"].free]


def test_a_sick_week_in_two_taps(sick, visitor):
    browser, louane = visitor(sick.user), sick.children[0]
    page = browser.get("/mon-compte/")
    assert "Louane est malade" in text(page)
    assert f'href="{PAGE}?enfant={louane.pk}"' in page.content.decode()
    page = browser.get(f"{PAGE}?enfant={louane.pk}")
    assert [(each.member_id, each.session.date) for each in days(page)] == [(louane.pk, day) for day in NEXT[:2]]
    assert page.content.decode().count(" checked") == 2
    assert "votre porte-monnaie est recrédité de 7,60 €" in text(page).replace("\xa0", " ")
    sent = {"jour": [each.pk for each in days(page)], "once_key": once_keys(page)[0]}
    words = text(browser.post(f"{PAGE}?enfant={louane.pk}", sent, follow=True)).replace("\xa0", " ")
    assert "2 réservations sont annulées : 7,60 € sont de nouveau dans votre porte-monnaie." in words
    assert Booking.objects.active().count() == 6


def test_what_is_too_late_is_said_beforehand_and_leads_to_an_absence(sick, visitor):
    browser, louane = visitor(sick.user), sick.children[0]
    Session.objects.filter(date=NEXT[0]).update(cancellable_until=LATER - timedelta(hours=1))
    page = browser.get(f"{PAGE}?enfant={louane.pk}")
    late = Booking.objects.get(member=louane, session__date=NEXT[0])
    assert [each.session.date for each in days(page)] == NEXT[1:2]
    assert f'href="/reservations/absences/{late.pk}/"' in page.content.decode()
    assert "Le délai d’annulation est passé" in text(page)
    sent = {"jour": [late.pk, days(page)[0].pk], "once_key": once_keys(page)[0]}
    words = text(browser.post(PAGE, sent, follow=True)).replace("\xa0", " ")
    assert "La réservation est annulée : 3,80 € sont de nouveau dans votre porte-monnaie." in words
    assert "Louane, lundi 16 novembre : Le délai d’annulation est passé" in words


def test_any_days_of_all_are_ticked_by_hand(sick, visitor):
    browser = visitor(sick.user)
    page = browser.get(PAGE)
    assert (len(days(page)), page.content.decode().count(" checked")) == (8, 0)
    answer = browser.post(PAGE, {"once_key": once_keys(page)[0]}, follow=True)
    assert answer.request["PATH_INFO"] == PAGE
    assert "Cochez au moins un jour à annuler." in text(answer)
    for wrong in ({"jour": ["x", "99999999999999999999"], "once_key": once_keys(page)[0]}, {"jour": ["1"]}):
        browser.post(PAGE, wrong)
    assert Booking.objects.active().count() == 8


def test_nobody_elses_child_is_named(sick, visitor):
    other = visitor(household().user)
    for child in (sick.children[0].pk, "x", "", 0):
        words = text(other.get(f"{PAGE}?enfant={child}"))
        assert "Aucune réservation à annuler" in words
        assert "Louane" not in words


def test_it_takes_the_same_queries_for_one_day_and_for_many(sick, visitor, django_assert_num_queries):
    browser = visitor(sick.user)
    browser.get(PAGE)
    for address in (PAGE, f"{PAGE}?enfant={sick.children[0].pk}"):
        with django_assert_num_queries(4):
            browser.get(address)
