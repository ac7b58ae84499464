"""Guide 001 in a browser: an old lady pays her caregiver in three steps, with scripts and without."""

from datetime import date

import pytest
from playwright.sync_api import expect

from cesu.models import AidPayment
from tests.factories.aid import caregiver_with, right_with
from tests.factories.aid_payments import PASSWORD, home_with
from tests.journeys.conftest import PHONE
from tests.journeys.reading import choose_in_menu, click, press, read, title
from wallet import checks


@pytest.fixture
def home(clock):
    """Odette, who has 42 hours of March and knows nobody yet."""
    home = home_with(2520, months=[date(2027, 3, 1)])
    home.caregiver.known_by.all().delete()
    yield home
    assert list(checks.differences()) == []


def sign_in(page, home):
    page.get_by_label("Identifiant").fill(home.holder.code)
    page.get_by_label("Mot de passe").fill(PASSWORD)
    press(page, "Se connecter")


def find(page, home):
    """Step 1, as the guide tells."""
    choose_in_menu(page, "Payer mon intervenant")
    page.get_by_role("radio", name="Une personne physique (Emploi direct gré à gré)").check()
    page.get_by_label("Code NAN").fill(home.caregiver.nan)
    page.get_by_label("Date de naissance").fill("1979-02-03")
    press(page, "Rechercher")
    assert title(page) == "Payer Fatima Besson"


def confirm(page):
    """Step 3."""
    assert title(page) == "Confirmer le paiement"
    page.get_by_role("textbox", name="Votre mot de passe").fill(PASSWORD)


@pytest.mark.seed("S1-3", "S1-5", "S1-34", "S1-36", "S1-49", "S1-50", "S1-60", "S1-66")
def test_three_steps_pay_the_caregiver(visit, home):
    page = visit(path="/aide/")
    sign_in(page, home)
    find(page, home)
    page.get_by_label("Heures, Mars 2027").fill("12")
    page.get_by_label("Minutes, Mars 2027").fill("30")
    expect(page.locator("#totaux")).to_contain_text("12:30")
    assert read(page.locator("#totaux")) == "Total 12:30 Montant à débiter 60,10 €"
    press(page, "Valider")
    assert "60,10 € pour 12 h 30" in read(page.get_by_role("main"))
    confirm(page)
    press(page, "Confirmer le paiement")
    assert title(page) == "Paiement de Fatima Besson"
    assert "au plus tard le mercredi 3 mars" in read(page.get_by_role("main"))
    assert AidPayment.objects.get().minutes == 750
    choose_in_menu(page, "Historique")
    assert "Paiement de Fatima Besson" in read(page.get_by_role("main"))
    choose_in_menu(page, "Payer mon intervenant")
    expect(page.get_by_role("link", name="Fatima Besson")).to_be_visible()


@pytest.mark.seed("S1-56", "S1-60", "S1-62", "S1-70", "S1-72")
def test_without_scripts_the_steps_are_the_same_and_a_card_completes(visit, home, secure):
    page = visit(path="/aide/", size=PHONE, java_script_enabled=False)
    sign_in(page, home)
    find(page, home)
    page.get_by_role("checkbox", name="Tout utiliser, Mars 2027").check()
    page.get_by_role("checkbox", name="Je souhaite effectuer un complément de paiement par CB").check()
    page.get_by_label("Montant du complément, en euros").fill("150")
    click(page.get_by_role("button", name="Rafraîchir").last)
    assert "Participation aux frais de traitement 1,40 € Total débité sur votre carte 151,40 €" in read(
        page.locator("#totaux")
    )
    press(page, "Valider")
    confirm(page)
    press(page, "Confirmer et payer par carte")
    payment = AidPayment.objects.select_related("card_payment").get()
    assert page.url.startswith(secure.address)
    secure.pay(payment.card_payment.session)
    page.goto(f"/aide/{home.holder.pk}/paiements/{payment.reference}/carte/")
    assert "351,94 € pour 42 h 00" in read(page.get_by_role("main"))


def test_what_is_wrong_is_said_beside_its_box_while_typing(visit, home):
    right_with(home.account, 60, date(2027, 4, 1))
    caregiver = caregiver_with(home.holder)
    page = visit(home.user, f"/aide/{home.holder.pk}/payer/{caregiver.pk}/", size=PHONE)
    page.get_by_label("Minutes, Mars 2027").fill("75")
    fault = "les minutes vont de 0 à 59. Pour 75 minutes, écrivez 1 h 15."
    expect(page.locator(f"#faute-{home.rights[0].pk}")).to_have_text(fault)
    press(page, "Valider")
    assert page.get_by_label("Minutes, Mars 2027").input_value() == "75"
