"""The requests of guide 004, page by page: Sélection, calendar, « Valider », recap, « Valider »."""

import re

import pytest

from common.models import OutgoingEmail
from reservations.models import Booking, CartLine
from tests.client import once_keys
from tests.factories.reservations import (
    FRIDAY,
    THURSDAY,
    TUESDAY,
    LeisureFactory,
    book,
    choose,
    household,
    session,
)
from tests.reservations.reading import iso, offered_days, text, ticked

pytestmark = pytest.mark.django_db
SELECTION, REQUESTS = "/reservations/", "/reservations/demandes/"


def form(member, activity, *days, **more):
    fields = {"personne": member.pk, "activite": activity.pk, "jour": iso(*days), "mois_affiche": "2026-11"}
    return fields | more


def address(member, activity):
    return f"{SELECTION}?personne={member.pk}&activite={activity.pk}"


@pytest.mark.seed("S4-55", "S4-56", "S4-57", "S4-58", "S4-60")
def test_the_selection_asks_for_a_person_and_an_activity(parent, home, leisure):
    LeisureFactory(name="ALSH Matin")
    answer = parent.get(SELECTION)
    page, words = answer.content.decode(), text(answer)
    assert "<h1>Réservations</h1>" in page
    assert "Sélection Personne concernée T Théo Dupont L Louane Dupont Activité concernée" in words
    assert len(re.findall(r'type="radio" name="personne"', page)) == 2
    assert len(re.findall(r'type="radio" name="activite"', page)) == 2
    assert offered_days(answer) == []


@pytest.mark.seed("S4-59", "S4-61", "S4-67", "S4-68", "S4-69", "S4-77")
def test_the_calendar_of_the_choice_is_shown_with_its_price_and_legend(parent, home, leisure):
    answer = parent.get(address(home.child, leisure))
    words = text(answer)
    assert "Tarif de l’activité : 13,30 €" in words
    assert "Novembre 2026" in words
    assert "Lun lundi Mar mardi Mer mercredi Jeu jeudi Ven vendredi Sam samedi Dim dimanche" in words
    assert offered_days(answer) == iso(TUESDAY, THURSDAY, FRIDAY)
    cells = re.findall(r'class="pv-day is-(\w+)"', answer.content.decode().split("</table>")[0])
    assert (cells.count("open"), cells.count("closed")) == (3, 27)
    assert "IMPORTANT : tant que vous n’avez pas cliqué sur le bouton « Valider »" in words
    assert "Valider Abandonner" in words
    for state in ("Fermé", "Libre", "Réservé, modifiable", "Réservé, délai passé"):
        assert state in words


@pytest.mark.seed("S4-64", "S4-69", "S4-81", "S4-85", "S4-87", "S4-88")
def test_valider_shows_the_summary_and_books_nothing_yet(parent, home, leisure):
    answer = parent.post(SELECTION, form(home.child, leisure, TUESDAY, THURSDAY, valider="1"))
    assert (answer.status_code, answer.url) == (302, REQUESTS)
    words = text(parent.get(REQUESTS))
    assert "Récapitulatif des réservations Date Personne Activité Arrivée Départ Coût" in words
    assert "mardi 10 novembre Louane Dupont ALSH Journée 09:00 17:30 13,30 €" in words
    assert "jeudi 12 novembre Louane Dupont ALSH Journée 09:00 17:30 13,30 € Total 26,60 €" in words
    assert Booking.objects.count() == 0


@pytest.mark.seed("S4-65", "S4-66", "S4-83")
def test_retour_keeps_the_requests_for_other_activities_and_children(parent, home, leisure):
    matin = LeisureFactory(name="ALSH Matin", cents=475)
    session(matin, FRIDAY)
    louane, theo = home.children
    parent.post(SELECTION, form(louane, leisure, TUESDAY, THURSDAY, valider="1"))
    assert f'href="{SELECTION}"' in parent.get(REQUESTS).content.decode()
    assert ticked(parent.get(address(louane, leisure))) == iso(TUESDAY, THURSDAY)
    parent.post(SELECTION, form(theo, matin, FRIDAY, valider="1"))
    parent.post(SELECTION, form(louane, leisure, THURSDAY, valider="1"))
    words = text(parent.get(REQUESTS))
    assert "jeudi 12 novembre Louane Dupont ALSH Journée 09:00 17:30 13,30 €" in words
    assert "vendredi 13 novembre Théo Dupont ALSH Matin 09:00 17:30 4,75 € Total 18,05 €" in words
    assert "mardi 10 novembre" not in words


