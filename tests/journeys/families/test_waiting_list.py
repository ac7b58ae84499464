"""Guide 004: a full day, its waiting list, the place that comes free; and what follows on « Suivi »."""

import re
from datetime import date

import pytest
from playwright.sync_api import expect

from reservations.actions.telling.reports import settle_and_report
from reservations.models import Activity, Session
from tests.client import PortalClient
from tests.factories.reservations import Household, book, choose, confirm
from tests.factories.wallet import wallet_with
from tests.journeys.conftest import PHONE
from tests.journeys.guides.test_guide_004 import DAY, ask, square
from tests.journeys.reading import click, day, follow, messages, plain, press, read, rows, tick, title
from tests.journeys.town import add_child, add_parent
from wallet.models import Purse

FULL, FILLING, FREE = WEDNESDAYS = [date(2027, 3, 10), date(2027, 3, 17), date(2027, 3, 24)]
SPOKEN = ["mercredi 10 mars", "mercredi 17 mars", "mercredi 24 mars"]


@pytest.fixture
def centre(town):
    """The leisure centre, whose first Wednesday has one place, and a list on which a place is always offered."""
    Activity.objects.filter(name=DAY).update(offer_only_days=30)
    centre = Activity.objects.get(name=DAY)
    centre.sessions.filter(date=FULL).update(capacity=1, waiting_capacity=2)
    return centre


@pytest.fixture
def join(town):
    """Make a family of Cestas with a child of that age: ``join("Nadia", "Inès")``."""

    def join(first_name, child):
        user = add_parent(town.cestas, first_name)
        family = user.guardian.family
        purse = wallet_with(10000, family, Purse.objects.get(code="cdc"))
        return Household(user, family, purse, [add_child(family, child, date(2022, 3, 4))])

    return join


@pytest.fixture
def nadia(join, centre):
    """The family that has the place."""
    home = join("Nadia", "Inès")
    book(home, centre.sessions.get(date=FULL))
    return home


def rank(page):
    """State of each place waited for, as « Suivi » and « Mes réservations » show it, and what can be done."""
    table = page.locator("section", has=page.get_by_role("heading", name="En liste d’attente"))
    return [(row[0], row[3], row[5].split(" :")[0]) for row in rows(table)]


def states(page):
    """« Suivi »: each day and its state."""
    table = page.locator("section", has=page.get_by_role("heading", name="Vos réservations"))
    return [(row[0], row[5]) for row in rows(table)]


@pytest.mark.seed("S4-74", "S4-89", "S4-90", "S4-91", "S4-92", "S4-94", "S4-96", "S4-97", "S4-99", "S4-100", "S4-104")
def test_a_family_waits_for_a_full_day_is_offered_its_place_and_confirms_it(visit, centre, nadia, join, letters):
    home = join("Claire", "Antoine")
    page = visit(home.user, "/reservations/", size=PHONE)
    ask_days(page)
    centre.sessions.filter(date=FILLING).update(capacity=0)  # taken by others since
    press(page, "Valider")
    told = page.locator("section", has=page.get_by_role("heading", name="Remarques concernant vos réservations"))
    assert rows(told) == [
        [SPOKEN[0], "Antoine Dupont", DAY, "09:00", "17:30", "Mise en liste d’attente"],
        [SPOKEN[1], "Antoine Dupont", DAY, "09:00", "17:30", "Refusée (complet)"],
    ]
    follow(page, "Suivi")
    assert rank(page) == [(SPOKEN[0], "1er sur la liste", "Quitter la liste")]
    assert states(page) == [(SPOKEN[2], "Non transmis")]

    neighbour = visit(nadia.user, "/reservations/mes-reservations/")
    follow(neighbour, f"Annuler {DAY}, Inès, 10-03-2027")
    press(neighbour, "Annuler la réservation")

    letter = letters(home.user.email)[-1]
    assert letter.subject == "Une place vous est proposée : confirmez-la"
    page.goto(re.search(r"/reservations/liste-d-attente/\d+/", letter.body).group())
    assert title(page) == "Une place vous est proposée"
    press(page, "Confirmer la place")
    assert messages(page) == ["La place est réservée."]
    follow(page, "Suivi")
    assert states(page) == [(SPOKEN[0], "Non transmis"), (SPOKEN[2], "Non transmis")]
    settle_and_report(date(2027, 3, 2))
    page.reload()
    assert states(page) == [(SPOKEN[0], "Validée"), (SPOKEN[2], "Validée")]
    assert f"{DAY}" in plain(letters(home.user.email)[-1].body)


def ask_days(page):
    """Ask for the full day, which says so, and for two others, as far as the recap."""
    ask(page, *SPOKEN[1:])
    follow(page, "Retour")
    page.goto(f"/reservations/?activite={Activity.objects.get(name=DAY).pk}")
    full = square(page, SPOKEN[0])
    expect(full.locator("svg").first).to_be_visible()
    assert day(page, SPOKEN[0]).get_attribute("aria-label") == f"{SPOKEN[0]}, complet, liste d’attente ouverte"
    assert "liste d’attente" in plain(full.text_content())
    tick(page, SPOKEN[0])
    press(page, "Valider")
    waited = page.locator("section", has=page.get_by_role("heading", name="Mise en liste d’attente"))
    assert [row[0] for row in rows(waited)] == [SPOKEN[0]]


@pytest.mark.seed("S4-76", "S4-102", "S4-103")
def test_without_scripts_a_family_waits_second_and_leaves_the_list(visit, centre, nadia, join):
    first = join("Paul", "Malo")
    choose(first, centre, FULL)
    confirm(first, centre.billing)
    page = visit(join("Claire", "Antoine").user, "/reservations/", size=PHONE, java_script_enabled=False)
    ask(page, SPOKEN[0])
    press(page, "Valider")
    assert "si des places en liste d’attente ne vous intéressent plus, retirez-les" in read(page.locator("main"))
    follow(page, "Suivi")
    assert rank(page) == [(SPOKEN[0], "2e sur la liste", "Quitter la liste")]
    click(page.get_by_role("link", name=re.compile("^Quitter la liste")))
    press(page, "Retirer de la liste d’attente")
    assert messages(page) == ["Vous n’attendez plus cette place."]
    assert Session.objects.values_list("booked", "waiting").get(activity=centre, date=FULL) == (1, 1)


def test_without_scripts_the_private_calendar_is_made_and_renewed(visit, nadia):
    page = visit(nadia.user, "/reservations/suivi/", java_script_enabled=False)
    assert states(page) == [(SPOKEN[0], "Non transmis")]
    follow(page, "Suivre vos réservations dans votre agenda")
    press(page, "Créer mon adresse")
    old = address(page)
    press(page, "Renouveler l’adresse")
    assert [status_of(old), status_of(address(page))] == [404, 200]
    press(page, "Supprimer l’adresse")
    expect(page.get_by_role("button", name="Créer mon adresse")).to_be_visible()


def address(page):
    """The address to copy, as a path."""
    return re.search(r"/reservations/agenda/.+\.ics$", page.get_by_label("Adresse à copier").input_value()).group()


def status_of(path):
    """What a program that never signed in is answered there."""
    return PortalClient().get(path).status_code
