"""What ticking days never does behind a family's back, and who takes a place without having paid it."""

import re
from datetime import date

import pytest

from reservations.models import Activity, Booking, CartLine
from services.actions import accept_lines
from services.models import Audience, RequestLine, Service
from tests.journeys.conftest import PHONE
from tests.journeys.reading import click, day, messages, press, read, tick
from tests.journeys.town import add_child, add_duponts, add_parent

CANTEEN = "/reservations/activite/cantine-aiguilhe/?mois=2027-03"
WEEK = "/reservations/activite/cantine-aiguilhe/semaine-type/"
CENTRE = "ALSH 3-6 ans Journée"


@pytest.fixture
def claire(visit, town):
    """Claire at her browser: Thursday 18 March is booked for Louane and Théo."""
    page = visit(add_duponts(town.aiguilhe, cents=5000), CANTEEN)
    tick(page, "jeudi 18 mars")
    press(page, "Ajouter au panier")
    pay(page)
    assert booked() == [date(2027, 3, 18)] * 2
    return page


def pay(page):
    click(page.get_by_role("button", name=re.compile("^Payer avec mon porte-monnaie")))


def booked():
    return list(Booking.objects.active().order_by("session__date").values_list("session__date", flat=True))


def in_cart():
    """The acts in the cart, with how many lines each."""
    acts = list(CartLine.objects.values_list("act", flat=True))
    return {act: acts.count(act) for act in acts}


def typical_week(page, *weekdays):
    page.goto(WEEK)
    for name in weekdays:
        page.get_by_role("checkbox", name=name).check()
    page.get_by_label("* Du", exact=True).fill("2027-03-15")
    page.get_by_label("* Au", exact=True).fill("2027-03-21")
    press(page, "Ajouter au panier")


def test_a_typical_week_adds_to_what_is_booked_and_cancels_nothing(claire):
    typical_week(claire, "Jeudi", "Vendredi")
    assert messages(claire) == ["2 repas dans votre panier.", "Déjà réservé, rien n’y change : 2 repas."]
    assert in_cart() == {"book": 2}
    assert "Annulation" not in read(claire.locator("main"))
    pay(claire)
    assert booked() == [date(2027, 3, 18)] * 2 + [date(2027, 3, 19)] * 2


def test_a_week_and_a_month_filled_by_one_button_leave_a_booked_day_alone(claire):
    claire.goto(CANTEEN)
    click(claire.get_by_role("button", name=re.compile("^Toute la semaine du lundi 15 mars")))
    assert not day(claire, "jeudi 18 mars").is_checked()
    click(claire.get_by_role("button", name="Tout le mois"))
    assert not day(claire, "jeudi 18 mars").is_checked()
    press(claire, "Ajouter au panier")
    assert in_cart().keys() == {"book"}


def test_only_the_box_of_the_day_itself_gives_it_up_and_the_message_says_so(claire):
    claire.goto(CANTEEN)
    tick(claire, "jeudi 18 mars", "vendredi 19 mars")
    recap = claire.get_by_role("complementary")
    recap.get_by_text("Annulations : jeudi 18 mars").or_(recap.get_by_text("Annulations : 18 mars")).first.wait_for()
    press(claire, "Ajouter au panier")
    assert messages(claire) == [
        "2 repas dans votre panier.",
        "À annuler : 2 repas dans votre panier, à confirmer.",
    ]
    assert in_cart() == {"book": 2, "cancel": 2}
    assert booked() == [date(2027, 3, 18)] * 2  # nothing is cancelled before it is confirmed


def test_a_page_drawn_before_the_day_was_booked_cancels_nothing(visit, town):
    parent = add_duponts(town.aiguilhe, cents=5000)
    first, second = (visit(parent, CANTEEN) for _ in range(2))
    for page in (first, second):
        tick(page, "jeudi 18 mars")
    press(first, "Ajouter au panier")
    pay(first)
    press(second, "Ajouter au panier")
    assert messages(second) == ["Déjà réservé, rien n’y change : 2 repas."]
    assert (in_cart(), booked()) == ({}, [date(2027, 3, 18)] * 2)


@pytest.fixture
def credit(town):
    """Cestas's leisure centre is open to every validated family; who books there on credit is its own to say."""
    service = Service.objects.get(commune=town.cestas)
    Service.objects.filter(pk=service.pk).update(credit_to_all=False)
    Audience.objects.create(service=service, name="Hors commune", residence="outside", people="children")
    return service


def test_a_family_of_elsewhere_without_money_asks_the_centre_before_it_takes_a_place(visit, town, credit):
    parent = add_parent(town.saint_marcel, "Nadia", purse="cdc")
    add_child(parent.guardian.family, "Inès", date(2022, 3, 4))
    page = visit(parent, "/reservations/", size=PHONE)
    show(page)
    sentence = "l’accès au service « Cestas – Centres de loisirs » n’est pas encore accepté : faites la demande"
    assert sentence in read(page.locator("main"))
    assert page.locator("[name=jour]").count() == 0

    click(page.locator("main").get_by_role("link", name="Mes services"))
    click(page.get_by_text("Cestas", exact=True))
    page.get_by_role("radio", name=re.compile("Centres de loisirs")).check()
    press(page, "Valider")
    page.get_by_role("radio", name="Hors commune").check()
    press(page, "Valider")
    line = RequestLine.objects.get()
    accept_lines(agent=town.agent, lines=[line.pk])

    page.goto("/reservations/")
    show(page)
    tick(page, "mercredi 10 mars")
    press(page, "Valider")
    press(page, "Valider")
    assert booked() == [date(2027, 3, 10)]


def show(page):
    """« Sélection »: the centre's calendar."""
    click(page.get_by_role("group", name="Activité concernée").get_by_text(CENTRE))
    press(page, "Afficher le calendrier")


def test_the_setting_of_the_service_says_in_words_what_it_allows(visit, town, credit):
    page = visit(town.manager, f"/admin/services/service/{credit.pk}/change/")
    box = page.get_by_role("checkbox", name="Paiement différé sans demande d’accès")
    assert not box.is_checked()
    said = read(page.locator("main"))
    assert "toute famille validée, par n’importe quelle commune et même sans argent" in said
    box.check()
    click(page.get_by_role("button", name="Enregistrer", exact=True))
    credit.refresh_from_db()
    assert credit.credit_to_all is True
    assert Activity.objects.filter(service=credit).count() == 3
