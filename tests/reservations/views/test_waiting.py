"""The pages of a waiting list: the day says its state, the order what waits, the place its rank and its answer."""

import re
from datetime import date
from html import unescape

import pytest

from reservations.models import Billing, Booking, Session, WaitlistEntry
from tests.client import once_keys
from tests.factories.reservations import FRIDAY, LOUANE, THURSDAY, TUESDAY, cancel, choose, household, instant, session
from tests.factories.waiting import full_day, queue_up, standing
from tests.reservations.reading import offered_days, text

pytestmark = pytest.mark.django_db
BOOKINGS = "/reservations/mes-reservations/"


def path(entry):
    return f"/reservations/liste-d-attente/{entry.pk}/"


def calendar(it):
    return f"/reservations/activite/{it.activity.slug}/"


def said(response):
    """Of each day of the calendar, what is said aloud, by its day and month."""
    page = unescape(response.content.decode()).replace("\xa0", " ")
    days = re.findall(r'(?:aria-label="|<span class="visually-hidden">)(\w+ \d+ novembre), ([^"<]+)["<]', page)
    return dict(days)


def offered_to(home=None):
    """A day whose only place is offered to a family."""
    it, [first] = full_day(offer_only_days=30)
    entry = queue_up(it, home=home)
    cancel(first, first.booking)
    return it, entry


@pytest.mark.seed("S4-74", "S4-75", "S4-76")
def test_the_calendar_says_full_waitable_waiting_and_last_places(visitor):
    it, _ = full_day(last_places=2)
    session(it.activity, THURSDAY, capacity=1, booked=0)
    session(it.activity, FRIDAY, capacity=0)
    home = household()
    page = visitor(home.user).get(f"{calendar(it)}?mois=2026-11")
    open_days = {day: words for day, words in said(page).items() if words != "fermé"}
    assert open_days == {
        "mardi 10 novembre": "complet, liste d’attente ouverte",
        "jeudi 12 novembre": "libre, dernières places, réservable jusqu’au mercredi 11 novembre à 23 h 59",
        "vendredi 13 novembre": "complet",
    }
    assert offered_days(page) == [TUESDAY.isoformat(), THURSDAY.isoformat()]
    entry = queue_up(it)
    told = said(visitor(entry.home.user).get(f"{calendar(it)}?mois=2026-11"))
    assert told["mardi 10 novembre"] == "en liste d’attente, 1er sur la liste"


def test_the_day_of_a_place_that_is_offered_says_until_when(visitor, time_machine):
    time_machine.move_to(instant(date(2026, 11, 2), "09:00"), tick=False)
    it, entry = offered_to()
    told = said(visitor(entry.home.user).get(f"{calendar(it)}?mois=2026-11"))
    assert told["mardi 10 novembre"] == "place proposée jusqu’au mardi 3 novembre à 9 h"


def test_the_list_of_activities_says_last_places(visitor):
    it, _ = full_day(last_places=2)
    client = visitor(household().user)
    assert "Dernières places" not in text(client.get("/reservations/rubrique/cantine/"))
    session(it.activity, THURSDAY, capacity=2)
    assert "Dernières places" in text(client.get("/reservations/rubrique/cantine/"))


@pytest.mark.seed("S4-89", "S4-90", "S4-91", "S4-92", "S4-102")
@pytest.mark.parametrize(
    ("billing", "page"), [(Billing.PREPAID, "/reservations/panier/"), (Billing.DEFERRED, "/reservations/demandes/")]
)
def test_confirming_shows_what_was_waitlisted_and_refused(visitor, billing, page):
    it, _ = full_day(billing=billing)
    other = session(it.activity, THURSDAY, capacity=1)
    home = household()
    choose(home, it.activity, TUESDAY, THURSDAY)
    client = visitor(home.user)
    shown = client.get(page)
    assert "Mise en liste d’attente" in text(shown)
    Session.objects.filter(pk=other.pk).update(capacity=0)
    answer = client.post(page, {"once_key": once_keys(shown)[0]}, follow=True)
    words = text(answer)
    assert "Remarques concernant vos réservations" in words
    hours = "11:30 13:30" if billing == Billing.PREPAID else "09:00 17:30"
    name = it.activity.name
    assert f"mardi 10 novembre Louane Dupont {name} {hours} Mise en liste d’attente" in words
    assert f"jeudi 12 novembre Louane Dupont {name} {hours} Refusée (complet)" in words
    assert "IMPORTANT : si des places en liste d’attente ne vous intéressent plus" in words.replace("\xa0", " ")
    assert standing(it) == (1, 0, 1)


