"""Guide 002, dombesconnect.fr: account, family, validation, booking, cancellation, wallet."""

import re

import pytest
from playwright.sync_api import expect

from accounts.models import User
from accounts.signing_in.mfa import current_code
from families.models import Member
from reservations.models import Booking
from tests.journeys.reading import (
    balance,
    click,
    columns,
    follow,
    messages,
    plain,
    press,
    read,
    read_all,
    rows,
    tick,
    title,
)
from tests.journeys.town import NOW, PASSWORD, TOTP_SECRET, add_child, add_duponts, add_parent, add_pending

pytestmark = pytest.mark.usefixtures("town")

CANTEEN = "Réservation repas cantine"
EMAIL = "claire@example.org"


def enter_as_agent(page):
    """Sign in as people do, give the code of the telephone, and land where agents work."""
    page.goto("/admin/")
    page.get_by_label("Adresse e-mail ou identifiant").fill("agent@example.org")
    page.get_by_label("Mot de passe").fill(PASSWORD)
    press(page, "Connexion")
    page.get_by_label("Code à 6 chiffres").fill(current_code(TOTP_SECRET))
    press(page, "Connexion")
    assert title(page) == "Mon travail du jour"


def validate_in_admin(page, name):
    page.goto("/admin/accounts/user/?statut=a-valider")
    click(page.get_by_role("link", name=name))
    follow(page, "Valider")
    expect(page.get_by_text("Votre compte est validé")).to_be_visible()
    press(page, "Valider le compte")


def credit_in_admin(page, family, amount):
    """At the counter: a cheque."""
    page.goto("/admin/wallet/counterpayment/add/")
    page.get_by_label("Nom de la famille ou référence").fill(family)
    press(page, "Chercher")
    click(page.get_by_role("link", name="Créditer").first)
    page.get_by_label("Mode de règlement").select_option("Chèque")
    page.get_by_label("Montant").fill(amount)
    page.get_by_label("N° de pièce").fill("795466")
    page.get_by_label("Nom du payeur").fill("DUPONT Claire")
    page.get_by_label("Nom de la banque").fill("LEP")
    press(page, "Créditer")


# --- The account ------------------------------------------------------------------------------------------------------
@pytest.mark.seed("S2-1", "S2-2", "S2-3", "S2-4", "S2-5", "S2-6", "S2-8", "S2-9")
def test_the_home_welcomes_shows_the_steps_and_one_button_for_both_ways_in(visit):
    page = visit()
    assert "Bienvenue sur la plateforme citoyenne Communauté de Communes de la Dombes" in read(page.locator("main"))
    assert read_all(page.locator("ol h3")) == [
        "Créez un compte usager",
        "Créez votre cellule familiale",
        "Demandez l’accès au service cantine",
        "Rechargez votre compte",
        "Réservez les dates des repas",
    ]
    assert "Attendez la validation du compte." in read(page.locator("ol li").nth(0))
    assert "en donnant vos pièces justificatives" in read(page.locator("ol li").nth(2))
    assert "annulez-les en ligne" in read(page.locator("ol li").nth(4))
    follow(page, "Créer ou accéder à mon compte usager")
    assert read_all(page.locator("main h2")) == ["Créez votre compte", "Déjà inscrit ?"]


@pytest.mark.seed("S2-10", "S2-11", "S2-12", "S2-13", "S2-14")
@pytest.mark.parametrize("weak", ["Cantine-2027", "1234567890-27", "Cantine-Facile", "CantineFacile2027"])
def test_the_password_rule_is_shown_and_kept(visit, weak):
    page = visit(path="/inscription/")
    rule = "Le mot de passe doit être de 13 caractères avec des lettres, des chiffres et des symboles"
    expect(page.get_by_text(rule)).to_be_visible()
    page.get_by_label("* Mot de passe").fill(weak)
    press(page, "Enregistrer >")
    assert "Mot de passe" in read(page.get_by_role("alert"))
    assert rule in read(page.get_by_role("alert"))


