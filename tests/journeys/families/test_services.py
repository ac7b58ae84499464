"""The second gate, guides 002 and 003: a family asks for a service, an agent of it decides, and only then it books."""

from datetime import date

import pytest
from playwright.sync_api import expect

from accounts.actions import validate_account
from accounts.models import Commune, User
from families.models import SepaMandate
from portal.demo import access, data, seed
from services.models import Service, SupportingDocument
from tests.corpus import images, pdfs
from tests.factories.accounts import ManagerFactory
from tests.factories.services import BIC, IBAN
from tests.factories.wallet import family_with
from tests.journeys.conftest import PHONE
from tests.journeys.every_page.test_pages import each_size
from tests.journeys.guides.test_guide_002 import enter_as_agent
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
from tests.journeys.test_health import clean
from tests.journeys.town import add_child, add_duponts, add_parent, add_pending

CALENDAR = "/reservations/activite/cantine-saint-marcel/?mois=2027-03"
SERVICES = "/mes-services/"
CANTEEN = "Saint-Marcel-en-Dombes – Service cantine"
SHEET = "Fiche de renseignements relative à la santé de l’enfant"
PDF = {"name": "fiche.pdf", "mimeType": "application/pdf", "buffer": pdfs.written(pdfs.blank())}
PNG = {"name": "fiche.png", "mimeType": "image/png", "buffer": images.photo("PNG")}


@pytest.fixture(autouse=True)
def _own_vault(settings, tmp_path):
    settings.DOCUMENTS_ROOT = tmp_path


@pytest.fixture
def guide(town):
    """The town, where Saint-Marcel's canteen asks for the pieces of guide 002."""
    for code, name in data.COMMUNES:
        Commune.objects.get_or_create(insee_code=code, defaults={"name": name})
    access.services(Commune.objects.in_bulk(field_name="insee_code"), ManagerFactory())
    town.saint_marcel.services.update(access=Service.Access.REQUEST)
    return town


@pytest.fixture
def claire(guide):
    return add_duponts(guide.saint_marcel, cents=5000)


@pytest.fixture
def alone(guide):
    """A parent of Louane only."""
    parent = add_parent(guide.saint_marcel, cents=5000)
    add_child(parent.guardian.family, "Louane", date(2018, 5, 10))
    return parent


def ask_for_the_canteen(page, *children):
    """From « Mes services » to the document step."""
    page.goto(SERVICES)
    page.get_by_role("radio", name="Service cantine de Saint-Marcel-en-Dombes").check()
    press(page, "Valider")
    for child in children:
        page.get_by_role("group", name=child).get_by_label("Résident commune").check()
    press(page, "Valider")
    assert title(page) == "Pièces justificatives"


def give(page, child, file):
    """Choose the child's sheet."""
    page.get_by_label(f"{SHEET} ({child}) *").set_input_files(file)


def statuses(page):
    """What « Mes services » says of each member, in order."""
    page.goto(SERVICES)
    return read_all(page.locator("main tbody .pv-badge"))


# --- Guide 002 --------------------------------------------------------------------------------------------------------
@pytest.mark.seed("S2-18", "S2-19", "S2-20", "S2-21", "S2-22", "S2-23", "S2-24", "S2-25", "S2-26", "S2-27", "S2-28")
@pytest.mark.seed("S2-29", "S2-41", "S2-42", "S2-45", "S2-46", "S2-47", "S2-50", "S3-60", "S3-61", "S3-114")
def test_a_parent_asks_gives_the_pieces_is_accepted_and_books(visit, guide, claire, letters):
    """The whole of the guide: a parent and an agent of the commune, each in their own browser."""
    parent, agent = visit(claire, "/mon-compte/"), visit()
    click(parent.get_by_role("navigation", name="Mon espace").get_by_role("link", name="Mes services"))
    add_the_canteen(parent)
    assert (
        closed(parent) == f"Théo Dupont, Louane Dupont : l’accès au service « {CANTEEN} » {NOT_COMPLETE} Mes services"
    )
    follow(parent.locator("main"), "Mes services")
    follow(parent, "Donner mes pièces pour Louane Dupont")
    give_the_pieces(parent)
    assert [row[1:] for row in rows(parent.locator("main"))] == [
        ["Saint-Marcel-en-Dombes", f"{WAITING} {child} Dupont", "Après acceptation"] for child in ("Théo", "Louane")
    ]
    assert letters(claire.email)[-1].subject == f"Votre demande d’accès : {CANTEEN}"
    assert closed(parent) == f"Théo Dupont, Louane Dupont : l’accès au service « {CANTEEN} » {NOT_DECIDED} Mes services"

    enter_as_agent(agent)
    open_the_request(agent)
    validate_the_pieces(agent)
    press(agent, "Accepter")
    expect(agent.get_by_text("Plus aucune demande n’attend.")).to_be_visible()
    letter = letters(claire.email)[-1]
    assert letter.subject == f"Votre demande est acceptée : {CANTEEN}"
    assert "- Louane Dupont, Résident commune : Valide" in plain(letter.body)

    assert statuses(parent) == ["Valide", "Valide"]
    follow(parent, "Réserver pour Louane Dupont")
    tick(parent, "lundi 8 mars")
    press(parent, "Ajouter au panier")
    press(parent, "Payer avec mon porte-monnaie (le traitement de la commande sera plus court)")
    assert balance(parent) == "42,40 €"