def test_a_cart_that_only_waits_asks_for_no_money(visitor):
    it, _ = full_day()
    home = household(0)
    choose(home, it.activity, TUESDAY)
    client = visitor(home.user)
    shown = client.get("/reservations/panier/")
    assert "Demander la mise en liste d’attente" in text(shown)
    client.post("/reservations/panier/", {"once_key": once_keys(shown)[0]})
    assert (standing(it), home.balance) == ((1, 0, 1), 0)


def test_my_bookings_show_ranks_and_offers_and_lead_to_the_place(visitor):
    it, entry = offered_to()
    second = queue_up(it)
    third = queue_up(it)
    words = text(visitor(entry.home.user).get(BOOKINGS))
    assert "Place proposée mardi 3 novembre" in words
    assert "Répondre" in words
    words = text(visitor(third.home.user).get(BOOKINGS))
    assert "2e sur la liste" in words
    assert path(second) in visitor(second.home.user).get(BOOKINGS).content.decode()


def test_the_first_page_says_that_a_place_is_offered(visitor):
    _, entry = offered_to()
    page = visitor(entry.home.user).get("/mon-compte/")
    assert "Une place vous est proposée" in text(page)
    assert path(entry) in page.content.decode()


def test_a_place_is_confirmed_on_its_page(visitor):
    it, entry = offered_to()
    client = visitor(entry.home.user)
    accept, _ = once_keys(client.get(path(entry)))
    answer = client.post(path(entry), {"once_key": accept, "confirmer": "1"}, follow=True)
    assert "La place est réservée." in text(answer)
    assert (standing(it), entry.home.balance) == ((1, 0, 0), 9620)
    assert "Vous n’attendez plus de place ce jour-là." in text(client.get(path(entry)))


def test_a_place_is_refused_on_its_page(visitor):
    it, entry = offered_to()
    client = visitor(entry.home.user)
    _, refuse = once_keys(client.get(path(entry)))
    client.post(path(entry), {"once_key": refuse})
    assert (standing(it), entry.home.balance) == ((0, 0, 0), 10_000)


@pytest.mark.seed("S4-103")
def test_a_family_leaves_the_list_on_its_page(visitor):
    it, _ = full_day()
    entry = queue_up(it)
    client = visitor(entry.home.user)
    page = client.get(path(entry))
    assert "1er sur la liste" in text(page)
    answer = client.post(path(entry), {"once_key": once_keys(page)[0]}, follow=True)
    assert "Vous n’attendez plus cette place." in text(answer)
    assert (standing(it), WaitlistEntry.objects.get().status) == ((1, 0, 0), "left")


def test_a_wallet_that_cannot_pay_is_told_on_the_page_and_the_place_stays_held(visitor):
    it, [first] = full_day()
    entry = queue_up(it, cents=0)
    cancel(first, first.booking)
    client = visitor(entry.home.user)
    accept = once_keys(client.get(path(entry)))[0]
    answer = client.post(path(entry), {"once_key": accept, "confirmer": "1"}, follow=True)
    assert "Il manque 3,80 € dans votre porte-monnaie." in text(answer)
    assert standing(it) == (0, 1, 0)


@pytest.mark.parametrize("sent", [{}, {"once_key": "x"}, {"once_key": "x", "confirmer": "1"}])
def test_a_forged_answer_changes_nothing(visitor, sent):
    it, entry = offered_to()
    visitor(entry.home.user).post(path(entry), sent)
    assert (standing(it), Booking.objects.active().count()) == ((0, 1, 0), 0)


def test_another_family_finds_nothing_there(visitor):
    _, entry = offered_to()
    client = visitor(household(10_000, LOUANE).user)
    assert [client.get(path(entry)).status_code, client.post(path(entry)).status_code] == [404, 404]
