"""Guide 003, « Cantine facile ! Votre compte en ligne », step by step."""

from datetime import date

import pytest
from playwright.sync_api import expect

from accounts.actions import validate_account
from accounts.models import Consent, User
from families.models import Membership
from reservations.models import Activity, Booking, OpeningRule
from tests.journeys.reading import (
    balance,
    click,
    columns,
    follow,
    footer,
    messages,
    plain,
    press,
    read,
    read_all,
    rows,
    tick,
    title,
)
from tests.journeys.town import PASSWORD, add_duponts, add_parent, add_pending, refresh_sessions

pytestmark = pytest.mark.usefixtures("town")

AIGUILHE = "/reservations/activite/cantine-aiguilhe/?mois=2027-03"


@pytest.fixture
def claire(town):
    return add_duponts(town.aiguilhe, cents=2000)


def book_the_guide(page):
    """Two children, two dates, as on the guide's screen."""
    tick(page, "jeudi 18 mars", "vendredi 19 mars")
    press(page, "Ajouter au panier")


# --- The home, the way in ---------------------------------------------------------------------------------------------
@pytest.mark.seed("S3-1", "S3-2", "S3-6", "S3-7", "S3-8")
def test_the_home_shows_the_way_and_the_connection_at_the_top_right(visit):
    page = visit()
    assert title(page) == "CANTINE FACILE ! Votre compte en ligne"
    assert "Votre enfant mange à la cantine ? Rendez-vous vite" in read(page.locator("main"))
    assert read_all(page.locator("main ol li"))[0] == (
        "Créez un compte usager si vous n’avez pas déjà un compte usager. Attendez la validation du compte."
    )
    box = page.get_by_role("link", name="Connexion").bounding_box()
    assert box["x"] > 1280 * 0.75
    assert box["y"] < 80
    follow(page, "Connexion")
    assert title(page) == "Authentification"


@pytest.mark.seed("S3-14", "S3-15", "S3-16", "S3-17")
def test_the_authentication_page_has_two_blocks(visit):
    page = visit(path="/comptes/login/")
    create, known = (
        page.get_by_role("region", name="Créez votre compte"),
        page.get_by_role("region", name="Déjà inscrit ?"),
    )
    expect(create.get_by_label("Adresse e-mail")).to_be_visible()
    expect(create.get_by_role("button", name="Créer votre compte")).to_be_visible()
    expect(known.get_by_label("Adresse e-mail")).to_be_visible()
    expect(known.get_by_label("Mot de passe")).to_be_visible()
    expect(known.get_by_role("link", name="Mot de passe oublié ?")).to_be_visible()
    expect(known.get_by_role("button", name="Connexion")).to_be_visible()
    expect(page.get_by_text("Page sécurisée")).to_be_visible()


@pytest.mark.seed("S3-18")
def test_one_signs_in_with_the_email_and_password_of_the_registration(visit, town):
    add_parent(town.aiguilhe)
    page = visit(path="/comptes/login/")
    sign_in(page, "claire.dupont@example.org", "un autre mot de passe")
    assert title(page) == "Authentification"
    expect(page.get_by_role("alert")).to_contain_text("n’est pas le bon")
    sign_in(page, "claire.dupont@example.org", PASSWORD)
    assert title(page) == "Bonjour Claire"


def sign_in(page, login, password):
    known = page.get_by_role("region", name="Déjà inscrit ?")
    known.get_by_label("Adresse e-mail").fill(login)
    known.get_by_label("Mot de passe").fill(password)
    press(page, "Connexion")


@pytest.mark.seed("S3-3", "S3-19")
def test_an_account_that_no_administrator_validated_enters_nowhere(visit, town):
    page = visit(add_pending(town.aiguilhe), "/mon-compte/")
    assert title(page) == "En attente de validation"
    for path in ("/reservations/", "/porte-monnaie/", "/mes-filiations/", AIGUILHE):
        page.goto(path)
        assert title(page) == "En attente de validation"


@pytest.mark.seed("S3-9")
def test_a_forgotten_password_is_chosen_anew_with_a_link_of_single_use(visit, town, letters):
    add_parent(town.aiguilhe)
    page = visit(path="/comptes/login/")
    follow(page, "Mot de passe oublié ?")
    page.get_by_label("Adresse e-mail").fill("claire.dupont@example.org")
    click(page.locator("main form button"))
    (letter,) = letters("claire.dupont@example.org")
    link = next(word for word in letter.body.split() if "/comptes/password/reset/key/" in word)
    page.goto(link.removeprefix("http://testserver"))
    for label in ("Nouveau mot de passe", "Nouveau mot de passe, une seconde fois"):
        page.get_by_label(f"* {label}", exact=True).fill("Printemps-2027-aux-étangs")
    click(page.locator("main form button"))
    page.goto("/comptes/login/")
    sign_in(page, "claire.dupont@example.org", "Printemps-2027-aux-étangs")
    assert title(page) == "Bonjour Claire"
    other = visit(path=link.removeprefix("http://testserver"))
    expect(other.get_by_text("Ce lien n’est plus valable")).to_be_visible()