NOT_COMPLETE = "n’est pas encore accepté : complétez vos pièces dans « Mes services »."
NOT_DECIDED = "n’est pas encore accepté : votre demande est à l’étude, un e-mail vous préviendra."
WAITING = "En attente Le service étudie votre demande : un e-mail vous préviendra. Voir les pièces de"


def add_the_canteen(page):
    assert title(page) == "Mes services"
    form = page.locator("form", has=page.get_by_role("heading", name="Ajouter un service"))
    assert read(form.locator("legend")) == (
        "Merci de choisir, dans votre commune, l’élément correspondant à votre situation puis appuyer sur le bouton "
        "« Valider », en bas de la page."
    )
    communes = [plain(text) for text in form.locator("summary > span").all_inner_texts()]
    assert communes[:4] == ["SAINT-MARCEL-EN-DOMBES", "AIGUILHE", "BANEINS", "BLAVOZY"]
    ask_for_the_canteen(page, "Louane Dupont", "Théo Dupont")
    follow(page, "Plus tard")
    assert columns(page.locator("main")) == ["Nom du Service", "Commune", "Statut", "Acheter"]
    assert [row[0] for row in rows(page.locator("main"))] == [
        f"Service cantine {child} Dupont Saint-Marcel-en-Dombes / Résident commune" for child in ("Théo", "Louane")
    ]


def closed(page):
    """Why nothing can be booked."""
    page.goto(CALENDAR)
    assert page.locator("[name=jour]:not([disabled])").count() == 0
    return read(page.locator("main .pv-note.is-warn").first)


def give_the_pieces(page):
    give(page, "Louane", PDF)
    give(page, "Théo", PNG)
    page.get_by_label("IBAN", exact=True).fill(IBAN)
    page.get_by_label("BIC", exact=True).fill(BIC)
    press(page, "Valider")
    with page.expect_download() as download:
        click(page.get_by_role("link", name="Télécharger le mandat prérempli (PDF)"))
    signed = PDF | {"name": "mandat signé.pdf", "buffer": download.value.path().read_bytes()}
    page.get_by_label("Mandat de prélèvement").set_input_files(signed)
    press(page, "Valider")
    assert messages(page)[-1] == (
        "Votre demande est envoyée au service concerné. Vous serez alerté par e-mail, dès que votre dossier aura été "
        "accepté. Vous aurez alors accès aux réservations."
    )


def open_the_request(page):
    """From « À traiter » to the family's request."""
    assert read_all(page.locator(".pv-todo li")) == [f"2 Demandes d’accès : {CANTEEN}", "5 Pièces à valider"]
    click(page.locator(".pv-todo").get_by_role("link", name="Demandes d’accès"))
    follow(page, "Louane Dupont")
    assert title(page) == f"Famille Dupont – {CANTEEN}"


def validate_the_pieces(page):
    """Read a sheet, validate both, then the mandate with the day it was signed."""
    with page.expect_download() as download:
        click(piece(page, "Ouvrir", "Louane"))
    assert download.value.path().read_bytes().startswith(b"%PDF")
    page.reload()
    for child in ("Louane", "Théo"):
        click(piece(page, "Valider la pièce", child))
    click(page.get_by_role("link", name="Valider la pièce : Mandat de prélèvement"))
    page.get_by_label("Signé le").fill("2027-03-01")
    press(page, "Valider la pièce")
    assert SepaMandate.objects.count() == 1