def test_the_password_rule_is_ticked_off_while_typing(visit):
    page = visit(path="/inscription/")
    page.get_by_label("* Mot de passe").press_sequentially("cantine-2027")
    assert read_all(page.locator(".pv-rules .is-met")) == ["lettres", "chiffres", "symboles (! ? - @ …)"]
    page.get_by_label("* Mot de passe").press_sequentially("!")
    assert read_all(page.locator(".pv-rules .is-met"))[0] == "13 caractères"


@pytest.mark.seed("S2-5", "S2-15", "S2-16", "S2-17", "S2-49", "S2-51", "S2-52", "S2-55", "S2-66", "S2-67")
def test_from_the_first_visit_to_the_first_cancelled_meal(visit, town, letters, code_for):
    """The whole of the guide: a parent and an agent, each in their own browser."""
    parent, agent = visit(), visit()
    sign_up(parent, code_for)
    assert title(parent) == "En attente de validation"
    parent.goto("/reservations/rubrique/cantine/")
    assert title(parent) == "En attente de validation"

    enter_as_agent(agent)
    validate_in_admin(agent, "Dupont Claire")
    assert [letter.subject for letter in letters(EMAIL)][-1] == "Votre compte est validé"
    credit_in_admin(agent, "Dupont", "50")
    assert "votre nouveau solde est de 50,00 €" in plain(letters(EMAIL)[-1].body)

    parent.goto("/")
    follow(parent, "Créer ou accéder à mon compte usager")
    assert title(parent) == "Bonjour Claire"
    assert balance(parent) == "50,00 €"
    follow(parent, "Vérifier mes informations")
    press(parent, "Je certifie que ces informations sont exactes")

    follow(parent, "Cantine")
    open_product(parent)
    tick(parent, "lundi 8 mars", "mardi 9 mars")
    press(parent, "Ajouter au panier")
    press(parent, "Payer avec mon porte-monnaie (le traitement de la commande sera plus court)")
    assert balance(parent) == "42,40 €"

    follow(parent.locator("main"), "Mes réservations")
    follow(parent, f"Annuler {CANTEEN}, Louane, 09-03-2027")
    press(parent, "Annuler la réservation")
    assert balance(parent) == "46,20 €"
    assert [row[0] for row in rows(parent.locator("main"))] == ["lundi 8 mars"]


def sign_up(page, code_for):
    follow(page, "Créer ou accéder à mon compte usager")
    press(page, "Créer votre compte")
    page.get_by_label("* Prénom").fill("Claire")
    page.get_by_label("* Nom", exact=True).fill("Dupont")
    page.get_by_label("* Adresse e-mail").fill(EMAIL)
    page.get_by_label("* Mot de passe").fill(PASSWORD)
    page.get_by_role("checkbox", name="J’accepte").check()
    press(page, "Enregistrer >")
    page.get_by_label("Code reçu par e-mail").fill(code_for(EMAIL))
    press(page, "Confirmer")
    page.get_by_label("* Nom du bénéficiaire").fill("Dupont")
    page.get_by_label("* Prénom du bénéficiaire").fill("Louane")
    for label, choice in {"Jour": "10", "Mois": "mai", "Année": "2018"}.items():
        page.get_by_label(label, exact=True).select_option(choice)
    press(page, "Enregistrer")
    follow(page, "Continuer >")
    page.get_by_role("radio", name="Service cantine de Saint-Marcel-en-Dombes").check()
    press(page, "Valider")


def open_product(page):
    """The product of Saint-Marcel among those of the heading."""
    click(page.locator("li", has_text="Saint-Marcel-en-Dombes").get_by_role("link", name=CANTEEN))


