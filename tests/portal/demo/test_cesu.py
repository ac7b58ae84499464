"""The employers of the demo."""

import pytest

from accounts.models import User
from cesu.models import Beneficiary, Employer, Issuer, Manager, SpaceNews, UsefulDocument, VoucherOrder
from cesu.orders.actions.documents import read_useful_document
from common.models import OutgoingEmail
from portal.demo import data
from portal.demo.cesu import issuer, orders
from portal.desk.reads.worklist import worklist
from tests.factories.accounts import AgentFactory
from wallet.checks import differences


@pytest.mark.django_db
def test_the_demo_has_employers_that_order_and_one_to_sign_up():
    orders.employ()
    Issuer.objects.update(phone="01 02 03 04 05")
    before = counts()
    orders.employ()
    assert counts() == before
    assert Issuer.objects.get().phone == "01 02 03 04 05"
    nadia = Manager.objects.get(user__identifier="D100200")
    assert (nadia.is_primary, nadia.user.check_password(data.PASSWORD)) == (True, True)
    assert Beneficiary.objects.filter(employer=nadia.employer).count() == 14
    assert Employer.objects.get(client_reference="D100400").managers.count() == 0
    assert list(VoucherOrder.objects.values_list("status", flat=True)) == ["taken", "taken"]
    assert list(differences()) == []


@pytest.mark.django_db
def test_the_demo_has_an_agent_of_the_issuer_with_work_to_do(settings, tmp_path):
    settings.DOCUMENTS_ROOT = tmp_path
    orders.employ()
    agent = AgentFactory()
    for _ in range(2):
        issuer.staff(agent)
    assert [(task.label, task.count) for task in worklist(User.objects.get(pk=agent.pk))] == [
        ("Inscriptions d’employeurs à vérifier", 1),
        ("Demandes d’aide d’employeurs", 1),
    ]
    assert [read_useful_document(each)[:5] for each in UsefulDocument.objects.offered()] == [b"%PDF-", b"%PDF-"]


def counts() -> list[int]:
    return [model.objects.count() for model in (Employer, Manager, Beneficiary, SpaceNews, VoucherOrder, OutgoingEmail)]
