"""Agents credit wallets of their communes, and read the rest."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from tests.factories.accounts import AgentFactory, CommuneFactory, UserFactory
from tests.factories.wallet import balance_of, family_with, spend, wallet_with
from wallet.actions import wallet_of
from wallet.models import CounterPayment, Operation, Purse

pytestmark = pytest.mark.django_db
ADD = reverse("admin:wallet_counterpayment_add")
LIST = reverse("admin:wallet_counterpayment_changelist")


@pytest.fixture
def commune():
    return CommuneFactory(name="Baneins")


@pytest.fixture
def agent(commune):
    return AgentFactory(communes=[commune])


@pytest.fixture
def family(commune):
    return family_with(UserFactory(), commune=commune)


@pytest.fixture
def elsewhere():
    return family_with(UserFactory(), name="Durand", commune=CommuneFactory())


def credit_url(family):
    return reverse("admin:wallet_credit", args=[family.pk])


def fill_in(browser, family, **changes):
    """Open the page, fill it in and send it."""
    fields = {
        "once_key": browser.get(credit_url(family)).context["once_key"],
        "purse": Purse.objects.get(is_default=True).pk,
        "means": "CH",
        "cents": "50",
        "received_on": f"{timezone.localdate():%Y-%m-%d}",
        "number": "1234567",
        "payer": "DUPONT Claire",
        "bank": "LEP",
    }
    return browser.post(credit_url(family), fields | changes)


def found(response):
    return [family.pk for family in response.context["families"]]


def test_an_agent_finds_the_family_by_name_or_reference_in_their_communes(agent, visitor, family, elsewhere):
    browser = visitor(agent)
    assert found(browser.get(ADD)) == []
    assert found(browser.get(ADD, {"q": "dup"})) == [family.pk]
    assert found(browser.get(ADD, {"q": family.reference.lower()})) == [family.pk]
    assert found(browser.get(ADD, {"q": f"dupont {family.reference}"})) == [family.pk]
    assert found(browser.get(ADD, {"q": "durand"})) == []
    assert found(browser.get(ADD, {"q": "D99999999999999999999999"})) == []
    assert "Aucune famille de vos communes" in browser.get(ADD, {"q": "Durand"}).content.decode()


@pytest.mark.seed("S4-32")
@pytest.mark.parametrize(("typed", "cents"), [("50", 5000), ("15,20", 1520), ("15.2", 1520), ("1 234,56 €", 123456)])
def test_an_agent_records_a_cheque_and_the_wallet_is_credited(agent, visitor, family, typed, cents):
    response = fill_in(visitor(agent), family, cents=typed)
    assert response.url == LIST
    payment = CounterPayment.objects.get()
    assert (payment.cents, payment.operation.actor, payment.payer) == (cents, agent, "DUPONT Claire")
    assert balance_of(wallet_of(family)) == cents


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"cents": "0"}, "Le montant doit être supérieur à zéro."),
        ({"cents": "-5"}, "Le montant doit être supérieur à zéro."),
        ({"cents": "99999999"}, "Le montant dépasse"),
        ({"cents": "beaucoup"}, "Écrivez un montant en euros, comme 15,20."),
        ({"cents": ""}, "Ce champ est obligatoire."),
        ({"number": ""}, "Indiquez le numéro du chèque."),
        ({"received_on": "hier"}, "Saisissez une date valide."),
        ({"received_on": f"{timezone.localdate() + timedelta(days=2):%Y-%m-%d}"}, "dans le futur"),
        ({"payer": "x" * 300}, "au plus 120 caractères"),
        ({"number": "\x00"}, "caractère"),
        ({"means": "OR"}, "Sélectionnez un choix valide."),
        ({"purse": "999999"}, "choix valide"),
        ({"once_key": "forged"}, "Cette page a été ouverte il y a trop longtemps."),
        ({"once_key": ""}, "Cette page a été ouverte il y a trop longtemps."),
    ],
)
def test_a_wrong_payment_is_refused_in_french_and_changes_nothing(agent, visitor, family, changes, sentence):
    response = fill_in(visitor(agent), family, **changes)
    assert response.status_code == 200
    assert sentence in response.content.decode().replace("&#x27;", "’").replace("'", "’")
    assert CounterPayment.objects.count() == Operation.objects.count() == 0


def test_sending_the_same_page_twice_credits_once(agent, visitor, family):
    browser = visitor(agent)
    key = browser.get(credit_url(family)).context["once_key"]
    for _ in range(2):
        assert fill_in(browser, family, once_key=key).status_code == 302
    assert balance_of(wallet_of(family)) == 5000


def test_a_family_of_another_commune_is_not_found(agent, visitor, elsewhere):
    assert visitor(agent).get(credit_url(elsewhere)).status_code == 404
    assert visitor(agent).post(credit_url(elsewhere), {"cents": "50"}).status_code == 404


def test_an_agent_without_the_right_credits_nobody(visitor, commune, family):
    browser = visitor(AgentFactory(communes=[commune], roles=["guichet"]))
    assert [browser.get(url).status_code for url in (ADD, credit_url(family))] == [403, 403]


def test_a_parent_does_not_enter(visitor, family):
    parent = family.guardians.get().user
    assert visitor(parent).get(credit_url(family)).status_code == 302


def test_a_mistaken_credit_is_cancelled_from_its_page(agent, visitor, family):
    browser = visitor(agent)
    fill_in(browser, family)
    payment = CounterPayment.objects.get()
    url = reverse("admin:wallet_cancel_credit", args=[payment.pk])
    assert url in browser.get(reverse("admin:wallet_counterpayment_change", args=[payment.pk])).content.decode()
    key = browser.get(url).context["once_key"]
    browser.post(url, {"once_key": key, "bounced": "0", "reason": "Autre famille"})
    payment.refresh_from_db()
    assert payment.cancellation_reason == "Autre famille"
    assert balance_of(payment.wallet) == 0


def test_a_spent_credit_is_not_cancelled_and_the_agent_reads_why(agent, visitor, family):
    browser = visitor(agent)
    fill_in(browser, family)
    payment = CounterPayment.objects.get()
    spend(payment.wallet, 100)
    url = reverse("admin:wallet_cancel_credit", args=[payment.pk])
    key = browser.get(url).context["once_key"]
    response = browser.post(url, {"once_key": key, "bounced": "0", "reason": "Erreur"})
    assert "La famille a déjà dépensé ce crédit" in response.content.decode()
    assert balance_of(payment.wallet) == 4900


def test_a_payment_of_another_commune_cannot_be_cancelled(agent, visitor, family, elsewhere):
    fill_in(visitor(AgentFactory(is_superuser=True)), elsewhere)
    payment = CounterPayment.objects.get()
    for url in (
        reverse("admin:wallet_cancel_credit", args=[payment.pk]),
        reverse("admin:wallet_wallet_change", args=[payment.wallet_id]),
    ):
        assert visitor(agent).get(url).status_code == 404


def shown(browser, model):
    url = reverse(f"admin:wallet_{model}_changelist")
    return [row.pk for row in browser.get(url).context["cl"].result_list]


def test_lists_show_the_families_of_the_agents_communes_only(agent, visitor, family, elsewhere):
    mine, other = wallet_with(100, family), wallet_with(200, elsewhere)
    browser, chief = visitor(agent), visitor(AgentFactory(is_superuser=True))
    fill_in(chief, family)
    fill_in(chief, elsewhere)
    payment = CounterPayment.objects.get(wallet=mine)
    assert shown(browser, "wallet") == [mine.pk]
    assert shown(browser, "counterpayment") == [payment.pk]
    assert set(shown(browser, "operation")) == set(
        Operation.objects.filter(transfers__target=mine.account).values_list("pk", flat=True)
    )
    assert set(shown(chief, "wallet")) == {mine.pk, other.pk}
    assert len(shown(chief, "operation")) == 4


def test_the_wallets_page_shows_the_statement(agent, visitor, family):
    wallet = wallet_with(4260, family)
    page = visitor(agent).get(reverse("admin:wallet_wallet_change", args=[wallet.pk])).content.decode()
    assert page.count(">42,60\u00a0€</td>") == 2
    assert credit_url(family) in page


@pytest.mark.parametrize("model", ["wallet", "operation", "counterpayment"])
def test_money_is_only_read_in_admin(agent, visitor, family, model):
    chief = visitor(AgentFactory(is_superuser=True))
    fill_in(chief, family)
    pk = shown(chief, model)[0]
    assert chief.get(reverse(f"admin:wallet_{model}_change", args=[pk])).status_code == 200
    assert chief.post(reverse(f"admin:wallet_{model}_change", args=[pk]), {"cents": 1}).status_code == 403
    assert chief.post(reverse(f"admin:wallet_{model}_delete", args=[pk])).status_code == 403


def test_a_wallet_is_searched_by_family_and_reference(agent, visitor, family):
    wallet = wallet_with(100, family)
    other = wallet_with(100, family_with(name="Martin", commune=family.commune))
    url = reverse("admin:wallet_wallet_changelist")
    results = [
        [row.pk for row in visitor(agent).get(url, {"q": term}).context["cl"].result_list]
        for term in ("dupont", other.family.reference, "personne")
    ]
    assert results == [[wallet.pk], [other.pk], []]


def test_a_manager_lets_families_go_below_zero(visitor, family):
    wallet = wallet_with(0, family)
    url = reverse("admin:wallet_purse_change", args=[wallet.purse_id])
    chief = visitor(AgentFactory(is_superuser=True))
    asked = {"code": "principal", "name": "Porte-monnaie", "is_default": "on", "floor": "-50"}
    assert chief.post(url, asked).status_code == 302
    wallet.account.refresh_from_db()
    assert wallet.account.floor == -5000
    assert "un découvert, en négatif" in chief.post(url, asked | {"floor": "10"}).content.decode()
