"""A parent says what those who look after Louane must know; an agent of her canteen reads it; the parent sees who did."""

import pytest

from families.models import Member
from tests.factories.services import line, service_asking
from tests.journeys.conftest import DESKTOP, PHONE
from tests.journeys.every_page.test_pages import each_size, faults_of
from tests.journeys.reading import click, follow, messages, press, read, title
from tests.journeys.town import add_duponts


@pytest.fixture
def claire(town):
    claire = add_duponts(town.aiguilhe)
    louane = Member.objects.get(first_name="Louane")
    line(service_asking(name="Garderie", commune=town.aiguilhe), claire.guardian.family, louane)
    return claire


def clean(visit, page) -> list[str]:
    """What is wrong on the page, by axe-core and in its shape."""
    told = len(visit.faults)
    faults = faults_of(page)[0]
    del visit.faults[told:]  # axe itself sets styles, which the policy refuses
    return faults


def fill_in(page):
    """Louane's sheet, a grandmother, two consents."""
    click(page.get_by_role("link", name="Santé et contacts de Louane Dupont"))
    follow(page, "Remplir la fiche santé")
    page.get_by_label("Mon enfant a un PAI").check()
    page.get_by_label("Arachides").check()
    page.get_by_label("Traitement et conduite à tenir").fill("Anapen dans le cartable bleu.\nAppeler le 15.")
    page.get_by_label("Sans porc").check()
    press(page, "Enregistrer")
    follow(page, "Ajouter un contact")
    page.get_by_label("Nom et prénom").fill("Odette Dupont")
    page.get_by_label("Téléphone").fill("06 12 34 56 78")
    page.get_by_label("Lien avec l’enfant").fill("Grand-mère")
    page.get_by_label("À prévenir en cas d’urgence").check()
    page.get_by_label("Peut venir chercher l’enfant").check()
    press(page, "Enregistrer")
    follow(page, "Répondre ou changer d’avis")
    page.get_by_role("group", name="Photos et vidéos").get_by_label("Je n’autorise pas").check()
    page.get_by_role("group", name="En urgence").get_by_label("J’autorise").check()
    press(page, "Enregistrer mes réponses")


def test_a_parent_fills_in_on_a_phone_without_scripts_and_sees_which_agent_read(visit, town, claire):
    page = visit(claire, "/mes-filiations/", size=PHONE, java_script_enabled=False)
    fill_in(page)
    assert (title(page), messages(page)) == (
        "Santé et contacts de Louane",
        ["Les autorisations de Louane sont enregistrées."],
    )
    agent = visit(town.agent, "/admin/families/healthfile/", size=DESKTOP)
    follow(agent, "Dupont")
    press(agent, "Lire la fiche santé")
    told = read(agent.locator("#content-main"))
    for words in ("PAI Oui", "Arachides", "Anapen dans le cartable bleu. Appeler le 15.", "Sans porc", "Odette Dupont"):
        assert words in told
    page.reload()
    assert "Consultée par Agnès Martin, lundi 1er mars 10:0" in read(page.locator("main"))


@each_size
def test_the_pages_are_accessible(visit, claire, size):
    page = visit(claire, "/mes-filiations/", size=size)
    fill_in(page)
    faults = {"read": clean(visit, page)}
    for name in (
        "Modifier la fiche santé",
        "Ajouter un contact",
        "Modifier Odette Dupont",
        "Répondre ou changer d’avis",
    ):
        follow(page, name)
        faults[name] = clean(visit, page)
        page.go_back()
    follow(page, "Ajouter un contact")
    press(page, "Enregistrer")
    faults["errors"] = clean(visit, page)
    page.goto("/mes-filiations/")
    faults["list"] = clean(visit, page)
    assert {name: found for name, found in faults.items() if found} == {}


@each_size
def test_the_agents_pages_are_accessible(visit, town, claire, size):
    page = visit(claire, "/mes-filiations/", size=size)
    fill_in(page)
    page = visit(town.agent, "/admin/families/healthfile/", size=size)
    faults = clean(visit, page)
    follow(page, "Dupont")
    faults += clean(visit, page)
    press(page, "Lire la fiche santé")
    assert faults + clean(visit, page) == []