@pytest.mark.seed("S2-15", "S2-16", "S2-17")
def test_each_filiation_is_entered_once_on_its_own_page(visit, town):
    page = visit(add_parent(town.saint_marcel), "/mon-compte/")
    click(page.get_by_role("navigation", name="Mon espace").get_by_role("link", name="Mes filiations"))
    page.get_by_label("* Nom du bénéficiaire").fill("Dupont")
    page.get_by_label("* Prénom du bénéficiaire").fill("Louane")
    for label, choice in {"Jour": "10", "Mois": "mai", "Année": "2018"}.items():
        page.get_by_label(label, exact=True).select_option(choice)
    page.get_by_label("Type de Filiation").select_option("Mère")
    press(page, "Ajouter un nouveau bénéficiaire +")
    assert [row[:4] for row in rows(page.locator("main"))] == [["Dupont", "Louane", "10-05-2018", "Mère"]]
    assert Member.objects.count() == 1


def test_an_agent_without_the_second_factor_stays_out(visit, town):
    page = visit()
    page.goto("/admin/")
    page.get_by_label("Adresse e-mail ou identifiant").fill("agent@example.org")
    page.get_by_label("Mot de passe").fill(PASSWORD)
    press(page, "Connexion")
    page.goto("/admin/accounts/user/")
    assert "/admin/" not in page.url.split("?")[0]


def test_an_agent_refuses_with_a_reason_that_the_person_reads(visit, town, letters):
    person = add_pending(town.saint_marcel, email="nadia@example.org")
    agent = visit(town.agent, "/admin/accounts/user/?statut=a-valider")
    click(agent.get_by_role("link", name="Benali Nadia"))
    follow(agent, "Refuser")
    agent.get_by_label("Motif").fill("Vous n’habitez pas la commune.")
    press(agent, "Refuser le compte")
    assert "Vous n’habitez pas la commune." in letters("nadia@example.org")[-1].body
    page = visit(User.objects.get(pk=person.pk), "/mon-compte/")
    assert title(page) == "Votre compte n’a pas été accepté"
    assert "Vous n’habitez pas la commune." in read(page.locator("main"))


# --- Booking ----------------------------------------------------------------------------------------------------------
@pytest.mark.seed("S2-49")
def test_booking_needs_to_be_signed_in(visit):
    page = visit(path="/reservations/activite/cantine-saint-marcel/")
    assert title(page) == "Authentification"


@pytest.mark.seed("S2-51", "S2-52", "S2-53", "S2-54", "S2-55")
def test_the_tab_cantine_leads_to_the_product_of_the_commune(visit, town):
    page = visit(add_duponts(town.saint_marcel, 2000), "/mon-compte/")
    click(page.get_by_role("navigation", name="Mon espace").get_by_role("link", name="Cantine"))
    assert read(page.locator(".pv-tiles li").first) == f"{CANTEEN} Saint-Marcel-en-Dombes – Service cantine"
    open_product(page)
    assert title(page) == CANTEEN
    assert "Saint-Marcel-en-Dombes · Service cantine" in read(page.locator(".pv-heading"))
    page.get_by_role("group", name="Bénéficiaire").get_by_role("checkbox", name="Louane Dupont").uncheck()
    page.wait_for_load_state("networkidle")
    tick(page, "lundi 8 mars")
    press(page, "Ajouter au panier")
    assert rows(page.locator("main"))[0][1] == "Bénéficiaire : Théo Dupont Dates : 08-03-2027"


# --- Cancelling -------------------------------------------------------------------------------------------------------
@pytest.fixture
def booked(visit, town):
    """Claire has booked a day that may still be cancelled and one whose delay then passed."""
    claire = add_parent(town.saint_marcel, cents=2000)
    add_child(claire.guardian.family, "Louane", "2018-05-10")
    page = visit(claire, "/reservations/activite/cantine-saint-marcel/?mois=2027-03")
    tick(page, "jeudi 4 mars", "lundi 8 mars")
    press(page, "Ajouter au panier")
    press(page, "Payer avec mon porte-monnaie (le traitement de la commande sera plus court)")
    session = Booking.objects.earliest("session__date").session
    session.cancellable_until = NOW
    session.save()
    return page


