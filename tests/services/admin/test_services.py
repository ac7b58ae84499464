"""Agents keep the services of their communes and the situations of these."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from services.models import Audience, Service
from tests.client import PortalClient
from tests.factories.accounts import AgentFactory, CommuneFactory, ManagerFactory
from tests.factories.reservations import ActivityFactory, tariff
from tests.factories.services import AudienceFactory, ServiceFactory
from tests.forms import fields_of

pytestmark = pytest.mark.django_db
LIST, ADD = reverse("admin:services_service_changelist"), reverse("admin:services_service_add")


@pytest.fixture
def service():
    return ServiceFactory(commune=CommuneFactory(name="Baneins"), name="Cantine")


@pytest.fixture
def other():
    return ServiceFactory(commune=CommuneFactory(name="Coubon"), name="Périscolaire")


@pytest.fixture
def browser(visitor, service):
    """The signed-in browser of an agent of Baneins."""
    return visitor(AgentFactory(communes=[service.commune]))


def page_of(service, page="change") -> str:
    return reverse(f"admin:services_service_{page}", args=[service.pk])


def found(response) -> list:
    return list(response.context["cl"].queryset)


def change(browser, service, **fields):
    return browser.post(page_of(service), fields_of(browser.get(page_of(service))) | fields)


def test_an_agent_lists_the_services_of_their_communes(browser, service, other):
    response = browser.get(LIST)
    assert found(response) == [service]
    assert "Coubon" not in response.content.decode()


def test_a_manager_lists_all_services(visitor, service, other):
    assert found(visitor(ManagerFactory()).get(LIST)) == [service, other]


@pytest.mark.parametrize("page", ["change", "history", "delete"])
def test_a_service_of_another_commune_is_not_found(browser, other, page):
    assert browser.get(page_of(other, page)).status_code == 404
    assert browser.post(page_of(other, page), {"name": "Pris"}).status_code in (404, 405)
    other.refresh_from_db()
    assert other.name == "Périscolaire"


def test_a_new_service_is_of_a_commune_of_the_agent(browser, service, other):
    form = browser.get(ADD).context["adminform"].form
    assert list(form.fields["commune"].queryset) == [service.commune]
    fields = fields_of(browser.get(ADD)) | {"name": "Étude"}
    refused = browser.post(ADD, fields | {"commune": other.commune.pk})
    assert list(refused.context["adminform"].form.errors) == ["commune"]
    browser.post(ADD, fields | {"commune": service.commune.pk})
    assert Service.objects.get(name="Étude").commune == service.commune


def test_a_service_stays_in_its_commune(visitor, service, other):
    agent = AgentFactory(communes=[service.commune, other.commune])
    change(visitor(agent), service, commune=other.commune.pk, name="Cantine scolaire")
    service.refresh_from_db()
    assert (service.commune.name, service.name) == ("Baneins", "Cantine scolaire")


def test_situations_are_kept_on_the_page_of_their_service(browser, service):
    change(browser, service, **{"audiences-0-name": "Hors commune", "audiences-0-residence": "outside"})
    assert list(service.audiences.values_list("name", "residence")) == [("Hors commune", "outside")]


def test_a_situation_of_another_service_is_not_taken(browser, service, other):
    theirs = AudienceFactory(service=other, name="Résident")
    AudienceFactory(service=service)
    change(browser, service, **{"audiences-0-id": theirs.pk, "audiences-0-name": "Pris"})
    theirs.refresh_from_db()
    assert (theirs.name, theirs.service) == ("Résident", other)


def test_two_situations_of_one_name_are_refused(browser, service):
    AudienceFactory(service=service, name="Résident")
    response = change(browser, service, **{"audiences-1-name": "Résident"})
    assert response.status_code == 200
    assert service.audiences.count() == 1


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"name": ""}, "Ce champ est obligatoire."),
        ({"name": "x" * 101}, "Assurez-vous que cette valeur comporte au plus 100 caractères (actuellement 101)."),
        ({"name": "Étude"}, "Un objet Service avec ces champs Commune et Nom du service existe déjà."),
    ],
)
def test_a_service_that_makes_no_sense_is_refused(browser, service, fields, sentence):
    ServiceFactory(commune=service.commune, name="Étude")
    errors = change(browser, service, **fields).context["adminform"].form.errors
    assert [error for each in errors.values() for error in each] == [sentence]


def test_a_service_is_closed_never_deleted(visitor, service):
    for person in (AgentFactory(communes=[service.commune]), ManagerFactory()):
        client = visitor(person)
        assert client.post(page_of(service, "delete"), {"post": "yes"}).status_code == 403
        client.post(LIST, {"action": "delete_selected", "_selected_action": [service.pk], "post": "yes"})
    assert Service.objects.count() == 1


def test_a_situation_that_prices_a_day_is_not_deleted(browser, service):
    audience = AudienceFactory(service=service)
    tariff(ActivityFactory(service=service), 380, audience=audience)
    response = change(browser, service, **{"audiences-0-DELETE": "on"})
    assert response.status_code == 200
    assert Audience.objects.count() == 1


def test_nobody_enters_without_a_second_factor(service):
    for person in (AgentFactory(communes=[service.commune]), ManagerFactory()):
        client = PortalClient()
        client.force_login(person)
        assert [client.get(page).status_code for page in (LIST, ADD, page_of(service))] == [302, 302, 302]


def test_the_list_asks_as_much_for_one_service_as_for_many(browser, service):
    def queries():
        with CaptureQueriesContext(connection) as captured:
            browser.get(LIST)
        return len(captured)

    queries()
    before = queries()
    for _ in range(3):
        AudienceFactory(service=ServiceFactory(commune=service.commune))
    assert queries() == before
    assert len(found(browser.get(LIST))) == 4