def piece(page, what, child):
    """The button that does this to the child's sheet."""
    return page.get_by_role("button", name=f"{what} : {SHEET} – {child} Dupont")


@pytest.mark.seed("S2-30", "S2-31", "S2-32", "S2-33", "S2-34", "S2-35", "S2-36", "S2-37", "S2-38", "S2-39", "S2-40")
@pytest.mark.seed("S2-41", "S2-43", "S2-44")
def test_the_document_step_reads_as_in_the_guide(visit, claire):
    page = visit(claire)
    ask_for_the_canteen(page, "Louane Dupont", "Théo Dupont")
    monthly = "Si vous souhaitez payer par prélèvement automatique mensuel, merci de saisir"
    mandate = "Validez d’abord votre IBAN : vous pourrez ensuite télécharger le mandat prérempli, le signer et le déposer ici."
    choice, validity = "Choisir un fichier Aucun fichier choisi", "Validité : 12 mois"
    assert read_all(page.locator(".pv-piece")) == [
        f"{SHEET} ({child}) * Saisir ici la fiche de renseignements relative à la santé de l’enfant complétée. "
        "1 fiche par enfant. Merci de nous signaler tout changement en cours d’année scolaire. "
        f"Télécharger le formulaire vierge pour {child} {choice} {validity}"
        for child in ("Théo", "Louane")
    ] + [
        f"IBAN {monthly} votre IBAN. {validity}",
        f"BIC {monthly} votre BIC. {validity}",
        f"Mandat de prélèvement {monthly} ici le mandat de prélèvement SEPA complété. {mandate} {choice} {validity}",
    ]
    assert [box.get_attribute("type") for box in page.locator(".pv-piece .form-control").all()] == (
        ["file", "file", "text", "text", "file"]
    )
    with page.expect_download() as download:
        follow(page, "Télécharger le formulaire vierge pour Louane")
    assert download.value.path().read_bytes().startswith(b"%PDF")
    give(page, "Louane", PDF)
    expect(page.get_by_text("fiche.pdf")).to_be_visible()
    press(page, "Valider")
    assert "Cette pièce est obligatoire" in read(page.get_by_role("alert"))
    assert read_all(page.locator(".pv-given li div")) == [f"{SHEET} (Louane) fiche.pdf Valable jusqu’au 01-03-2028"]


@pytest.mark.seed("S3-60")
def test_a_piece_is_refused_with_its_reason_given_again_and_the_request_accepted(visit, guide, alone, letters):
    parent, agent = visit(alone), visit(guide.agent, "/admin/")
    ask_for_the_canteen(parent, "Louane Dupont")
    give(parent, "Louane", PNG)
    press(parent, "Valider")
    assert statuses(parent) == ["En attente"]

    agent.goto("/admin/services/requestline/")
    follow(agent, "Louane Dupont")
    click(agent.get_by_role("link", name=f"Refuser la pièce : {SHEET}"))
    agent.get_by_label("Motif, tel que la famille le lira").fill("La photo est floue.")
    press(agent, "Refuser la pièce")
    assert "La photo est floue." in letters(alone.email)[-1].body
    agent.goto("/admin/services/requestline/?statut=toutes")
    follow(agent, "Louane Dupont")
    assert "La photo est floue." in read(agent.locator("#content-main"))

    assert statuses(parent) == ["Pièces à compléter"]
    follow(parent, "Donner mes pièces pour Louane Dupont")
    expect(parent.get_by_text("Pièce refusée : La photo est floue.")).to_be_visible()
    give(parent, "Louane", PDF)
    press(parent, "Valider")
    assert statuses(parent) == ["En attente"]

    agent.reload()
    click(piece(agent, "Valider la pièce", "Louane"))
    press(agent, "Accepter")
    assert letters(alone.email)[-1].subject == f"Votre demande est acceptée : {CANTEEN}"
    assert statuses(parent) == ["Valide"]


