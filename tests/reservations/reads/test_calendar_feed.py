"""The private iCal address of a family: what it shows, to whom, and how it ends."""

from datetime import date, datetime

import pytest
from icalendar import Calendar

from accounts.models import User
from common.writing.once import make_key
from reservations.actions.telling.calendar_addresses import PURPOSE, end_address, renew_address
from reservations.actions.telling.reports import settle_and_report
from reservations.models import CalendarAddress
from reservations.rules import PARIS
from tests.client import PortalClient
from tests.factories.reservations import LOUANE, THURSDAY, TUESDAY, book, cancel, household
from tests.forms import fields_of
from tests.reservations.reading import text

pytestmark = pytest.mark.django_db
PAGE = "/reservations/suivi/agenda/"


@pytest.fixture
def one(canteen):
    """A family with one child, who comes on Tuesday."""
    home = household(10_000, LOUANE)
    (home.booking,) = book(home, canteen.sessions.get(date=TUESDAY))
    return home


def key(home) -> str:
    return make_key(home.user.owner, PURPOSE)


def address(home) -> str:
    """Where the family's calendar is, made if there is none."""
    found = CalendarAddress.objects.filter(family=home.family)
    if not found.exists():
        renew_address(user=home.user, key=key(home))
    return f"/reservations/agenda/{found.get().token}.ics"


def read(path: str) -> Calendar:
    """The calendar as a program that never signed in reads it."""
    answer = PortalClient().get(path)
    assert (answer.status_code, answer["Content-Type"]) == (200, "text/calendar; charset=utf-8")
    return Calendar.from_ical(answer.content)


def test_the_calendar_shows_each_booking_that_stands_at_its_time_in_paris(one, canteen):
    (other,) = book(one, canteen.sessions.get(date=THURSDAY))
    cancel(one, other)
    (event,) = read(address(one)).events
    assert {name: str(event[name]) for name in ("UID", "SUMMARY", "LOCATION", "DESCRIPTION", "STATUS")} == {
        "UID": f"reservation-{one.booking.pk}@testserver",
        "SUMMARY": "Louane : Réservation de repas Cantines Aiguilhe",
        "LOCATION": f"{canteen.service.name}, {canteen.service.commune.name}",
        "DESCRIPTION": "État : Validée.",
        "STATUS": "CONFIRMED",
    }
    assert (event.start, event.end) == (
        datetime(2026, 11, 10, 11, 30, tzinfo=PARIS),
        datetime(2026, 11, 10, 13, 30, tzinfo=PARIS),
    )
    settle_and_report(date(2026, 11, 3))
    (event,) = read(address(one)).events
    assert (str(event["STATUS"]), str(event["DESCRIPTION"])) == ("CONFIRMED", "État : Validée.")


def test_nothing_of_health_money_or_names_of_the_family_is_in_it(one):
    sent = PortalClient().get(address(one)).content.decode()
    assert [
        word for word in ("Dupont", "€", "3,80", "3.80", one.user.email) if word in sent.split("UID")[1].split("URL")[0]
    ] == []


def test_the_feed_costs_the_same_whatever_it_shows(one, canteen, django_assert_num_queries):
    path = address(one)
    book(one, canteen.sessions.get(date=THURSDAY))
    PortalClient().get(path)
    with django_assert_num_queries(3):
        assert len(read(path).events) == 2


def test_a_new_address_ends_the_old_one_and_a_second_click_keeps_it(one):
    old, click = address(one), key(one)
    renew_address(user=one.user, key=click)
    new = address(one)
    renew_address(user=one.user, key=click)
    assert (address(one), new != old) == (new, True)
    assert PortalClient().get(old).status_code == 404
    assert len(read(new).events) == 1


def test_an_ended_address_one_that_is_guessed_and_one_of_a_closed_account_are_not_there(one):
    path = address(one)
    assert PortalClient().get("/reservations/agenda/x.ics").status_code == 404
    User.objects.filter(pk=one.user.pk).update(status="closed", is_active=False)
    assert PortalClient().get(path).status_code == 404
    User.objects.filter(pk=one.user.pk).update(status="validated", is_active=True)
    end_address(user=one.user, key=key(one))
    assert PortalClient().get(path).status_code == 404


def test_the_family_makes_renews_and_ends_its_address_on_its_page(visitor, one):
    browser = visitor(one.user)
    assert "Créer mon adresse" in text(browser.get(PAGE))
    made = browser.post(PAGE, fields_of(browser.get(PAGE)), follow=True)
    assert "Votre adresse est prête : copiez-la dans votre agenda." in text(made)
    first = address(one)
    assert first in made.content.decode()
    form = {"once_key": key(one)}
    renewed = browser.post(PAGE, form, follow=True).content.decode()
    assert (address(one) in renewed, address(one) == first) == (True, False)
    ended = browser.post(PAGE, {"once_key": key(one), "fin": "1"}, follow=True)
    assert "L’adresse ne répond plus." in text(ended)
    assert CalendarAddress.objects.count() == 0
    forged = browser.post(PAGE, {"once_key": "x"}, follow=True)
    assert CalendarAddress.objects.count() == 0
    assert "Cette page" in text(forged)