# --- Three steps ------------------------------------------------------------------------------------------------------
def steps(page):
    """The marks of progress: each step as it is read, with its state."""
    shown = []
    for step in page.locator(".pv-steps li").all():
        now = "en cours" if step.get_attribute("aria-current") == "step" else "à venir"
        text = plain(step.text_content())
        shown.append((text.split(" : ")[1].removesuffix(" (terminée)"), "terminée" if "(terminée)" in text else now))
    return shown


@pytest.mark.seed("S3-20", "S3-25", "S3-26", "S3-27", "S3-28", "S3-29", "S3-31", "S3-32", "S3-33", "S3-34")
@pytest.mark.seed("S3-35", "S3-36", "S3-37", "S3-38", "S3-39")
def test_the_first_step_asks_for_the_personal_information(visit):
    page = visit(path="/comptes/login/")
    create = page.get_by_role("region", name="Créez votre compte")
    create.get_by_label("Adresse e-mail").fill("claire@example.org")
    press(page, "Créer votre compte")
    assert title(page) == "Création facile de votre compte usager en 3 étapes"
    assert steps(page) == [
        ("Infos personnelles", "en cours"),
        ("Mes filiations", "à venir"),
        ("Mes services", "à venir"),
    ]
    assert read_all(page.get_by_role("group", name="Genre").locator("label")) == ["M", "Mme"]
    for label in ("* Prénom", "* Nom", "* Adresse e-mail", "* Mot de passe", "Date de naissance"):
        expect(page.get_by_label(label, exact=True)).to_be_visible()
    expect(page.get_by_label("* Adresse e-mail")).to_have_value("claire@example.org")
    for box in (
        "S’inscrire à la newsletter",
        "Recevez les offres spéciales de nos partenaires",
        "Je suis une société",
        "J’accepte les conditions générales et la politique de confidentialité.",
    ):
        expect(page.get_by_role("checkbox", name=box)).not_to_be_checked()
    expect(page.get_by_text("* Champ requis")).to_be_visible()
    press(page, "Ajouter nouveau bénéficiaire +")
    expect(page.get_by_role("group", name="Bénéficiaire 1")).to_be_visible()
    press(page, "Enregistrer >")
    assert "Acceptez les conditions pour continuer." in read(page.get_by_role("alert"))


@pytest.mark.seed("S3-21", "S3-24", "S3-40", "S3-41", "S3-42", "S3-43", "S3-44", "S3-45", "S3-46", "S3-47", "S3-48")
@pytest.mark.seed("S3-49", "S3-50")
def test_an_account_is_made_in_three_steps(visit, code_for):
    page = visit(path="/inscription/")
    fill_step_1(page, "Louane")
    page.get_by_label("Code reçu par e-mail").fill(code_for("claire@example.org"))
    press(page, "Confirmer")
    assert steps(page) == [
        ("Infos personnelles", "terminée"),
        ("Mes filiations", "en cours"),
        ("Mes services", "à venir"),
    ]
    assert "pour gagner du temps lors de la réservation" in read(page.locator("main"))
    assert columns(page.locator("main")) == ["Nom", "Prénom", "Date de naissance", "Type de filiation", "Action"]
    assert rows(page.locator("main"))[0][:4] == ["Dupont", "Louane", "10-05-2018", "Père"]
    expect(page.get_by_role("heading", name="Ajouter une filiation")).to_be_visible()
    assert read(page.get_by_label("Type de Filiation").locator("option:checked")) == "Père"
    add_member(page, "Théo", ("12", "juillet", "2013"))
    assert sorted(row[1] for row in rows(page.locator("main"))) == ["Louane", "Théo"]
    follow(page, "Continuer >")
    assert steps(page)[1:] == [("Mes filiations", "terminée"), ("Mes services", "en cours")]
    choose_service(page, "Aiguilhe", "Cantine scolaire")
    assert title(page) == "En attente de validation"
    user = User.objects.get(email="claire@example.org")
    assert [user.first_name, user.last_name, user.commune.name] == ["Claire", "Dupont", "Aiguilhe"]
    assert Consent.objects.current(user)[Consent.Kind.TERMS]


