"""« À traiter »: the agents' first page says what waits for them, theirs only, with the way there."""

from datetime import timedelta

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone

from portal.desk.reads.worklist import worklist
from tests.factories.accounts import AgentFactory, CommuneFactory, ManagerFactory, PendingUserFactory
from tests.factories.sepa import announced, refund, refund_file, with_file
from tests.factories.services import DocumentTypeFactory, document, service_asking
from tests.factories.wallet import family_with, wallet_with
from tests.services.agents import Desk, words

pytestmark = pytest.mark.django_db
HOME = reverse("admin:index")
QUERIES = 4  # session, account, rights, one count


@pytest.fixture
def desk():
    """A canteen of Baneins with a line to decide and a piece to validate."""
    return Desk(piece="pending")


def counts(agent) -> list[tuple]:
    return [(task.label, task.count) for task in worklist(agent)]


def expiring_piece(desk, days):
    """A validated piece of the family, whose last day is in some days."""
    type = DocumentTypeFactory()
    desk.service.required_documents.create(type=type)
    return document(desk.family, type, status="validated", expires_on=timezone.localdate() + timedelta(days))


def test_the_list_names_what_waits_service_by_service(desk):
    garderie = service_asking(commune=desk.commune, name="Garderie")
    for name in ("Théo", "Malo"):
        desk.another(name, service=garderie, piece=None)
    PendingUserFactory(commune=desk.commune)
    PendingUserFactory(commune=desk.commune, signed_up_at=None)
    expiring_piece(desk, 30)
    expiring_piece(desk, 31)
    assert counts(desk.agent) == [
        ("Comptes à valider", 1),
        ("Demandes d’accès : Baneins – Cantine", 1),
        ("Demandes d’accès : Baneins – Garderie", 2),
        ("Pièces à valider", 1),
        ("Pièces qui expirent dans les 30 jours", 1),
    ]


def test_each_task_leads_to_a_list_with_as_many_rows(visitor, desk):
    PendingUserFactory(commune=desk.commune)
    expiring_piece(desk, 7)
    desk.another("Théo", service=service_asking(commune=desk.commune, name="Garderie"))
    browser, tasks = visitor(desk.agent), worklist(desk.agent)
    assert len(tasks) == 5
    assert [browser.get(task.address).context["cl"].result_count for task in tasks] == [task.count for task in tasks]


def test_an_agent_is_told_of_their_own_communes_and_services_only(desk):
    PendingUserFactory(commune=desk.commune)
    other = service_asking(commune=desk.commune, name="Garderie")
    desk.another("Théo", service=other, piece=None)
    named = AgentFactory(communes=[desk.commune])
    other.agents.set([named])
    assert counts(AgentFactory(communes=[CommuneFactory()])) == []
    assert counts(named) == [("Comptes à valider", 1), ("Demandes d’accès : Baneins – Garderie", 1)]
    assert len(counts(ManagerFactory())) == 4


def test_the_first_page_shows_it_with_how_long_the_oldest_waits(visitor, desk):
    desk.another("Théo", asked_at=timezone.now() - timedelta(days=12, hours=3))
    text = words(visitor(desk.agent).get(HOME))
    said = "2 Demandes d’accès : Baneins – Cantine la plus ancienne attend depuis 12 jours 1 Pièces à valider"
    assert said in text


def test_when_nothing_waits_the_first_page_says_so_kindly(visitor):
    text = words(visitor(AgentFactory(communes=[CommuneFactory()])).get(HOME))
    assert "Rien n’attend : tout est à jour. Les nouvelles demandes apparaîtront ici." in text


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_costs_the_same_whatever_waits(desk, count, django_assert_num_queries):
    for number in range(count - 1):
        desk.another(f"Enfant{number}", service=service_asking(commune=desk.commune, name=f"Service {number}"))
        PendingUserFactory(commune=desk.commune)
        expiring_piece(desk, 7)
    with django_assert_num_queries(QUERIES):
        worklist(desk.agent)


def test_a_manager_is_told_of_the_files_that_the_bank_waits_for(visitor):
    manager = ManagerFactory()
    with time_machine.travel("2026-11-23 09:00+01:00", tick=True):
        debit = announced()
        refund(wallet_with(5000, family_with()))
        browser = visitor(manager)
        tasks = worklist(manager)
        assert [(task.label, task.count, task.days) for task in tasks] == [
            ("Fichiers de prélèvement à préparer", 1, 0),
            ("Remboursements à virer", 1, 0),
        ]
        assert [browser.get(task.address).status_code for task in tasks] == [200, 200]
        assert counts(AgentFactory()) == []
        with_file(debit.run)
        refund_file()
        assert counts(manager) == []
