"""« Comptabilité »: who reads what, exports, and bad addresses."""

import io
from datetime import date

import pikepdf
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests.factories.accounts import AgentFactory, CommuneFactory, ManagerFactory
from tests.factories.reservations import TUESDAY, book
from tests.factories.wallet import spend, wallet_with
from tests.reservations.agents import words

pytestmark = pytest.mark.django_db
JOURNAL, JOURNAL_CSV = reverse("admin:accounting_journal"), reverse("admin:accounting_journal_csv")
MONTH, MONTH_CSV, MONTH_PDF = (reverse(f"admin:accounting_month{end}") for end in ("", "_csv", "_pdf"))


@pytest.fixture
def manager(visitor):
    return visitor(ManagerFactory())


@pytest.fixture
def agent(visitor, canteen):
    return visitor(AgentFactory(communes=[canteen.service.commune]))


def sheet(response) -> list[list[str]]:
    """The rows of a file, without quotes in these tests."""
    return [line.split(";") for line in response.content.decode("utf-8-sig").splitlines()]


def test_the_journal_shows_a_day_with_its_totals_and_its_lines(manager, home, canteen):
    book(home, canteen.sessions.get(date=TUESDAY))
    text = words(manager.get(JOURNAL, {"jour": "2026-11-02"}))
    assert "Journal du lundi 2 novembre" in text
    assert "Total 107,60 € 107,60 €" in text
    assert "3 mouvements" in text
    assert f"Recettes – {canteen.service} 3,80 € {home.user}" in text


def test_a_day_without_operations_says_so(manager):
    assert "Aucun mouvement ce jour-là." in words(manager.get(JOURNAL, {"jour": "2026-11-01"}))


def test_the_journal_is_cut_into_pages(manager, monkeypatch):
    monkeypatch.setattr("reservations.admin.accounting.PAGE", 2)
    spend(wallet_with(1000), 380)
    spend(wallet_with(1000), 420)
    pages = [manager.get(JOURNAL, {"page": number}).context for number in ("1", "2", "9", "x")]
    assert [len(page["entries"]) for page in pages] == [2, 2, 2, 2]
    assert [page["lines"].number for page in pages] == [1, 2, 2, 1]
    assert {entry.reference for page in pages[:2] for entry in page["entries"]} == {
        entry.reference for page in pages[1:3] for entry in page["entries"]
    } | {entry.reference for entry in pages[0]["entries"]}


@pytest.mark.parametrize("asked", ["", "hier", "2026-02-30", "9999-99-99", "0001-01-01", "2026-11-02T10:00", "\x00"])
def test_a_day_or_a_month_that_is_none_is_the_present_one(manager, asked):
    assert manager.get(JOURNAL, {"jour": asked}).context["day"] == date(2026, 11, 2)
    assert manager.get(MONTH, {"mois": asked}).context["month"].first == date(2026, 11, 1)
    assert manager.get(JOURNAL_CSV, {"jour": asked}).status_code == 200
    assert manager.get(MONTH_CSV, {"mois": asked}).status_code == 200


def test_what_lies_ahead_is_not_offered(manager):
    assert manager.get(JOURNAL).context["after"] is None
    assert manager.get(JOURNAL, {"jour": "2026-11-01"}).context["after"] == date(2026, 11, 2)
    assert manager.get(MONTH).context["after"] is None
    assert manager.get(MONTH, {"mois": "2026-10"}).context["after"] == date(2026, 11, 1)


def test_the_month_shows_services_means_purses_and_that_it_ties(manager, home, canteen):
    book(home, canteen.sessions.get(date=TUESDAY))
    text = words(manager.get(MONTH))
    assert "Récapitulatif de novembre 2026" in text
    assert f"{canteen.service} 7,60 € 0,00 € 7,60 €" in text
    assert "Reprise des soldes 100,00 € 0,00 € 0,00 € 0,00 € 100,00 €" in text
    assert "Solde à la fin du mois 92,40 € 92,40 €" in text
    assert "Contrôle : le mois tombe juste." in text


def test_a_month_that_does_not_tie_is_told(manager, home, monkeypatch):
    monkeypatch.setattr("reservations.reads.books.accounting.PurseLine.gap", 1)
    text = words(manager.get(MONTH))
    assert "Contrôle : il manque 0,01 €. Ne clôturez pas ce mois" in text


