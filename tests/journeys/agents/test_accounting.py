"""The accountant closes a month and compares with Stripe, in a browser, scripts on or off."""

from datetime import date

from playwright.sync_api import expect

from tests.access import book
from tests.journeys.every_page.test_pages import each_size, faults_of
from tests.journeys.reading import follow, press, title
from tests.journeys.town import add_duponts
from tests.wallet.actions.test_cards import opened
from wallet.models import CardPayment


def test_a_month_is_closed_with_scripts_off(visit, town):
    claire = add_duponts(town.aiguilhe, 5000)
    book(claire, "cantine-aiguilhe", date(2027, 3, 18))
    page = visit(town.manager, "/admin/", java_script_enabled=False)
    follow(page, "Comptabilité du mois")
    assert title(page) == "Récapitulatif de mars 2027"
    expect(page.get_by_text("Contrôle : le mois tombe juste.")).to_be_visible()
    with page.expect_download() as downloaded:
        follow(page, "Imprimer (PDF)")
    assert downloaded.value.suggested_filename == "Récapitulatif mars 2027.pdf"
    page.get_by_label("Mois", exact=True).fill("2027-02")
    press(page, "Afficher")
    assert title(page) == "Récapitulatif de février 2027"
    follow(page.get_by_role("main"), "Mois suivant")
    page.goto("/admin/")
    follow(page, "Journal du jour")
    assert title(page) == "Journal du lundi 1er mars"


@each_size
def test_a_payment_that_stripe_alone_knows_is_taken_up(visit, town, stripe_double, size):
    _, _, payment = opened(5000)
    stripe_double.pay(payment.session)
    opened(3000)
    page = visit(town.manager, "/admin/comptabilite/stripe/", size=size)
    assert faults_of(page)[0] == []
    visit.faults.clear()  # axe itself sets styles, which the policy refuses
    press(page, "Reprendre ces paiements")
    expect(page.get_by_text("Tout concorde.")).to_be_visible()
    payments = CardPayment.objects.order_by("pk")
    assert [each.status for each in payments] == [CardPayment.Status.PAID, CardPayment.Status.OPEN]
