"""Guide 000 until the first order: sign up, choose a password, add a beneficiary and a colleague. Scripts are off."""

import re

import pytest

from tests.factories.cesu import employer_with, invoice_of, manager_of, terms, transport
from tests.journeys.conftest import PHONE
from tests.journeys.every_page.test_pages import faults_of
from tests.journeys.reading import click, follow, messages, press, read, rows, title

PASSWORD = "Cantine-Facile-2026"


@pytest.fixture
def employer(clock):
    """An employer with a recent invoice and nobody who orders yet."""
    employer = employer_with(client_reference="D100200", name="Mairie de Cestas")
    invoice_of(employer, number="FA-2027-118")
    transport()
    terms()
    return employer


@pytest.mark.seed("S0-8", "S0-9", "S0-11", "S0-12", "S0-15", "S0-16", "S0-47", "S0-48", "S0-49", "S0-52", "S0-56")
def test_an_employer_signs_up_and_a_colleague_can_order(visit, employer, letters, settings, live_server):
    settings.PUBLIC_URL = live_server.url
    page = visit(size=PHONE, java_script_enabled=False)
    click(page.get_by_role("link", name="S’inscrire en ligne"))
    fill(page, {"Référence client": "d100200", "N° de facture": "fa-2027-118"})
    press(page, "Suivant")
    fill(page, {"Prénom": "Nadia", "Nom": "Roux", "Adresse e-mail": "nadia@cestas.example"})
    press(page, "Terminer mon inscription")
    assert title(page) == "Votre demande d’inscription est prise en compte"

    choose_password(page, letters("nadia@cestas.example")[-1])
    assert title(page) == "Mairie de Cestas"
    follow(page, "Données financeur")
    click(page.locator("main").get_by_role("link", name="Ajouter un bénéficiaire"))
    fill(page, {"Nom": "Bézu", "Prénom": "Lou", "Matricule": "77"})
    press(page, "Terminer")
    assert messages(page) == ["Le nouveau bénéficiaire a bien été créé. Vous pouvez lui commander des CESU."]
    assert may_order_for(page, "Bézu Lou")

    follow(page, "Profil gestionnaire")
    follow(page, "Ajouter un gestionnaire")
    fill(page, {"Prénom": "Karim", "Nom": "Benali", "Adresse e-mail": "karim@cestas.example"})
    press(page, "Valider")
    assert messages(page) == ["Karim Benali a reçu un e-mail avec l’identifiant D100200-2."]
    press(page, "Se déconnecter")

    choose_password(page, letters("karim@cestas.example")[-1])
    press(page, "Se déconnecter")
    page.goto("/cesu/")
    follow(page.locator("main"), "Connexion")
    fill(page, {"Référence client": "D100200-2", "Mot de passe": PASSWORD})
    click(page.locator("main").get_by_role("button", name="Connexion"))
    assert may_order_for(page, "Bézu Lou")


def test_a_file_of_employees_is_corrected_then_imported(visit, employer):
    page = visit(manager_of(employer), "/cesu/beneficiaires/importer/", size=PHONE)
    send(page, "matricule;nom;prénom;part patronale;couleur\n77;Bézu;Lou;150;vert\n78;;Paul;50;vert\n")
    assert [row[:2] for row in rows(page.locator("main"))] == [["2", "part patronale"], ["3", "nom"]]
    assert faults_of(page)[0] == []
    send(page, "matricule;nom;prénom;part patronale;couleur\n77;Bézu;Lou;50;vert\n78;Zola;Paul;50;vert\n")
    assert read(page.locator(".pv-note")) == "Colonne ignorée : couleur."
    assert faults_of(page)[0] == []
    press(page, "Enregistrer ces bénéficiaires")
    assert messages(page) == ["Le fichier est enregistré : 2 bénéficiaires créés, 0 mis à jour."]
    assert [row[0] for row in rows(page.locator("main"))] == ["Bézu Lou", "Zola Paul"]


def send(page, text: str) -> None:
    """Choose a file and have it checked."""
    file = {"name": "salaries.csv", "mimeType": "text/csv", "buffer": text.encode()}
    page.get_by_label("Fichier CSV, XLSX ou ODS").set_input_files(file)
    press(page, "Vérifier le fichier")


def fill(page, said: dict[str, str]) -> None:
    """Type into the fields of these labels."""
    for label, text in said.items():
        page.locator("main").get_by_label(re.compile(rf"^\W*{re.escape(label)}\W*$")).fill(text)


def choose_password(page, letter) -> None:
    """Follow the link of an email and choose a password."""
    page.goto(re.search(r"http\S+/activation/\S+", letter.body)[0])
    fill(page, {"Mot de passe": PASSWORD, "Mot de passe, une seconde fois": PASSWORD})
    page.get_by_role("checkbox", name="J’accepte").check()
    press(page, "Enregistrer et entrer")


def may_order_for(page, name: str) -> bool:
    """Whether the order table has somebody."""
    follow(page, "Espace Commandes")
    press(page, "Commander")
    return name in read(page.locator("main"))