@pytest.mark.seed("S3-60")
def test_an_agent_asks_for_pieces_and_the_family_reads_which(visit, guide, alone, letters):
    parent = visit(alone)
    ask_for_the_canteen(parent, "Louane Dupont")
    give(parent, "Louane", PNG)
    press(parent, "Valider")
    agent = visit(guide.agent, "/admin/services/requestline/")
    follow(agent, "Louane Dupont")
    follow(agent, "Demander des pièces")
    agent.get_by_label("Pièces demandées, telles que la famille les lira").fill("La seconde page de la fiche.")
    press(agent, "Demander ces pièces")
    assert letters(alone.email)[-1].subject == f"Des pièces sont à compléter : {CANTEEN}"
    assert statuses(parent) == ["Pièces à compléter"]
    expect(parent.get_by_text("La seconde page de la fiche.")).to_be_visible()
    follow(parent, "Donner mes pièces pour Louane Dupont")
    follow(parent, f"Remplacer {SHEET} (Louane)")
    give(parent, "Louane", PDF)
    press(parent, "Valider")
    assert statuses(parent) == ["En attente"]
    agent.goto("/admin/services/requestline/")
    follow(agent, "Louane Dupont")
    click(piece(agent, "Valider la pièce", "Louane"))
    press(agent, "Accepter")
    assert statuses(parent) == ["Valide"]


def test_an_agent_of_another_commune_finds_nothing_to_do(visit, guide, alone):
    parent = visit(alone)
    ask_for_the_canteen(parent, "Louane Dupont")
    give(parent, "Louane", PNG)
    press(parent, "Valider")
    agent = visit(guide.stranger, "/admin/")
    assert "Rien n’attend : tout est à jour." in read(agent.get_by_role("main"))
    agent.goto("/admin/services/requestline/?statut=toutes")
    assert agent.get_by_text("Louane").count() == 0


# --- Guide 003 --------------------------------------------------------------------------------------------------------
@pytest.fixture
def demo(clock):
    """The town of the demo, as `make demo` seeds it."""
    seed.seed(families=0)


@pytest.fixture
def marc(demo):
    """Signed up, but for the third step; he eats at the canteen himself."""
    user = add_pending(None, signed_up_at=None, email="marc@example.org")
    family = family_with(user, name="Benali")
    add_child(family, "Sami", date(2018, 5, 10))
    add_child(family, "Marc", date(1985, 1, 1))
    return User.objects.get(pk=user.pk)


# The guide prints them in capitals, some without their accents.
SITUATIONS = {
    "AIGUILHE": ["Hors commune", "Résident commune", "Réservation tardive garderie"],
    "BANEINS": ["Hors commune", "Résident commune"],
    "BLAVOZY": ["Commune 3 enfants", "Hors commune 3 enfants", "Résidents commune", "Résidents hors commune"],
    "BRIVES-CHARENSAC": ["1 parent travaillant à Brives", "Hors commune", "Résident commune", "Tarif réduit"],
    "CESTAS": ["Hors commune", "Résident commune"],
    "COUBON": ["Adulte", "Enfant commune", "Enfant hors commune"],
    "CRAPONNE-SUR-ARZON": ["Adultes", "Enfants"],
    "POLIGNAC": ["Adultes", "Enfants"],
    "ROSIÈRES": ["Adultes", "Enfants"],
    "SAINT-MARCEL": ["Hors commune", "Résident commune"],
    "SAINT-ÉTIENNE-LARDEYROL": ["Adultes"],
}


@pytest.mark.seed("S3-57", "S3-59", "S3-66", "S3-67", "S3-68", "S3-69", "S3-70", "S3-71", "S3-72", "S3-73", "S3-74")
@pytest.mark.seed("S3-75", "S3-76", "S3-77", "S3-78", "S3-79")
def test_the_third_step_offers_the_situations_of_each_commune(visit, marc):
    page = visit(marc, "/inscription/services/")
    expect(page.get_by_role("heading", name="Choisissez vos services associés")).to_be_visible()
    assert read(page.locator("main legend")).startswith(
        "Merci de choisir, dans votre commune, l’élément correspondant à votre situation"
    )
    offered = {}
    for text in read_all(page.locator("main fieldset").locator("h3, label")):
        if text.isupper():
            offered[text] = commune = []
        else:
            commune.append(text.split(" (")[0])
    assert offered == SITUATIONS