def fill_step_1(page, *children):
    """« Infos personnelles » with a first beneficiary in the same form."""
    page.get_by_role("radio", name="M", exact=True).check()
    for label, text in {
        "* Prénom": "Claire",
        "* Nom": "Dupont",
        "* Adresse e-mail": "claire@example.org",
        "* Mot de passe": PASSWORD,
    }.items():
        page.get_by_label(label, exact=True).fill(text)
    for number, child in enumerate(children, 1):
        press(page, "Ajouter nouveau bénéficiaire +")
        group = page.get_by_role("group", name=f"Bénéficiaire {number}", exact=True)
        fill_member(group, child, ("10", "mai", "2018"))
        group.get_by_label("Type de Filiation").select_option("Père")
    page.get_by_role("checkbox", name="J’accepte les conditions générales").check()
    press(page, "Enregistrer >")


def fill_member(where, first_name, birth):
    where.get_by_label("* Nom du bénéficiaire").fill("Dupont")
    where.get_by_label("* Prénom du bénéficiaire").fill(first_name)
    for label, choice in zip(("Jour", "Mois", "Année"), birth, strict=True):
        where.get_by_label(label, exact=True).select_option(choice)


def add_member(page, first_name, birth, button="Enregistrer"):
    fill_member(page.locator("main"), first_name, birth)
    press(page, button)


def choose_service(page, commune, service):
    page.get_by_role("radio", name=f"{service} de {commune}").check()
    press(page, "Valider")


# --- Mes filiations ---------------------------------------------------------------------------------------------------
@pytest.mark.seed("S3-51", "S3-52", "S3-54", "S3-55", "S3-56")
def test_beneficiaries_are_managed_from_the_account(visit, claire):
    page = visit(claire, "/mon-compte/")
    follow(page.locator("main"), "Mes filiations")
    assert columns(page.locator("main")) == ["Nom", "Prénom", "Date de naissance", "Type de filiation", "Action"]
    for name in ("Malo", "Zoé", "Nora"):
        add_member(page, name, ("1", "janvier", "2020"), "Ajouter un nouveau bénéficiaire +")
    assert [row[1] for row in rows(page.locator("main"))] == ["Théo", "Louane", "Malo", "Zoé", "Nora"]
    follow(page, "Modifier Malo Dupont")
    page.get_by_label("* Prénom du bénéficiaire").fill("Maël")
    press(page, "Enregistrer")
    follow(page, "Modifier Maël Dupont")
    follow(page, "Supprimer un bénéficiaire")
    press(page, "Supprimer ce bénéficiaire")
    assert [row[1] for row in rows(page.locator("main"))] == ["Théo", "Louane", "Zoé", "Nora"]
    assert not Membership.objects.filter(member__first_name="Maël", withdrawn_at=None).exists()


@pytest.mark.seed("S3-22", "S3-23", "S3-113")
def test_personal_information_is_changed_at_any_time_and_never_asked_again(visit, claire):
    page = visit(claire, "/mon-compte/")
    follow(page, "Mes informations personnelles")
    follow(page, "Modifier")
    expect(page.get_by_label("Prénom")).to_have_value("Claire")
    page.get_by_label("Téléphone").fill("06 12 34 56 78")
    press(page, "Enregistrer")
    assert "06 12 34 56 78" in read(page.locator("main"))
    page.goto(AIGUILHE)
    assert page.get_by_role("textbox").count() == 0


# --- The calendar -----------------------------------------------------------------------------------------------------
@pytest.mark.seed("S3-84", "S3-85", "S3-88", "S3-90", "S3-91", "S3-93", "S3-53")
def test_dates_are_picked_on_the_calendar_for_several_beneficiaries(visit, claire):
    page = visit(claire, AIGUILHE)
    assert title(page) == "Réservation de repas Cantines Aiguilhe"
    who = page.get_by_role("group", name="Bénéficiaire")
    assert read_all(who.locator("label")) == ["T Théo Dupont", "L Louane Dupont"]
    expect(page.get_by_text("* champs requis")).to_be_visible()
    book_the_guide(page)
    assert rows(page.locator("main"))[0][1] == (
        "Bénéficiaires : Théo Dupont, Louane Dupont Dates : 18-03-2027, 19-03-2027"
    )


