"""« Chiffres »: who reads what, bad questions, masks, the same tables for a spreadsheet, constant queries."""

import io
import re
from datetime import date

import openpyxl
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from reservations.actions.figures.counting import count_figures
from reservations.models import UnmetDemand
from tests.factories.accounts import AgentFactory, CommuneFactory, ManagerFactory
from tests.factories.reservations import TUESDAY, Household, book, choose, household
from tests.reservations.agents import words
from tests.reservations.figures import RandomTown

pytestmark = pytest.mark.django_db
PAGE, XLSX = reverse("admin:figures"), reverse("admin:figures_xlsx")
VIEWS = ("frequentation", "recettes", "demandes", "previsions")
TODAY = date(2026, 11, 2)


@pytest.fixture
def agent(visitor, canteen):
    return visitor(AgentFactory(communes=[canteen.service.commune]))


@pytest.fixture
def manager(visitor):
    return visitor(ManagerFactory())


def test_before_the_first_night_it_is_said_when_the_figures_come(agent):
    assert "les premiers seront là demain matin" in words(agent.get(PAGE))


def test_the_page_shows_what_was_counted(agent, home, canteen):
    book(home, canteen.sessions.get(date=TUESDAY))
    count_figures(TODAY)
    text = words(agent.get(PAGE))
    assert "Année scolaire 2026-2027" in text
    assert "Réservés 2" in text
    assert f"{canteen} 2 0 0 0 0 2 0" in text
    assert "Familles servies 1" in text
    assert "13 ans 1" in text
    assert "8 ans 1" in text
    money = words(agent.get(PAGE, {"vue": "recettes", "periode": "mois", "du": "2026-11-10"}))
    assert f"{canteen.service} 7,60 € 0,00 € 7,60 €" in money
    assert "Par mode de règlement" not in money
    assert "Prévus : ce qui est réservé à ce jour" in words(agent.get(PAGE, {"vue": "previsions"}))


def test_who_manages_reads_the_means_of_payment_too(manager, home, canteen):
    book(home, canteen.sessions.get(date=TUESDAY))
    count_figures(TODAY)
    text = words(manager.get(PAGE, {"vue": "recettes"}))
    assert "Reprise des soldes 100,00 € 0,00 € 0,00 € 0,00 € 100,00 €" in text
    assert "Par mode de règlement" not in words(manager.get(PAGE, {"vue": "recettes", "activite": str(canteen.pk)}))


def test_an_agent_reads_their_own_services_only(visitor, home, canteen):
    book(home, canteen.sessions.get(date=TUESDAY))
    count_figures(TODAY)
    stranger = visitor(AgentFactory(communes=[CommuneFactory()]))
    for view in VIEWS:
        assert canteen.name not in words(stranger.get(PAGE, {"vue": view}))
    refused = words(stranger.get(PAGE, {"activite": str(canteen.pk)}))
    assert f"Choisissez dans la liste : « {canteen.pk} » n’y est pas." in refused


def test_without_the_right_the_page_is_refused_and_not_offered(visitor, canteen):
    agent = visitor(AgentFactory(communes=[canteen.service.commune], roles=["guichet"]))
    assert (agent.get(PAGE).status_code, agent.get(XLSX).status_code) == (403, 403)
    assert PAGE not in agent.get(reverse("admin:index")).content.decode()


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"du": "hier"}, "Écrivez une date comme 02/11/2026."),
        ({"du": "2026-02-30"}, "Écrivez une date comme 02/11/2026."),
        ({"du": "0001-01-01"}, "Choisissez un jour entre 2001 et 2099."),
        ({"periode": "siècle"}, "Choisissez dans la liste : « siècle » n’y est pas."),
        ({"pas": "heure"}, "Choisissez dans la liste : « heure » n’y est pas."),
        ({"activite": "999999"}, "Choisissez dans la liste : « 999999 » n’y est pas."),
        ({"periode": "dates"}, "dites du quel jour au quel jour"),
        ({"periode": "dates", "du": "2026-11-03", "au": "2026-11-02"}, "La date de fin vient avant la date de début."),
        ({"periode": "dates", "du": "2020-11-03", "au": "2026-11-02"}, "une période de trois ans au plus"),
        ({"pas": "jour"}, "Au-delà de 62 jours, choisissez « Par semaine » ou « Par mois »."),
        ({"du": "<b>x</b>"}, "Écrivez une date comme 02/11/2026."),
    ],
)
def test_a_question_that_cannot_be_read_is_told_beside_its_field(agent, asked, sentence):
    count_figures(TODAY)
    for address in (PAGE, XLSX):
        response = agent.get(address, asked)
        assert response.status_code == 200
        assert sentence in words(response)
        assert "corrigez ce qui est signalé" in words(response)