@pytest.mark.seed("S3-58", "S3-60", "S3-61", "S3-62", "S3-63", "S3-64", "S3-65")
def test_an_adult_is_asked_for_at_the_third_step_accepted_and_booked(visit, marc, letters):
    page = visit(marc, "/inscription/services/")
    page.get_by_role("radio", name="Adulte (Cantine scolaire de Coubon)").check()
    press(page, "Valider")
    assert read_all(page.get_by_role("group", name="Sami Benali").locator("label")) == [
        "Enfant commune",
        "Enfant hors commune",
        "Ne pas demander",
    ]
    expect(page.get_by_role("group", name="Marc Benali").get_by_label("Adulte")).to_be_checked()
    press(page, "Valider")
    assert title(page) == "En attente de validation"
    follow(page, "Mes services et mes pièces")
    assert columns(page.locator("main")) == ["Nom du Service", "Statut"]
    assert rows(page.locator("main")) == [["Coubon / Adulte Cantine scolaire Marc Benali", f"{WAITING} Marc Benali"]]

    agent = visit(User.objects.get(identifier="agent-43078"), "/admin/")
    validate_account(agent=User.objects.get(identifier="agent-43078"), user=marc)
    click(agent.locator(".pv-todo").get_by_role("link", name="Demandes d’accès"))
    follow(agent, "Marc Benali")
    press(agent, "Accepter")
    assert letters("marc@example.org")[-1].subject == "Votre demande est acceptée : Coubon – Cantine scolaire"

    page.goto("/mon-compte/")
    follow(page.locator("main"), "Mes services")
    (row,) = rows(page.locator("main"))
    assert row[:2] == ["Cantine scolaire Marc Benali Coubon / Adulte", "Coubon"]
    assert row[2].startswith("Valide ")
    page.goto("/reservations/activite/repas-adulte-coubon/?mois=2027-03")
    tick(page, "lundi 15 mars")
    press(page, "Ajouter au panier")
    assert rows(page.locator("main"))[0][1:6] == [
        "Bénéficiaire : Marc Benali Dates : 15-03-2027",
        "Disponible",
        "6,65 €",
        "1",
        "6,65 €",
    ]


# --- With little ------------------------------------------------------------------------------------------------------
@pytest.mark.seed("S3-114")
def test_pieces_are_given_on_a_phone_without_scripts(visit, alone):
    page = visit(alone, size=PHONE, java_script_enabled=False)
    ask_for_the_canteen(page, "Louane Dupont")
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    press(page, "Valider")
    assert "Cette pièce est obligatoire" in read(page.get_by_role("alert"))
    give(page, "Louane", PNG)
    page.get_by_label("IBAN", exact=True).fill("FR00")
    press(page, "Valider")
    assert "IBAN" in read(page.get_by_role("alert"))
    assert read_all(page.locator(".pv-given li .pv-badge")) == ["En attente"]
    page.get_by_label("IBAN", exact=True).fill(IBAN)
    press(page, "Valider")
    page.goto(f"{SERVICES}documents/")
    assert [row[0].split(" ")[0] for row in rows(page.locator("main"))] == ["Fiche", "IBAN"]
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    follow(page, "Remplacer IBAN")
    page.get_by_label("IBAN").fill(IBAN)
    press(page, "Valider")
    assert messages(page) == ["C’est enregistré : IBAN."]
    assert SupportingDocument.objects.filter(type__kind="iban").count() == 2
    with page.expect_download() as download:
        press(page, f"Télécharger {SHEET} Louane Dupont")
    assert download.value.path().read_bytes().startswith(b"\x89PNG")


@each_size
def test_the_pages_are_accessible_and_no_wider_than_the_screen(visit, alone, size):
    page = visit(alone, size=size)
    page.goto(SERVICES)
    faults = {"no service": clean(visit, page)}
    ask_for_the_canteen(page, "Louane Dupont")
    faults["pieces"] = clean(visit, page)
    press(page, "Valider")
    faults["errors"] = clean(visit, page)
    give(page, "Louane", PNG)
    page.get_by_label("IBAN", exact=True).fill(IBAN)
    press(page, "Valider")
    faults["given"] = clean(visit, page)
    for name, path in (("services", SERVICES), ("documents", f"{SERVICES}documents/")):
        page.goto(path)
        faults[name] = clean(visit, page)
    follow(page, "Remplacer IBAN")
    faults["replace"] = clean(visit, page)
    assert {name: found for name, found in faults.items() if found} == {}
