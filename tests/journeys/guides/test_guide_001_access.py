"""Guide 001 in a browser: a beneficiary signs up on a phone without scripts, then lets her daughter in."""

import re

import pytest

from tests.factories.aid import aid_account_of, funder_with, holder_with, right_with
from tests.journeys.conftest import PHONE
from tests.journeys.reading import choose_in_menu, click, follow, messages, press, read, title
from tests.journeys.town import PASSWORD


@pytest.fixture
def odette(clock):
    """A person of 88 with an APA account, and a code on the stub of her last paper CESU."""
    funder = funder_with(slug="haute-garonne", name="Département de la Haute-Garonne")
    holder = holder_with(code="12345678")
    right_with(aid_account_of(holder, funder))
    return holder


@pytest.mark.seed("S1-10", "S1-11", "S1-13", "S1-14", "S1-73", "S1-77")
def test_a_beneficiary_signs_up_and_her_daughter_helps_her(visit, odette, letters, settings, live_server):
    settings.PUBLIC_URL = live_server.url
    page = visit(path="/aide/", size=PHONE, java_script_enabled=False)
    assert title(page) == "ESPACE BÉNÉFICIAIRE"
    follow(page, "S’inscrire")
    fill(page, {"Code CESU": "12345678", "Date de naissance": "14/05/1939"})
    press(page, "Valider")
    assert "Nous ne pouvons pas continuer avec ces informations" in read(page.locator("main"))
    fill(page, {"Code CESU": "1234 5678", "Date de naissance": "14/05/1938"})
    press(page, "Valider")
    fill(page, {"Adresse e-mail": "odette@famille.example"})
    press(page, "Valider")
    assert title(page) == "Un e-mail vous attend"

    page.goto(link_of(letters("odette@famille.example")[-1]))
    choose_password(page)
    press(page, "Enregistrer et entrer")
    assert messages(page) == ["VOTRE COMPTE SOLIDARITÉ 31 EST ACTIF !"]
    assert (title(page), read(page.locator(".pv-aid-whose"))) == ("Bonjour Odette", "Compte d’Odette LACOSTE")

    choose_in_menu(page, "Mes proches")
    fill(page, {"Prénom": "Anne", "Nom": "Lacoste", "Adresse e-mail": "anne@famille.example"})
    fill(page, {"Votre mot de passe": PASSWORD})
    press(page, "Envoyer l’invitation")
    assert messages(page) == ["L’invitation est partie à anne@famille.example."]
    press(page, "Se déconnecter")

    page.goto(link_of(letters("anne@famille.example")[-1]))
    assert title(page) == "Aider Odette LACOSTE"
    choose_password(page)
    press(page, "Accepter et entrer")
    assert messages(page) == ["Vous pouvez maintenant ouvrir le compte d’Odette LACOSTE."]
    assert (title(page), read(page.locator(".pv-aid-whose"))) == ("Bonjour Anne", "Compte d’Odette LACOSTE")
    press(page, "Se déconnecter")

    page.goto("/aide/")
    fill(page, {"Identifiant": "12345678", "Mot de passe": PASSWORD})
    press(page, "Se connecter")
    choose_in_menu(page, "Mes proches")
    click(page.get_by_role("link", name="Retirer l’autorisation donnée à Anne Lacoste"))
    press(page, "Retirer l’autorisation")
    assert messages(page) == ["Anne Lacoste ne peut plus ouvrir ce compte."]


def fill(page, said: dict[str, str]) -> None:
    """Type into the fields of these labels."""
    for label, text in said.items():
        page.locator("main").get_by_label(re.compile(rf"^\W*{re.escape(label)}\W*$")).fill(text)


def link_of(letter) -> str:
    return re.search(r"http\S+/aide/(activation|invitation)/\S+", letter.body)[0]


def choose_password(page) -> None:
    fill(page, {"Mot de passe": PASSWORD, "Mot de passe, une seconde fois": PASSWORD})
    page.get_by_role("checkbox", name="J’accepte").check()
