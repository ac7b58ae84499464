"""The words of guide 001 on the pages of the space, and whom each page says to call."""

import re
from html import unescape

import pytest

from tests.client import PortalClient
from tests.factories.aid import (
    aid_account_of,
    aid_user,
    caregiver_with,
    funder_with,
    holder_with,
    payment_of,
    right_with,
)

pytestmark = pytest.mark.django_db
PHONE = "0 805 530 020 Service & appel gratuits"
NOTICE = (
    "Les données à caractère personnel recueillies font l’objet d’un traitement dont le responsable est Domiserve, "
    "l’émetteur de CESU mandaté par le Département de la Haute-Garonne, conformément à la réglementation relative à la "
    "protection des données à caractère personnel."
)


@pytest.fixture
def funder():
    return funder_with(slug="haute-garonne", name="Département de la Haute-Garonne")


def words(path: str, client=None) -> str:
    """The text of a page, with single spaces."""
    page = (client or PortalClient()).get(path).content.decode().split("<body")[1]
    text = re.sub(r"<[^>]+>", " ", page.replace("</h1>", " </h1>"))
    return " ".join(unescape(text).split())


def missing(text: str, *wanted: str) -> list[str]:
    return [each for each in wanted if each not in text]


@pytest.mark.seed("S1-9", "S1-15", "S1-16", "S1-17", "S1-18", "S1-19", "S1-20", "S1-21", "S1-22", "S1-23")
def test_the_way_in_speaks_as_the_guide(funder):
    wanted = [
        "Compte Solidarité 31 Département de la Haute-Garonne",
        "Espace bénéficiaire",
        "Vous êtes déjà inscrit(e) ? Connectez-vous",
        "Identifiant",
        "Mot de passe",
        "Se connecter",
        "Mot de passe oublié ?",
        "Je ne suis pas encore bénéficiaire et souhaite m’inscrire à l’espace.",
        "S’inscrire",
        "Vous souhaitez avoir plus d’informations, contactez-nous .",
    ]
    assert missing(words("/aide/haute-garonne/"), *wanted) == []


@pytest.mark.seed("S1-12", "S1-24", "S1-25", "S1-26", "S1-27", "S1-28")
def test_the_first_step_asks_for_the_code_and_the_birth_date(funder):
    wanted = [
        "Renseignements préalables à l’inscription",
        "Code CESU *",
        "le code CESU est constitué de 8 chiffres",
        "sur le talon d’un CESU « papier »",
        "Date de naissance *",
        "JJ/MM/AAAA",
        "Valider",
    ]
    text = words("/aide/haute-garonne/inscription/").replace("* Code CESU", "Code CESU *")
    assert missing(text.replace("* Date de naissance", "Date de naissance *"), *wanted) == []


@pytest.mark.seed("S1-29", "S1-30", "S1-31", "S1-32", "S1-33", "S1-74", "S1-75")
def test_each_page_says_whom_to_call_and_who_answers_for_the_data(funder):
    holder = holder_with()
    right_with(aid_account_of(holder, funder))
    client = PortalClient()
    client.force_login(aid_user(holder))
    of_the_space = [f"/aide/{holder.pk}/{page}" for page in ("", "proches/", "coordonnees/")]
    of_everybody = [
        f"/aide/haute-garonne/{page}" for page in ("", "inscription/", "mot-de-passe/", "mode-d-emploi/", "contact/")
    ]
    wanted = [
        PHONE,
        "Domiserve Contact Mentions légales Paramétrage des cookies",
        "Des conseillers vous écoutent",
        NOTICE,
    ]
    lacking = {path: missing(words(path, client), *wanted) for path in of_the_space}
    lacking |= {path: missing(words(path), *wanted) for path in of_everybody}
    assert {path: lacks for path, lacks in lacking.items() if lacks} == {}
    assert "Copyright © 20" in words("/aide/haute-garonne/")


@pytest.mark.seed("S1-1", "S1-3", "S1-4", "S1-5", "S1-76")
def test_the_guide_says_why_and_how_in_numbered_steps(funder):
    wanted = [
        "C’est l’alternative au Chèque Solidarité 31 « Papier ».",
        "payer votre salarié(e) par internet, de manière totalement sécurisée",
        "d’effectuer en quelques clics des paiements en toute sécurité",
        "Comment vous connecter à votre Compte Solidarité 31 ?",
        "Des conseillers sont à votre écoute",
    ]
    text = words("/aide/haute-garonne/mode-d-emploi/")
    assert missing(text, *wanted) == []
    page = PortalClient().get("/aide/haute-garonne/mode-d-emploi/").content.decode()
    steps = [part.split("</ol>")[0].count("<li>") for part in page.split('<ol class="pv-aid-steps">')[1:]]
    assert steps == [5, 3]


def test_a_change_of_colours_is_seen_at_once(funder):
    def address():
        page = PortalClient().get("/aide/haute-garonne/").content.decode()
        return re.search(r'href="(/aide/haute-garonne/couleurs.css\?v=\w+)"', page)[1]

    before = address()
    funder.colour_primary = "#8a1538"
    funder.save()
    assert address() != before
    response = PortalClient().get(address())
    assert "--pv-brand:#8a1538" in response.content.decode()
    assert "max-age=86400" in response["Cache-Control"]


def test_the_home_says_what_is_left_and_what_ends_first(funder):
    holder = holder_with()
    account = aid_account_of(holder, funder)
    right, user, client = right_with(account, 43 * 60, months=3), aid_user(holder), PortalClient()
    client.force_login(user)
    assert "Derniers paiements" not in words(f"/aide/{holder.pk}/", client)
    payment_of((right, 60), caregiver=caregiver_with(), by=user)
    text = words(f"/aide/{holder.pk}/", client)
    assert re.search(r"Derniers paiements (Mme )?(Fatima Besson|Besson Fatima|Fatima BESSON|BESSON Fatima)", text)
    assert missing(text, "APA EMPLOI DIRECT", "42 h 00", "À utiliser au plus tard le") == []
    assert re.search(r"au plus tard le (\w+di|dimanche) \d", text)
