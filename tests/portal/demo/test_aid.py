"""The demo's aid at home: whole, and the same however often it is written."""

import pytest

from accounts.models import User
from cesu.models import AidAccess, Caregiver, MonthlyRight
from common.values.money import euros
from portal.demo import data
from portal.demo.cesu import aid
from tests.client import PortalClient
from tests.factories.accounts import UserFactory

pytestmark = pytest.mark.django_db


def test_the_demo_has_a_beneficiary_a_helper_and_who_can_still_sign_up():
    agent = UserFactory(is_staff=True)
    for _ in range(2):
        aid.help_at_home(agent)
    assert (MonthlyRight.objects.count(), AidAccess.objects.count(), Caregiver.objects.count()) == (9, 3, 2)
    assert User.objects.exclude(aid_login=None).count() == 2
    client = PortalClient()
    client.post("/aide/haute-garonne/", {"login": "12345678", "password": data.PASSWORD})
    home = client.get("/aide/espace/", follow=True).content.decode()
    assert ("Compte d’Odette LACOSTE" in home, "113 h 30" in home, euros(545_72) in home) == (True, True, True)
    page = PortalClient().post("/aide/haute-garonne/inscription/", {"code": "23456789", "birth_date": "28/02/1941"})
    assert page.url == "/aide/haute-garonne/inscription/adresse/"
