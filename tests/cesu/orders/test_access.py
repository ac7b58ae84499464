"""Who enters the employers' space."""

import pytest
from django.urls import reverse
from django.utils import timezone

from cesu.models import Manager
from tests.client import PortalClient
from tests.factories.cesu import employer_with, manager_of
from tests.factories.wallet import parent_with

pytestmark = pytest.mark.django_db
PASSWORD = "Cantine-Facile-2026"


def sign_in(identifier: str, password: str = PASSWORD):
    """(browser, answer) of the employers' login page."""
    client = PortalClient()
    return client, client.post(reverse("cesu:login"), {"login": identifier, "password": password})


@pytest.mark.seed("S0-4", "S0-18")
def test_a_manager_signs_in_with_the_client_reference_and_lands_in_the_space():
    manager_of(employer_with(client_reference="D445566", name="Mairie de Cestas"), password=PASSWORD)
    page = PortalClient().get(reverse("cesu:login")).content.decode()
    assert "Référence client" in page
    client, answer = sign_in("D445566")
    assert answer.url == reverse("cesu:home")
    assert "Mairie de Cestas" in client.get(answer.url).content.decode()


def test_a_removed_manager_finds_nothing():
    user = manager_of(employer_with(), primary=False, password=PASSWORD)
    Manager.objects.filter(user=user).update(removed_at=timezone.now())
    client = PortalClient()
    client.force_login(user)
    assert client.get(reverse("cesu:home")).status_code == 404


@pytest.mark.seed("S0-5", "S0-6")
def test_the_space_is_the_employer_s_own():
    parent, _ = parent_with(0)
    client = PortalClient()
    assert client.get(reverse("cesu:home")).url.startswith(reverse("cesu:login"))
    client.force_login(parent)
    assert client.get(reverse("cesu:home")).status_code == 404
    manager = PortalClient()
    manager.force_login(manager_of(employer_with()))
    assert manager.get(reverse("families:members")).url == reverse("cesu:home")
