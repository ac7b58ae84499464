"""« Recharger mon crédit »: the amount that is typed is the amount that is paid; what contradicts itself is asked about."""

import pytest

from tests.factories.wallet import spend, wallet_with
from tests.journeys.conftest import PHONE
from tests.journeys.families.test_cards import CARD, pay
from tests.journeys.guides.test_guide_002 import balance
from tests.journeys.reading import click, press, read
from tests.journeys.town import add_duponts
from wallet.models import CardPayment, Purse

TOP_UP = "/porte-monnaie/recharger/"


@pytest.mark.parametrize("scripts", [True, False])
def test_45_typed_pays_45_and_two_amounts_are_asked_about(visit, town, secure, scripts):
    page = visit(add_duponts(town.saint_marcel, 1240), TOP_UP, PHONE, java_script_enabled=scripts)
    assert page.locator("[name=offered]:checked").count() == 0
    page.get_by_label("20,00 €").check()
    page.get_by_label("Autre montant", exact=True).fill("45")
    press(page, CARD)
    assert "Vous avez coché 20,00 € et écrit 45,00 €" in read(page.get_by_role("alert").first)
    assert CardPayment.objects.count() == 0
    page.get_by_label("Un autre montant").check()
    press(page, CARD)
    pay(page, "45,00 €")
    assert "Mon porte-monnaie est à nouveau crédité de 45,00 €." in read(page.locator("main"))
    assert balance(page) == "57,40 €"


def test_45_typed_alone_pays_45(visit, town, secure):
    page = visit(add_duponts(town.saint_marcel, 0), TOP_UP)
    page.get_by_label("Autre montant", exact=True).fill("45")
    press(page, CARD)
    pay(page, "45,00 €")
    assert balance(page) == "45,00 €"


def test_what_a_purse_owes_is_said_at_the_top_and_chosen_beforehand(visit, town, secure):
    claire = add_duponts(town.saint_marcel, 5760)
    other = wallet_with(0, claire.guardian.family, Purse.objects.get(code="cdc"))
    spend(other, 1990, kind="deferred_debit")
    page = visit(claire, "/mon-compte/")
    assert "dû 19,90 €" in read(page.locator(".pv-owed"))
    click(page.locator("header").get_by_role("link", name="Recharger mon crédit"))
    assert page.get_by_label("19,90 €, ce qui reste à régler").is_checked()
    press(page, CARD)
    pay(page, "19,90 €")
    assert balance(page) == "57,60 €"
    assert page.locator(".pv-owed").count() == 0