@pytest.mark.seed("S4-78", "S4-82", "S4-108")
def test_the_second_valider_records_them_and_an_email_says_so(parent, home, leisure):
    parent.post(SELECTION, form(home.child, leisure, TUESDAY, valider="1"))
    answer = parent.post(REQUESTS, {"once_key": once_keys(parent.get(REQUESTS))[0]}, follow=True)
    assert "Votre demande est enregistrée. Un e-mail vous le confirme." in text(answer)
    assert Booking.objects.get().session.date == TUESDAY
    assert OutgoingEmail.objects.get().template == "reservations/order_confirmed"
    assert home.balance == 10_000


@pytest.mark.seed("S4-86", "S4-105", "S4-106", "S4-107", "S4-108")
def test_a_day_is_cancelled_by_ticking_it_and_validating_twice(parent, home, leisure):
    [booking] = book(home, leisure.sessions.get(date=TUESDAY), members=[home.child])
    parent.post(SELECTION, form(home.child, leisure, THURSDAY, valider="1", annuler=iso(TUESDAY)))
    words = text(parent.get(REQUESTS))
    assert "Récapitulatif des annulations Date Personne Activité Arrivée Départ Coût" in words
    assert "mardi 10 novembre Louane Dupont ALSH Journée 09:00 17:30 13,30 € Total 13,30 €" in words
    parent.post(REQUESTS, {"once_key": once_keys(parent.get(REQUESTS))[0]})
    booking.refresh_from_db()
    assert booking.status == "cancelled"
    assert Booking.objects.active().get().session.date == THURSDAY
    assert OutgoingEmail.objects.count() == 2


@pytest.mark.seed("S4-84")
def test_abandonner_erases_the_requests_and_changes_no_booking(parent, home, leisure):
    book(home, leisure.sessions.get(date=TUESDAY))
    choose(home, leisure, TUESDAY, THURSDAY)
    answer = parent.post("/reservations/demandes/abandonner/", follow=True)
    assert "Vos demandes sont effacées. Vos réservations n’ont pas changé." in text(answer)
    assert (CartLine.objects.count(), Booking.objects.active().count()) == (0, 2)


@pytest.mark.seed("S4-80")
def test_a_day_taken_meanwhile_is_told_and_the_others_are_recorded(parent, home, leisure):
    choose(home, leisure, TUESDAY, THURSDAY, members=[home.child])
    key = once_keys(parent.get(REQUESTS))[0]
    leisure.sessions.filter(date=TUESDAY).update(capacity=0)
    answer = parent.post(REQUESTS, {"once_key": key}, follow=True)
    assert "mardi 10 novembre Louane Dupont ALSH Journée 09:00 17:30 Refusée (complet)" in text(answer)
    assert (Booking.objects.count(), CartLine.objects.count()) == (1, 0)


def test_requests_that_became_impossible_are_taken_out_in_one_click(parent, home, leisure):
    choose(home, leisure, TUESDAY, THURSDAY)
    home.children[1].memberships.update(withdrawn_at="2026-11-02T08:00Z")
    page = parent.get(REQUESTS)
    assert "Théo ne figure plus dans vos filiations." in text(page)
    [pks] = re.findall(r'name="lignes" value="([\d,]+)"', page.content.decode())
    answer = parent.post("/reservations/panier/retirer/", {"panier": "deferred", "lignes": pks})
    assert answer.url == REQUESTS
    assert set(CartLine.objects.values_list("member__first_name", flat=True)) == {"Louane"}
    assert "Certaines demandes ne sont plus possibles" not in text(parent.get(REQUESTS))


def test_the_address_of_a_deferred_activity_leads_to_the_selection(parent, leisure):
    answer = parent.get("/reservations/activite/alsh/")
    assert (answer.status_code, answer.url) == (302, f"{SELECTION}?activite={leisure.pk}")


def test_without_javascript_the_buttons_of_the_calendar_keep_the_ticks(parent, home, leisure):
    def post(**more):
        return ticked(parent.post(SELECTION, form(home.child, leisure, TUESDAY, **more)))

    assert post(aller="2026-12") == iso(TUESDAY)
    assert post(rafraichir="1") == iso(TUESDAY)
    assert post(semaine="2026-11-09") == iso(TUESDAY, THURSDAY, FRIDAY)
    assert post(mois="2026-11") == iso(TUESDAY, THURSDAY, FRIDAY)
    assert post(effacer="2026-11") == []


def test_a_person_or_an_activity_of_others_is_not_chosen(parent, home, leisure):
    stranger = household()
    answer = parent.get(f"{SELECTION}?personne={stranger.child.pk}&activite={leisure.pk}")
    assert offered_days(answer) == []
    parent.post(SELECTION, form(stranger.child, leisure, TUESDAY, valider="1"))
    assert CartLine.objects.count() == 0
