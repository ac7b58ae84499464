"""The portal with scripts off: the same journeys, each step a page."""

from datetime import date

import pytest
from playwright.sync_api import expect

from accounts.actions import validate_account
from accounts.models import User
from reservations.models import Booking
from tests.factories.wallet import wallet_with
from tests.journeys.reading import balance, click, day, follow, press, read, rows, tick, title
from tests.journeys.town import PASSWORD, add_child, add_duponts, add_parent
from wallet.models import Purse


@pytest.fixture
def visit_plain(visit):
    """Open a window where scripts are off."""

    def visit_plain(*args, **options):
        return visit(*args, java_script_enabled=False, **options)

    return visit_plain


def test_guide_003_whole(visit_plain, town, code_for):
    page = visit_plain()
    follow(page, "Connexion")
    press(page, "Créer votre compte")
    fill_step_1(page)
    page.get_by_label("Code reçu par e-mail").fill(code_for("claire@example.org"))
    press(page, "Confirmer")
    assert [row[1] for row in rows(page.locator("main"))] == ["Louane"]
    fill_member(page.locator("main"), "Théo", ("12", "juillet", "2013"))
    press(page, "Enregistrer")
    follow(page, "Continuer >")
    page.get_by_role("radio", name="Cantine scolaire de Aiguilhe").check()
    press(page, "Valider")
    assert title(page) == "En attente de validation"

    claire = User.objects.get(email="claire@example.org")
    validate_account(agent=town.agent, user=claire)
    wallet_with(2000, claire.guardian.family)

    page.goto("/mon-compte/")
    follow(page, "Vérifier mes informations")
    press(page, "Je certifie que ces informations sont exactes")
    follow(page, "Cantine")
    click(page.get_by_role("link", name="Réservation de repas Cantines Aiguilhe"))
    book_and_pay(page)
    assert balance(page) == "4,80 €"

    follow(page.locator("main"), "Mes réservations")
    click(page.get_by_role("link", name="Annuler Réservation de repas Cantines Aiguilhe, Louane, 18-03-2027"))
    press(page, "Annuler la réservation")
    assert balance(page) == "8,60 €"
    press(page, "Se déconnecter")
    expect(page.get_by_role("link", name="Connexion")).to_be_visible()


def fill_step_1(page):
    press(page, "Ajouter nouveau bénéficiaire +")
    fill_member(page.get_by_role("group", name="Bénéficiaire 1"), "Louane", ("10", "mai", "2018"))
    page.get_by_label("* Prénom", exact=True).fill("Claire")
    page.get_by_label("* Nom", exact=True).fill("Dupont")
    page.get_by_label("* Adresse e-mail").fill("claire@example.org")
    page.get_by_label("* Mot de passe").fill(PASSWORD)
    page.get_by_role("checkbox", name="J’accepte").check()
    press(page, "Enregistrer >")


def fill_member(where, first_name, birth):
    where.get_by_label("* Nom du bénéficiaire").fill("Dupont")
    where.get_by_label("* Prénom du bénéficiaire").fill(first_name)
    for label, choice in zip(("Jour", "Mois", "Année"), birth, strict=True):
        where.get_by_label(label, exact=True).select_option(choice)


def book_and_pay(page):
    """« Rafraîchir » prices what is ticked; the order is placed and paid."""
    tick(page, "jeudi 18 mars", "vendredi 19 mars")
    press(page, "Rafraîchir")
    assert "15,20 €" in read(page.locator("#recap"))
    press(page, "Ajouter au panier")
    assert "(4 produits)" in read(page.locator("main"))
    press(page, "Payer avec mon porte-monnaie (le traitement de la commande sera plus court)")


def test_ticks_are_kept_from_month_to_month_and_whole_weeks_are_picked(visit_plain, town):
    page = visit_plain(add_duponts(town.aiguilhe), "/reservations/activite/cantine-aiguilhe/?mois=2027-03")
    tick(page, "jeudi 18 mars")
    press(page, "Mois suivant, Avril 2027")
    press(page, "Toute la semaine du lundi 26 avril")
    assert page.locator("[name=jour]:checked").count() == 4
    press(page, "Mois précédent, Mars 2027")
    expect(day(page, "jeudi 18 mars")).to_be_checked()
    assert "Théo · 5 repas" in read(page.locator("#recap"))
    press(page, "Tout effacer")
    expect(day(page, "jeudi 18 mars")).not_to_be_checked()
    press(page, "Tout le mois")
    assert "Théo · 19 repas" in read(page.locator("#recap"))  # the 15 of March and the 4 kept in April


def test_a_typical_week_fills_the_cart(visit_plain, town):
    page = visit_plain(add_duponts(town.aiguilhe), "/reservations/activite/cantine-aiguilhe/")
    follow(page, "Réserver une semaine type sur une période")
    page.get_by_role("checkbox", name="Mardi").check()
    page.get_by_role("checkbox", name="Vendredi").check()
    page.get_by_role("checkbox", name="Louane Dupont").uncheck()
    page.get_by_label("* Du", exact=True).fill("2027-03-08")
    page.get_by_label("* Au", exact=True).fill("2027-03-21")
    press(page, "Ajouter au panier")
    assert rows(page.locator("main"))[0][1] == (
        "Bénéficiaire : Théo Dupont Dates : 09-03-2027, 12-03-2027, 16-03-2027, 19-03-2027"
    )


def test_guide_004_asks_goes_back_changes_and_validates(visit_plain, town):
    parent = add_parent(town.cestas, "Jean-Paul")
    wallet_with(10000, parent.guardian.family, Purse.objects.get(code="cdc"))
    add_child(parent.guardian.family, "Antoine", date(2022, 3, 4))
    page = visit_plain(parent, "/reservations/")
    click(page.get_by_role("group", name="Activité concernée").get_by_text("ALSH 3-6 ans Matin"))
    press(page, "Afficher le calendrier")
    tick(page, "mercredi 10 mars", "mercredi 17 mars")
    press(page, "Valider")
    follow(page, "Retour")
    click(page.get_by_role("group", name="Activité concernée").get_by_text("ALSH 3-6 ans Matin"))
    press(page, "Afficher le calendrier")
    day(page, "mercredi 10 mars").uncheck()
    press(page, "Valider")
    press(page, "Valider")
    assert [(str(each.session.date), each.cents) for each in Booking.objects.active()] == [("2027-03-17", 475)]
