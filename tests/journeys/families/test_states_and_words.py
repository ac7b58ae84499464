"""What people are told is true: an invited parent is led on, a new birth date is asked for, a deadline is an evening."""

from datetime import date, datetime, timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from common.models import OutgoingEmail
from families.actions import invite
from families.models import Family, IdentityChange, Member
from families.rules import TYPING_DAYS
from reservations.models import Session
from reservations.rules import PARIS
from services.models import Service
from tests.factories.services import AudienceFactory, line
from tests.journeys.conftest import DESKTOP, PHONE
from tests.journeys.reading import click, day, follow, messages, press, read, tick, title
from tests.journeys.town import PASSWORD, add_duponts

AIGUILHE = "/reservations/activite/cantine-aiguilhe/?mois=2027-03"


@pytest.fixture
def claire(town):
    return add_duponts(town.aiguilhe, cents=5000)


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_an_invited_parent_is_led_to_the_next_step_and_enter_goes_on(visit, claire, code_for, size):
    invite(user=claire, email="paul@example.org", kind="household")
    path = OutgoingEmail.objects.get(template="families/invitation").context["path"]
    page = visit(path=path, size=size)
    click(page.get_by_role("link", name="Créer mon compte"))
    page.get_by_label("* Prénom", exact=True).fill("Paul")
    page.get_by_label("* Nom", exact=True).fill("Dupont")
    page.get_by_label("* Adresse e-mail").fill("paul@example.org")
    page.get_by_role("checkbox", name="J’accepte les conditions générales").check()
    page.get_by_label("* Mot de passe").fill(PASSWORD)
    page.get_by_label("* Mot de passe").press("Enter")
    page.get_by_label("Code reçu par e-mail").fill(code_for("paul@example.org"))
    press(page, "Confirmer")
    assert title(page) == "Invitation de Claire Dupont"
    said = read(page.locator("main"))
    assert "C’est à vous : indiquez vos filiations" in said
    assert "attend la validation" not in said
    follow(page.locator("main"), "Terminer mon inscription")
    assert title(page) == "Création facile de votre compte usager en 3 étapes"
    expect(page.get_by_role("group", name="Bénéficiaire 1")).to_have_count(0)


def test_without_scripts_a_beneficiary_more_loses_nothing_that_was_typed(visit, town):
    page = visit(path="/inscription/", java_script_enabled=False)
    page.get_by_label("* Adresse e-mail").fill("paul@example.org")
    page.get_by_label("* Mot de passe").fill(PASSWORD)
    press(page, "Ajouter nouveau bénéficiaire +")
    expect(page.get_by_label("* Mot de passe")).to_have_value(PASSWORD)
    expect(page.get_by_role("group", name="Bénéficiaire 1")).to_be_visible()


def test_a_new_birth_date_of_a_child_let_in_is_decided_by_an_agent(visit, town, claire):
    service = Service.objects.get(commune=town.aiguilhe)
    louane = Member.objects.get(first_name="Louane")
    line(service, claire.guardian.family, louane, audience=AudienceFactory(service=service))
    Family.objects.update(created_at=timezone.now() - timedelta(days=TYPING_DAYS + 1))
    page = visit(claire, f"/mes-filiations/{louane.pk}/")
    page.get_by_label("Année", exact=True).select_option("2015")
    press(page, "Enregistrer")
    assert "Votre demande est envoyée au service qui a accepté cette personne" in messages(page)[0]
    louane.refresh_from_db()
    assert louane.birth_date == date(2018, 5, 10)

    change = IdentityChange.objects.get()
    agent = visit(town.agent, f"/admin/families/identitychange/{change.pk}/decider/")
    assert "10-05-2018" in read(agent.locator("#content"))
    assert "10-05-2015" in read(agent.locator("#content"))
    agent.get_by_label("Accepter ce changement").check()
    click(agent.get_by_role("button", name="Enregistrer cette décision"))
    louane.refresh_from_db()
    assert louane.birth_date == date(2015, 5, 10)
    page.goto(f"/mes-filiations/{louane.pk}/")
    assert "Accepté" in read(page.locator("main"))


def test_a_deadline_is_an_evening_and_a_cancelled_meal_is_told_as_cancelled(visit, claire):
    midnight = datetime(2027, 3, 18, tzinfo=PARIS)
    Session.objects.filter(date=date(2027, 3, 18)).update(bookable_until=midnight, cancellable_until=midnight)
    Session.objects.filter(date=date(2027, 3, 19)).update(bookable_until=datetime(2027, 3, 1, tzinfo=PARIS))
    page = visit(claire, AIGUILHE)
    expect(page.locator(".pv-cal .word", has_text="Trop tard").first).to_be_visible()
    expect(day(page, "jeudi 18 mars")).to_have_accessible_name(
        "jeudi 18 mars, libre, réservable jusqu’au mercredi 17 mars à 23\u00a0h\u00a059"
    )
    tick(page, "jeudi 18 mars")
    press(page, "Ajouter au panier")
    press(page, "Payer avec mon porte-monnaie (le traitement de la commande sera plus court)")
    order = page.url
    follow(page.locator("main"), "Mes réservations")
    assert "mercredi 17 mars à 23 h 59" in read(page.locator("main"))
    click(page.get_by_role("link", name="Annuler Réservation de repas Cantines Aiguilhe, Louane, 18-03-2027"))
    crossed = page.url
    press(page, "Annuler la réservation")
    page.goto(order.split("?")[0])
    assert "3,80 € recrédités le 01-03-2027" in read(page.locator("main"))
    page.goto(crossed)
    said = read(page.locator("main"))
    assert "Cette réservation est déjà annulée." in said
    assert "sera recrédité" not in said
