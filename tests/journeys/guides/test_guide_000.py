"""Guide 000 in a browser: an employer orders CESU, with scripts and without."""

import pytest
from playwright.sync_api import expect

from cesu.models import Ceiling, VoucherLine, VoucherOrder
from common.models import OutgoingEmail
from tests.factories.cesu import beneficiary_of, employer_with, issuing, manager_of, terms, transport
from tests.journeys.conftest import PHONE
from tests.journeys.every_page.test_pages import faults_of
from tests.journeys.reading import click, follow, messages, plain, press, read, rows, title

PASSWORD = "Cantine-Facile-2026"


@pytest.fixture
def manager(clock):
    """Nadia, who orders for three people of the mairie."""
    employer = employer_with(client_reference="D445566", name="Mairie de Cestas")
    for last_name in ("Martin", "Élie", "Durand"):
        beneficiary_of(employer, last_name, usual_share=60)
    transport(4), transport(5)
    terms()
    issuing()
    return manager_of(employer, password=PASSWORD)


def sign_in(page):
    page.get_by_label("Référence client").fill("D445566")
    page.get_by_label("Mot de passe").fill(PASSWORD)
    press(page, "Connexion")


def cell(page, label, person):
    return page.get_by_label(f"{label}, {person}", exact=True)


def begin(page):
    """From the public page to the order table."""
    click(page.get_by_role("region", name="Espace Commandes").get_by_role("link", name="Connexion"))
    sign_in(page)
    follow(page, "Espace Commandes")
    press(page, "Commander")
    assert title(page) == "Tableau de commande"
    assert [row[0] for row in rows(page.locator("#tableau"))] == ["Durand Léa", "Élie Léa", "Martin Léa"]


def choose_delivery(page):
    page.get_by_role("radio", name="Colis sécurisé 4 jours").check()
    page.get_by_role("radio", name="lundi 8 mars", exact=True).check()
    press(page, "Suivant")
    assert title(page) == "Récapitulatif"


def validate(page):
    page.get_by_role("checkbox", name="J’ai lu et j’accepte les Conditions Générales de Vente").check()
    press(page, "Valider la commande")
    assert messages(page) == [
        "Votre commande est enregistrée. Vous recevrez dans quelques minutes un e-mail vous confirmant la prise en charge "
        "de votre commande."
    ]
    assert title(page) == "Commande C2027-000001"


@pytest.mark.seed(
    "S0-1", "S0-2", "S0-17", "S0-19", "S0-20", "S0-21", "S0-22", "S0-23", "S0-25", "S0-26", "S0-33", "S0-34"
)
@pytest.mark.seed("S0-35", "S0-36", "S0-37", "S0-38", "S0-39", "S0-40", "S0-41", "S0-57", "S0-61", "S0-67", "S0-76")
def test_an_employer_orders_in_a_few_clicks(visit, manager):
    page = visit(path="/cesu/")
    begin(page)
    total = page.locator("#total")
    cell(page, "Nombre de carnets", "Durand Léa").fill("2")
    cell(page, "Nombre de carnets", "Martin Léa").fill("1")
    cell(page, "Valeur faciale en euros", "Martin Léa").fill("20")
    page.keyboard.press("Tab")
    expect(total).to_contain_text("500,00")  # at once, by the server
    wrong = cell(page, "Part patronale en pour cent", "Martin Léa")
    wrong.fill("101")
    page.keyboard.press("Tab")
    expect(wrong).to_have_attribute("aria-invalid", "true")
    expect(wrong).to_have_accessible_description("La part patronale va de 1 à 100 %.")
    wrong.fill("50")
    page.keyboard.press("Tab")
    expect(wrong).not_to_have_attribute("aria-invalid", "true")
    expect(total).to_contain_text("280,00")  # 60 % of 300 and 50 % of 200
    bubble = page.get_by_text("Carnets × titres par carnet × valeur faciale.").last
    expect(bubble).to_be_hidden()
    page.locator("summary", has_text="À propos de « Montant »").press("Enter")
    expect(bubble).to_be_visible()
    press(page, "Ajouter une ligne pour Martin Léa")
    assert [row[0] for row in rows(page.locator("#tableau"))][-1] == "Martin Léa, ligne 2"
    press(page, "Retirer la ligne 2 de Martin Léa")
    choose_delivery(page)
    follow(page, "Revenir au tableau de commande")
    assert cell(page, "Nombre de carnets", "Durand Léa").input_value() == "2"
    press(page, "Suivant")
    assert "Total TTC 514,40 €" in read(page.locator("main"))
    validate(page)
    follow(page.locator("header"), "Historique des commandes")
    assert rows(page.locator("main"))[0][0] == "C2027-000001"
    follow(page.locator("header"), "Commandes")
    press(page, "Commander")
    page.get_by_text("Rappeler votre dernière commande").first.click()
    press(page, "Rappeler votre dernière commande")
    assert "Votre dernière commande est reprise." in messages(page)[0]
    assert plain(total.inner_text()).endswith("Montant des titres 500,00 €")