@pytest.mark.seed("S3-92")
def test_the_calendar_shows_whole_weeks_from_monday_to_sunday(visit, claire):
    on_a_saturday(Activity.objects.get(slug="cantine-aiguilhe"), date(2027, 3, 20))
    page = visit(claire, AIGUILHE)
    month = page.get_by_role("region", name="Mars 2027")
    expect(page.get_by_role("heading", name="Date de réservation :")).to_be_attached()
    assert [name.split()[0] for name in columns(month)[:7]] == ["Lun", "Mar", "Mer", "Jeu", "Ven", "Sam", "Dim"]
    numbers = read_all(month.locator(".pv-day b"))
    assert numbers == [str(day) for day in [*range(1, 32), 1, 2, 3, 4]]


def on_a_saturday(activity, day):
    OpeningRule.objects.create(activity=activity, weekdays=[5], period="all", first=day, last=day)
    refresh_sessions(activity)


def test_the_weekend_is_left_out_where_an_activity_never_opens_then(visit, claire):
    page = visit(claire, AIGUILHE)
    for day in ("samedi", "dimanche"):
        expect(page.locator("th", has_text=day)).to_be_hidden()
    expect(page.locator("th", has_text="vendredi")).to_be_visible()


@pytest.mark.seed("S3-86")
def test_only_days_with_a_meal_can_be_picked(visit, claire):
    page = visit(claire, AIGUILHE)
    offered = [box.get_attribute("value") for box in page.locator("[name=jour]").all()]
    thursdays_on = ["04", "05", "08", "09", "11", "12", "15", "16", "18", "19", "22", "23", "25", "26", "30"]
    assert offered == [f"2027-03-{day}" for day in thursdays_on]  # 1 and 2: past the delay; 29: Easter Monday


@pytest.mark.seed("S3-87")
def test_a_day_a_week_or_a_month_is_picked_at_will(visit, claire):
    page = visit(claire, AIGUILHE)
    recap = page.locator("#recap")
    tick(page, "jeudi 18 mars")
    expect(recap).to_contain_text("Théo · 1 repas")
    press(page, "Toute la semaine du lundi 22 mars")
    expect(recap).to_contain_text("Théo · 5 repas")
    press(page, "Tout le mois")
    expect(recap).to_contain_text("Théo · 15 repas")
    press(page, "Tout effacer")
    expect(recap).to_contain_text("Cochez les jours voulus")


# --- The cart ---------------------------------------------------------------------------------------------------------
@pytest.mark.seed(
    "S3-94", "S3-96", "S3-97", "S3-98", "S3-99", "S3-100", "S3-101", "S3-102", "S3-103", "S3-104", "S3-105"
)
@pytest.mark.seed("S3-108", "S3-120", "S4-120")
def test_two_children_on_two_dates_are_four_products(visit, claire):
    page = visit(claire, AIGUILHE)
    book_the_guide(page)
    main = page.locator("main")
    assert title(page) == "Confirmez votre réservation"
    expect(page.get_by_role("heading", name="Choisissez votre moyen de paiement (4 produits)")).to_be_visible()
    assert columns(main) == ["Produit", "Description", "Disponibilité", "Prix unitaire", "Quantité", "Total"]
    assert rows(main)[0][:6] == [
        "Réservation de repas Cantines Aiguilhe Aiguilhe – Cantine scolaire",
        "Bénéficiaires : Théo Dupont, Louane Dupont Dates : 18-03-2027, 19-03-2027",
        "Disponible",
        "3,80 €",
        "4",
        "15,20 €",
    ]
    expect(main.locator("tbody th svg")).to_be_visible()
    assert footer(main) == [["Total produits TTC", "15,20 €"], ["TOTAL", "15,20 €"]]
    follow(page, "Continuer mes achats")
    assert title(page) == "Cantine"
    assert Booking.objects.count() == 0


@pytest.mark.seed("S3-106", "S3-110", "S3-116")
def test_the_cart_is_paid_from_the_wallet(visit, claire, letters):
    page = visit(claire, AIGUILHE)
    book_the_guide(page)
    assert balance(page) == "20,00 €"
    press(page, "Payer avec mon porte-monnaie (le traitement de la commande sera plus court)")
    assert title(page).startswith("Commande n° ")
    assert balance(page) == "4,80 €"
    assert [row[:2] for row in rows(page.locator("main"))] == [
        ["jeudi 18 mars", "Théo Dupont"],
        ["jeudi 18 mars", "Louane Dupont"],
        ["vendredi 19 mars", "Théo Dupont"],
        ["vendredi 19 mars", "Louane Dupont"],
    ]
    assert [letter.subject for letter in letters(claire.email)] == ["Votre réservation est confirmée"]
    page.goto("/mon-compte/")
    follow(page, "Historique de commande")
    assert rows(page.locator("main"))[0][2:] == ["Claire Dupont", "15,20 €", "0,00 €"]
    follow(page, "Soldes et paiements")
    follow(page, "Relevé des mouvements")
    assert [row[2:] for row in rows(page.locator("main"))] == [["15,20 €", "", "4,80 €"], ["", "20,00 €", "20,00 €"]]


