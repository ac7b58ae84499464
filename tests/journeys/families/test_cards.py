"""Guides 002 and 003 with a card: preloading the wallet, paying the cart, the wallet and the card together."""

import pytest

from reservations.models import Booking, Session
from tests.journeys.conftest import PHONE
from tests.journeys.guides.test_guide_002 import balance
from tests.journeys.reading import click, follow, press, read, tick
from tests.journeys.town import add_duponts
from wallet.models import CardPayment

CARD = "Payez par Carte Bancaire (CB, VISA, MASTERCARD, ...)"
CANTEEN = "/reservations/activite/cantine-aiguilhe/?mois=2027-03"


def to_cart(page):
    """Two days for the two children: 15,20 €."""
    page.goto(CANTEEN)
    tick(page, "jeudi 18 mars", "vendredi 19 mars")
    press(page, "Ajouter au panier")


def pay(page, amount, card="4242 4242 4242 4242"):
    page.get_by_label("Numéro de carte").fill(card)
    press(page, f"Payer {amount}")


@pytest.mark.seed("S2-57", "S2-58", "S2-69", "S2-70", "S2-71", "S3-4", "S3-82", "S3-83")
@pytest.mark.parametrize("scripts", [True, False])
def test_the_wallet_is_preloaded_with_50_euros(visit, town, secure, scripts):
    page = visit(add_duponts(town.saint_marcel, 1240), "/mon-compte/", PHONE, java_script_enabled=scripts)
    follow(page.locator("main"), "Mon porte-monnaie")
    click(page.locator("header").get_by_role("link", name="Recharger mon crédit"))
    page.get_by_label("50,00 €").check()
    press(page, CARD)
    pay(page, "50,00 €")
    text = read(page.locator("main"))
    assert "Mon porte-monnaie est à nouveau crédité de 50,00 €." in text
    assert "Nouveau solde : 62,40 €" in text
    assert balance(page) == "62,40 €"


@pytest.mark.seed("S2-56", "S3-5", "S3-81", "S3-94", "S3-95", "S3-107")
@pytest.mark.parametrize("scripts", [True, False])
def test_the_cart_of_guide_003_is_paid_by_card(visit, town, secure, scripts, letters):
    claire = add_duponts(town.aiguilhe)
    page = visit(claire, "/mon-compte/", java_script_enabled=scripts)
    to_cart(page)
    assert read(page.locator("h1")) == "Confirmez votre réservation"
    press(page, CARD)
    pay(page, "15,20 €")
    assert "Votre paiement de 15,20 € est accepté." in read(page.locator("main"))
    assert "Payé par carte : 15,20 €" in read(page.locator("main"))
    assert (Booking.objects.active().count(), balance(page)) == (4, "0,00 €")
    subjects = {letter.subject for letter in letters(claire.email)}
    assert subjects == {"Votre paiement de 15,20 € est enregistré", "Votre réservation est confirmée"}


@pytest.mark.seed("S3-5", "S3-95")
def test_the_wallet_and_the_card_pay_together(visit, town, secure):
    page = visit(add_duponts(town.aiguilhe, 1000), "/mon-compte/")
    to_cart(page)
    press(page, "Payer 10,00 € avec mon porte-monnaie et 5,20 € par carte")
    pay(page, "5,20 €")
    assert (Booking.objects.active().count(), balance(page)) == (4, "0,00 €")


def test_a_refused_card_then_leaving_keeps_the_cart_and_frees_the_places(visit, town, secure):
    page = visit(add_duponts(town.aiguilhe), "/mon-compte/")
    to_cart(page)
    press(page, CARD)
    pay(page, "15,20 €", "4000 0000 0000 0002")
    assert "refusée" in read(page.get_by_role("alert"))
    page.goto("/reservations/panier/")
    assert "Un paiement de 15,20 € est en cours" in read(page.locator("main"))
    press(page, "Abandonner le paiement")
    assert "rien n’a été débité" in read(page.locator("main"))
    assert (CardPayment.objects.get().status, Booking.objects.count()) == ("expired", 0)
    assert set(Session.objects.values_list("held", flat=True)) == {0}
    press(page, CARD)
    pay(page, "15,20 €")
    assert Booking.objects.active().count() == 4


def test_the_way_back_of_the_payment_page_leads_to_the_cart(visit, town, secure):
    page = visit(add_duponts(town.aiguilhe), "/mon-compte/")
    to_cart(page)
    press(page, CARD)
    click(page.get_by_role("link", name="Retour"))
    assert read(page.locator("h1")) == "Confirmez votre réservation"
    assert "rien n’est réservé" in read(page.locator("main"))