def test_the_month_of_a_spreadsheet_has_the_same_figures(manager, home, canteen):
    book(home, canteen.sessions.get(date=TUESDAY))
    purse = home.wallet.purse.name
    assert sheet(manager.get(MONTH_CSV)) == [
        ["Récapitulatif mensuel", "Novembre 2026"],
        [""],
        ["Services", "Vendu", "Annulé", "Net"],
        [str(canteen.service), "7,60", "0,00", "7,60"],
        ["Total", "7,60", "0,00", "7,60"],
        [""],
        ["Modes de règlement", "Encaissé", "Rectifié", "Impayé, rejeté ou contesté", "Remboursé", "Net"],
        ["Reprise des soldes", "100,00", "0,00", "0,00", "0,00", "100,00"],
        ["Total", "100,00", "0,00", "0,00", "0,00", "100,00"],
        [""],
        ["Porte-monnaie des familles", purse, "Total"],
        ["Solde au début du mois", "0,00", "0,00"],
        ["dont avoirs des familles", "0,00", "0,00"],
        ["dont reste dû par les familles", "0,00", "0,00"],
        ["Encaissé", "100,00", "100,00"],
        ["Rectifié", "0,00", "0,00"],
        ["Impayé, rejeté ou contesté", "0,00", "0,00"],
        ["Remboursé", "0,00", "0,00"],
        ["Consommé dans les services", "-7,60", "-7,60"],
        ["Solde à la fin du mois", "92,40", "92,40"],
        ["dont avoirs des familles", "92,40", "92,40"],
        ["dont reste dû par les familles", "0,00", "0,00"],
        ["Écart", "0,00", "0,00"],
    ]


def test_the_month_on_paper_is_a_tagged_pdf(manager, home, canteen):
    book(home, canteen.sessions.get(date=TUESDAY))
    response = manager.get(MONTH_PDF, {"mois": "2026-11"})
    assert response["Content-Type"] == "application/pdf"
    assert "novembre%202026.pdf" in response["Content-Disposition"]
    with pikepdf.open(io.BytesIO(response.content)) as pdf:
        assert (str(pdf.Root.Lang), "/StructTreeRoot" in pdf.Root, len(pdf.pages)) == ("fr", True, 1)
        assert pdf.open_metadata()["pdfuaid:part"] == "1"


def test_the_journal_of_a_spreadsheet_has_the_whole_day(manager, home):
    response = manager.get(JOURNAL_CSV, {"jour": "2026-11-02"})
    assert response["Content-Disposition"] == 'attachment; filename="journal-2026-11-02.csv"'
    titles, row = sheet(response)
    assert dict(zip(titles, row, strict=True))["Montant"] == "100,00"


def test_an_agent_reads_the_months_of_their_services_and_nothing_of_families(agent, visitor, home, canteen):
    book(home, canteen.sessions.get(date=TUESDAY))
    text = words(agent.get(MONTH))
    assert f"{canteen.service} 7,60 €" in text
    assert "Modes de règlement" not in text
    assert "Contrôle" not in text
    assert sheet(agent.get(MONTH_CSV))[3:] == [
        [str(canteen.service), "7,60", "0,00", "7,60"],
        ["Total", "7,60", "0,00", "7,60"],
    ]
    assert agent.get(MONTH_PDF).status_code == 200
    stranger = visitor(AgentFactory(communes=[CommuneFactory()]))
    assert "Rien n’a été vendu ni annulé ce mois-là." in words(stranger.get(MONTH))


@pytest.mark.parametrize("address", [JOURNAL, JOURNAL_CSV])
def test_the_journal_is_for_those_who_manage_the_portal(agent, address):
    assert agent.get(address).status_code == 403


def test_the_first_page_leads_to_the_books(manager, agent):
    books = ["Comptabilité du mois", "Journal du jour", "Rapprochement Stripe"]
    assert [label for label, _ in _entries(agent) if label in books] == books[:1]
    links = [(label, address) for label, address in _entries(manager) if label in books]
    assert [label for label, _ in links] == books
    assert [manager.get(address).status_code for _, address in links] == [200, 200, 200]


def _entries(client):
    groups = client.get("/admin/").context["menu"].groups
    return [(link.label, link.address) for group in groups for link in group.links]


@pytest.mark.parametrize("number", [1, 12])
def test_the_pages_take_as_many_queries_for_many_lines(manager, number):
    for _ in range(number):
        spend(wallet_with(1000), 380)
    counts = []
    for address in (JOURNAL, MONTH):
        manager.get(address)
        with CaptureQueriesContext(connection) as captured:
            manager.get(address)
        counts.append(len(captured))
    assert counts == [5, 5]  # session, user; totals, lines, services; month, services, purses