@pytest.mark.seed("S0-33", "S0-42", "S0-67")
def test_the_same_on_a_phone_without_scripts(visit, manager):
    page = visit(path="/cesu/", size=PHONE, java_script_enabled=False)
    begin(page)
    cell(page, "Nombre de carnets", "Durand Léa").fill("deux")
    cell(page, "Nombre de carnets", "Martin Léa").fill("3")
    press(page, "Rafraîchir")
    assert "Durand Léa, nombre de carnet(s) : Indiquez un nombre entier de 0 à 100." in read(page.get_by_role("alert"))
    assert cell(page, "Nombre de carnets", "Durand Léa").input_value() == "deux"
    assert VoucherLine.objects.get(beneficiary__holder__last_name="Durand").booklets == 0
    assert VoucherLine.objects.get(beneficiary__holder__last_name="Martin").booklets == 3
    cell(page, "Nombre de carnets", "Durand Léa").fill("")
    page.get_by_text("Que mettre dans chaque case").click()
    expect(page.get_by_text("Ce que vaut un titre, en euros.").first).to_be_visible()
    page.get_by_label("Chercher un nom ou un matricule").fill("elie")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert [row[0] for row in rows(page.locator("#tableau"))] == ["Élie Léa"]
    press(page, "Rafraîchir")
    assert "Montant des titres 450,00 €" in read(page.locator("#total"))
    choose_delivery(page)
    validate(page)
    letter = OutgoingEmail.objects.get(template="cesu/order_taken")
    assert (letter.to, VoucherOrder.objects.get().face_cents) == (manager.manager.email, 45000)


def send(page, *lines):
    """Choose an order file and have it checked."""
    file = {"name": "commande.csv", "mimeType": "text/csv", "buffer": "\n".join(lines).encode()}
    page.get_by_label("Fichier CSV, XLSX ou ODS").set_input_files(file)
    press(page, "Vérifier le fichier")


def test_wrong_cells_ceilings_and_files_are_accessible_on_a_phone(visit, manager):
    """What only shows once something was typed or sent."""
    Ceiling.objects.create(year=2027, cents=100000)
    page = visit(manager, "/cesu/commandes/", size=PHONE)
    press(page, "Commander")
    cell(page, "Valeur faciale en euros", "Durand Léa").fill("200")
    cell(page, "Nombre de carnets", "Martin Léa").fill("20")
    press(page, "Ajouter une ligne pour Élie Léa")
    assert faults_of(page)[0] == []
    cell(page, "Valeur faciale en euros", "Durand Léa").fill("15")
    press(page, "Rafraîchir")
    assert "Martin Léa : 1 800,00 € de part patronale en 2027, plafond 1 000,00 €" in read(page.locator("#total"))
    follow(page, "Importer un fichier")
    send(page, "nom;prénom;carnets;couleur", "Martin;Léa;mille;vert", "Inconnu;Paul;1;vert")
    assert [row[:2] for row in rows(page.locator("main"))] == [["2", "carnets"], ["3", "nom"]]
    assert faults_of(page)[0] == []
    send(page, "nom;prénom;carnets;couleur", "Martin;Léa;3;vert", "élie;léa;1;vert")
    assert faults_of(page)[0] == []
    press(page, "Mettre dans le tableau")
    assert messages(page) == ["2 lignes du fichier sont dans le tableau."]
    assert "Montant des titres 600,00 €" in read(page.locator("#total"))