@pytest.mark.seed("S3-109")
def test_a_wallet_too_low_pays_nothing(visit, town):
    page = visit(add_duponts(town.aiguilhe, cents=1519), AIGUILHE)
    book_the_guide(page)
    assert "Il manque 0,01 € dans votre porte-monnaie." in messages(page)[-1]
    pay = page.get_by_role("button", name="Payer avec mon porte-monnaie")
    if pay.count():
        click(pay)
    assert balance(page) == "15,19 €"
    assert Booking.objects.count() == 0


# --- The account ------------------------------------------------------------------------------------------------------
@pytest.mark.seed("S3-11", "S3-12", "S3-13", "S3-117", "S3-118")
def test_one_s_name_at_the_top_right_leads_to_the_account_in_blocks(visit, claire):
    page = visit(claire, AIGUILHE)
    name = page.get_by_role("link", name="Claire Dupont")
    assert name.bounding_box()["x"] > 1280 * 0.7
    click(name)
    assert read_all(page.locator(".pv-tiles h2")) == [
        "Mes réservations",
        "Mon porte-monnaie",
        "Mes filiations",
        "Mes services",
        "Mes documents",
        "Historique de commande",
        "Mes informations personnelles",
        "Mes messages",
    ]


@pytest.mark.seed("S3-83")
def test_recharging_stands_at_the_top_right_of_every_page(visit, claire):
    page = visit(claire, "/mon-compte/")
    for path in ("/mon-compte/", AIGUILHE, "/reservations/mes-reservations/", "/comptes/profil/"):
        page.goto(path)
        link = page.locator("header").get_by_role("link", name="Recharger mon crédit")
        assert link.bounding_box()["x"] > 1280 / 2
    click(link)
    assert title(page) == "Recharger mon crédit"


@pytest.mark.seed("S3-112", "S3-115")
def test_bookings_are_cancelled_from_the_account(visit, claire):
    page = visit(claire, AIGUILHE)
    book_the_guide(page)
    press(page, "Payer avec mon porte-monnaie (le traitement de la commande sera plus court)")
    name = page.get_by_role("link", name="Claire Dupont")
    click(name)
    follow(page.locator("main"), "Mes réservations")
    click(page.get_by_role("link", name="Annuler Réservation de repas Cantines Aiguilhe, Louane, 18-03-2027"))
    press(page, "Annuler la réservation")
    assert balance(page) == "8,60 €"
    assert [row[:2] for row in rows(page.locator("main"))] == [
        ["jeudi 18 mars", "Théo Dupont"],
        ["vendredi 19 mars", "Théo Dupont"],
        ["Louane Dupont", "Réservation de repas Cantines Aiguilhe"],
    ]


@pytest.mark.seed("S3-119")
def test_one_portal_serves_several_communes(visit, claire, town):
    page = visit(add_pending(town.aiguilhe, signed_up_at=None), "/inscription/services/")
    offered = page.locator("main fieldset").locator("h3, label")
    assert read_all(offered) == [
        "AIGUILHE",
        "Cantine scolaire de Aiguilhe",
        "CESTAS",
        "Centres de loisirs de Cestas",
        "SAINT-MARCEL-EN-DOMBES",
        "Service cantine de Saint-Marcel-en-Dombes",
    ]


@pytest.mark.seed("S3-53")
def test_a_booking_is_made_for_one_child_alone(visit, claire):
    page = visit(claire, AIGUILHE)
    page.get_by_role("group", name="Bénéficiaire").get_by_role("checkbox", name="Théo Dupont").uncheck()
    page.wait_for_load_state("networkidle")
    tick(page, "jeudi 18 mars")
    press(page, "Ajouter au panier")
    assert rows(page.locator("main"))[0][1] == "Bénéficiaire : Louane Dupont Dates : 18-03-2027"


def test_validated_by_an_agent_the_person_enters(visit, town, letters):
    person = add_pending(town.aiguilhe, email="nadia@example.org")
    page = visit(person, "/mon-compte/")
    assert title(page) == "En attente de validation"
    validate_account(agent=town.agent, user=person)
    assert [letter.subject for letter in letters("nadia@example.org")] == ["Votre compte est validé"]
    page.goto("/mon-compte/")
    assert title(page) == "Mes filiations"