def test_an_unknown_view_is_the_first_and_both_ends_of_the_calendar_have_neighbours(agent):
    count_figures(TODAY)
    assert "Chiffres : fréquentation" in words(agent.get(PAGE, {"vue": "x"}))
    for day in ("2001-01-01", "2099-12-31"):
        for kind in ("annee", "mois", "semaine"):
            assert agent.get(PAGE, {"du": day, "periode": kind}).status_code == 200


@pytest.mark.usefixtures("planted_differences")
def test_small_numbers_are_masked_for_who_may_not_read_names(visitor):
    town = RandomTown(3, families=14, bookings=500)
    count_figures(TODAY)
    reader = visitor(AgentFactory(communes=town.communes, roles=["consultation"]))
    page = reader.get(PAGE)
    assert "Les nombres de moins de cinq personnes sont masqués" in words(page)
    for table in page.context["sheet"].tables:
        for row in [*table.rows, table.total]:
            shown = [cell.value for cell in row.cells if cell.kind == "count" and not cell.hidden]
            assert all(value == 0 or value >= 5 for value in shown), (table.title, row.label)
    assert "masqué" in words(page)
    assert "Du … au …" not in words(page)
    refused = words(reader.get(PAGE, {"periode": "dates", "du": "2026-11-02", "au": "2026-11-03"}))
    assert "Choisissez dans la liste : « dates » n’y est pas." in refused
    for view in VIEWS[1:]:
        assert reader.get(PAGE, {"vue": view}).status_code == 200


@pytest.mark.usefixtures("planted_differences")
def test_a_spreadsheet_has_the_numbers_of_the_page(visitor):
    town = RandomTown(5)
    count_figures(TODAY)
    agent = visitor(AgentFactory(communes=town.communes))
    for view in VIEWS:
        response = agent.get(XLSX, {"vue": view})
        assert f"chiffres-{view}-2026-09-01-2027-08-31.xlsx" in response["Content-Disposition"]
        book = openpyxl.load_workbook(io.BytesIO(response.content))
        for table in agent.get(PAGE, {"vue": view}).context["sheet"].tables:
            rows = list(book[table.title].values)
            assert rows[0][0] == table.heading
            assert [row[0] for row in rows[1:]] == [*(row.label for row in table.rows), table.total.label]
            assert list(rows[-1][1:]) == [cell.plain for cell in table.total.cells]


@pytest.mark.usefixtures("planted_differences")
def test_a_page_asks_as_much_of_the_database_whatever_was_counted(visitor):
    def asked(client, view):
        client.get(PAGE, {"vue": view})
        with CaptureQueriesContext(connection) as captured:
            client.get(PAGE, {"vue": view})
        return len(captured)

    hamlet, town = RandomTown(8, families=4, bookings=90), RandomTown(9)
    town.ask(20)
    count_figures(TODAY)
    few, many = (visitor(AgentFactory(communes=each.communes)) for each in (hamlet, town))
    before = {view: asked(few, view) for view in VIEWS}
    assert {view: asked(many, view) for view in VIEWS} == before
    assert max(before.values()) <= 12


def test_nothing_on_the_page_needs_a_style_or_a_script(agent, home, canteen):
    book(home, canteen.sessions.get(date=TUESDAY))
    count_figures(TODAY)
    main = re.search(
        r"<div id=\"content-main\".*?</footer>|<div id=\"content-main\".*", agent.get(PAGE).content.decode(), re.S
    )
    assert "<svg" in main.group()
    assert not re.search(r"style=|<script|on\w+=\"", main.group())


# --- What was asked and not had ---------------------------------------------------------------------------------------
@pytest.fixture
def full(canteen) -> Household:
    canteen.sessions.filter(date=TUESDAY).update(capacity=0)
    return household(10_000)


def test_a_full_day_that_is_asked_for_is_counted_once_without_a_name(full, canteen, agent):
    for _ in range(2):
        assert choose(full, canteen, TUESDAY).booked == 0
    [kept] = UnmetDemand.objects.all()
    assert kept.session.date == TUESDAY
    assert str(full.child.pk) not in kept.asker.split(":")
    assert len(kept.asker) == 64
    count_figures(TODAY)
    assert f"{canteen} 0 0 0 0 0 1" in words(agent.get(PAGE, {"vue": "demandes"}))


def test_a_day_refused_for_another_reason_is_no_unmet_demand(full, canteen):
    canteen.levels = ["PS"]
    canteen.save()
    assert choose(full, canteen, TUESDAY).reasons
    assert not UnmetDemand.objects.exists()


def test_a_day_with_places_or_a_list_is_no_unmet_demand(canteen):
    home = household(10_000)
    canteen.sessions.filter(date=TUESDAY).update(capacity=0, waiting_capacity=3)
    choose(home, canteen, *canteen.sessions.values_list("date", flat=True))
    assert not UnmetDemand.objects.exists()
