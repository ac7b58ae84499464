"""Cards in the agents' space."""

import pytest
from django.urls import reverse

from common.writing.once import make_key
from tests.factories.accounts import AgentFactory
from tests.factories.wallet import balance_of, parent_with
from wallet.actions.cards import fulfil, open_top_up, start
from wallet.models import CardPayment, CardRefund

pytestmark = pytest.mark.django_db


@pytest.fixture
def payment(stripe_double):
    parent, wallet = parent_with(0, last_name="Dupont")
    key = make_key(parent.owner, "top-up")
    found = start(open_top_up(user=parent, cents_by_wallet={wallet.pk: 5000}, key=key))
    stripe_double.pay(found.session)
    found.wallet = wallet
    fulfil(found)
    return found


@pytest.fixture
def manager(visitor):
    return visitor(AgentFactory(is_superuser=True))


def test_a_manager_reads_a_payment_and_gives_part_of_it_back(manager, payment, stripe_double):
    page = manager.get(reverse("admin:wallet_cardpayment_change", args=[payment.pk])).content.decode()
    assert "Rembourser sur la carte" in page
    address = reverse("admin:wallet_cardpayment_refund", args=[payment.pk])
    key = manager.get(address).context["once_key"]
    form = {"cents": "20", "reason": "Trop versé", "once_key": key}
    for _ in range(2):  # a second click changes nothing
        manager.post(address, form)
    assert (balance_of(payment.wallet), CardRefund.objects.get().status) == (3000, "done")
    assert len(stripe_double.refunds()) == 1


@pytest.mark.parametrize("cents", ["0", "50,01", "-5", "vingt", ""])
def test_an_amount_that_cannot_be_is_told_beside_the_form(cents, manager, payment):
    address = reverse("admin:wallet_cardpayment_refund", args=[payment.pk])
    key = manager.get(address).context["once_key"]
    answer = manager.post(address, {"cents": cents, "reason": "Trop versé", "once_key": key})
    assert (answer.status_code, answer.context["form"].is_valid()) == (200, False)
    assert balance_of(payment.wallet) == 5000


def test_what_stripe_refuses_is_said_and_the_wallet_keeps_its_money(manager, payment, stripe_double):
    stripe_double.refund(payment.session, 5000)
    address = reverse("admin:wallet_cardpayment_refund", args=[payment.pk])
    key = manager.get(address).context["once_key"]
    answer = manager.post(address, {"cents": "20", "reason": "Trop versé", "once_key": key})
    assert "refusé" in answer.content.decode()
    assert balance_of(payment.wallet) == 5000


def test_an_agent_reads_the_payments_of_their_families_and_refunds_none(visitor, payment):
    agent = AgentFactory()
    agent.communes.add(payment.family.commune)
    client = visitor(agent)
    page = client.get(reverse("admin:wallet_cardpayment_changelist")).content.decode()
    assert "Dupont" in page
    page = client.get(reverse("admin:wallet_cardpayment_change", args=[payment.pk])).content.decode()
    assert "Rembourser sur la carte" not in page
    assert client.get(reverse("admin:wallet_cardpayment_refund", args=[payment.pk])).status_code == 403


def test_an_agent_of_another_commune_sees_nothing(visitor, payment):
    client = visitor(AgentFactory())
    assert client.get(reverse("admin:wallet_cardpayment_change", args=[payment.pk])).status_code == 404
    assert CardPayment.objects.exists()