@pytest.mark.seed("S2-60", "S2-61", "S2-62", "S2-63", "S2-64", "S2-65", "S2-73")
def test_a_red_cross_cancels_a_meal_within_the_delay_and_recredits_it(booked):
    page = booked
    click(page.get_by_role("navigation", name="Mon espace").get_by_role("link", name="Mes réservations"))
    assert [[row[0], row[3]] for row in rows(page.locator("main"))] == [
        ["jeudi 4 mars", "Délai passé"],
        ["lundi 8 mars", "Réservé"],
    ]
    (cross,) = page.locator(".pv-cross").all()
    red, green, blue = map(int, re.findall(r"\d+", cross.evaluate("e => getComputedStyle(e).color"))[:3])
    assert red > 2 * max(green, blue)
    assert balance(page) == "12,40 €"
    click(cross)
    assert "Votre porte-monnaie sera recrédité de 3,80 €." in read(page.locator("main"))
    press(page, "Annuler la réservation")
    assert messages(page)[0].startswith("La réservation est annulée")
    assert balance(page) == "16,20 €"
    follow(page, "Soldes et paiements")
    follow(page, "Relevé des mouvements")
    assert rows(page.locator("main"))[0][3:] == ["3,80 €", "16,20 €"]


# --- The account page, the wallet -------------------------------------------------------------------------------------
@pytest.mark.seed("S2-66", "S2-67", "S2-68", "S2-69")
def test_my_account_greets_reminds_and_leads_to_the_wallet(visit, town):
    page = visit(add_duponts(town.saint_marcel, 5000), "/mon-compte/")
    assert page.title() == "Mon compte · Dombes Connect"
    assert read(page.locator(".pv-heading p")) == (
        "Bienvenue sur votre page d’accueil. Vous pouvez y gérer vos informations personnelles ainsi que vos commandes. "
        "Merci de penser à mettre vos pièces justificatives."
    )
    follow(page.locator("main"), "Mon porte-monnaie")
    assert title(page) == "Mon porte-monnaie"
    assert "50,00 €" in read(page.locator("main"))


@pytest.mark.seed("S2-7", "S2-58", "S2-59")
def test_recharging_explains_the_other_means_of_payment(visit, town):
    page = visit(add_duponts(town.saint_marcel), "/mon-compte/")
    click(page.locator("header").get_by_role("link", name="Recharger mon crédit"))
    text = read(page.locator("main"))
    for means in ("par chèque", "en espèces", "par virement"):
        assert means in text


@pytest.mark.seed("S2-72")
def test_the_wallet_pays_the_services_of_several_communes(visit, town):
    claire = add_duponts(town.saint_marcel, 2000)
    page = visit(claire)
    for slug in ("cantine-saint-marcel", "cantine-aiguilhe"):
        page.goto(f"/reservations/activite/{slug}/?mois=2027-03")
        tick(page, "lundi 8 mars" if slug == "cantine-aiguilhe" else "mardi 9 mars")
        press(page, "Ajouter au panier")
    press(page, "Payer avec mon porte-monnaie (le traitement de la commande sera plus court)")
    assert balance(page) == "4,80 €"


@pytest.mark.seed("S4-32")
def test_a_cheque_at_the_counter_reaches_the_wallet(visit, town, letters):
    claire = add_duponts(town.saint_marcel)
    agent = visit()
    enter_as_agent(agent)
    credit_in_admin(agent, "Dupont", "50")
    page = visit(claire, "/porte-monnaie/")
    assert balance(page) == "50,00 €"
    assert columns(page.locator("main")) == ["Libellé", "Date", "Débit", "Crédit", "Solde"]
    (line,) = rows(page.locator("main"))
    assert line[0] == "Règlement au guichet – Chèque n° 795466 DUPONT Claire, LEP, reçu le 01-03-2027"
    assert line[3:] == ["50,00 €", "50,00 €"]
