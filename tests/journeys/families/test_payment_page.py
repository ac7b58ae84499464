"""The payment page of the double of Stripe, on a phone without scripts: a refusal, a question of the bank, a return."""

import pytest

from tests.doubles.test_stripe import a_payment
from tests.journeys.conftest import PHONE
from tests.journeys.every_page.test_pages import each_size, faults_of
from tests.journeys.reading import click, press, read
from wallet.gateways import stripe as gateway


@pytest.fixture
def payment(stripe_double):
    return gateway.create_checkout(a_payment(), f"{stripe_double.address}/retour")


@pytest.fixture
def window(browser):
    """Open a window: axe needs scripts of its own, so it looks at each page from another window."""
    contexts = []

    def opened(size, **options):
        contexts.append(browser.new_context(viewport=size, locale="fr-FR", **options))
        return contexts[-1].new_page()

    yield opened
    for context in contexts:
        context.close()


def type_card(page, number):
    page.get_by_label("Numéro de carte").fill(number)
    press(page, "Payer 15,20 €")


def test_a_card_is_refused_another_is_confirmed_and_the_payer_is_sent_back(window, stripe_double, payment):
    page = window(PHONE, java_script_enabled=False)
    page.goto(payment.url)
    type_card(page, "4000 0000 0000 9995")
    assert (
        read(page.get_by_role("alert")) == "Votre carte n’est pas assez approvisionnée. Essayez avec une autre carte."
    )
    click(page.get_by_role("link", name="4000 0025 0000 3155"))
    assert page.get_by_label("Numéro de carte").input_value() == "4000 0025 0000 3155"
    press(page, "Payer 15,20 €")
    press(page, "Oui, c’est moi")
    assert page.url == f"{stripe_double.address}/retour"
    assert gateway.read_checkout(payment.id).paid


def test_a_payer_may_leave_without_paying(window, stripe_double, payment):
    page = window(PHONE, java_script_enabled=False)
    page.goto(payment.url)
    click(page.get_by_role("link", name="Retour au portail sans payer"))
    assert page.url == f"{stripe_double.address}/retour?retour=1"
    assert gateway.read_checkout(payment.id).status == "open"


@each_size
@pytest.mark.parametrize("card", ["", "4000000000000002", "4000002500003155", "4242424242424242"])
def test_each_state_of_the_page_is_accessible(window, stripe_double, payment, size, card):
    page = window(size, bypass_csp=True)
    page.goto(payment.url)
    if card:
        type_card(page, card)
    if card == "4242424242424242":
        page.goto(payment.url)
    assert faults_of(page)[0] == []
