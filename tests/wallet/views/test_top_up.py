"""« Recharger mon crédit »: whose amount is paid, for which purse."""

from datetime import date

import pytest

from tests.factories.money import debited
from tests.factories.wallet import parent_with, spend, wallet_with
from wallet import checks
from wallet.actions.cards import abandon
from wallet.models import CardPayment, CardPaymentLine, Purse

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def exact_books(stripe_double):
    yield
    assert list(checks.differences()) == []


def asked_for(client, address="/porte-monnaie/recharger/", **typed):
    """What the form of the page then pays: (cents, code of the purse), or its errors."""
    page = client.get(address)
    chosen = {name: value for name, value in page.context["form"].initial.items() if value}
    chosen = {name: getattr(value, "pk", value) for name, value in chosen.items()}
    answer = client.post(address, chosen | typed | {"once_key": page.context["once_key"]})
    if answer.status_code == 200:
        return answer.context["form"].errors
    line = CardPaymentLine.objects.select_related("account__wallet__purse").latest("pk")
    abandon(CardPayment.objects.latest("pk"))
    return line.cents, line.account.wallet.purse.code


def test_an_amount_is_chosen_by_the_person_alone(visitor):
    parent, _ = parent_with(0)
    client = visitor(parent)
    page = client.get("/porte-monnaie/recharger/")
    assert "checked" not in page.content.decode().split("Par carte bancaire")[1].split("</form>")[0]
    assert "Choisissez un montant entre" in str(asked_for(client)["other"])
    assert not CardPayment.objects.exists()


@pytest.mark.parametrize(
    "typed", [{"other": "45"}, {"offered": "autre", "other": "45"}, {"offered": "5000", "other": ""}]
)
def test_the_amount_typed_counts_and_else_the_one_ticked(typed, visitor):
    parent, wallet = parent_with(0)
    cents = 5000 if typed.get("offered") == "5000" else 4500
    assert asked_for(visitor(parent), **typed) == (cents, wallet.purse.code)


def test_two_answers_that_contradict_each_other_are_asked_about(visitor):
    parent, _ = parent_with(0)
    client = visitor(parent)
    errors = asked_for(client, offered="2000", other="45")
    assert "Vous avez coché 20,00\u00a0€ et écrit 45,00\u00a0€ : pour payer 45,00\u00a0€" in errors["other"][0]
    assert not CardPayment.objects.exists()
    assert asked_for(client, offered="2000", other="20,00")[0] == 2000  # they say the same


def test_what_a_purse_owes_is_chosen_beforehand_with_its_purse_announced_debits_deducted(visitor):
    parent, main = parent_with(5760)
    other = wallet_with(0, main.family, Purse.objects.create(code="resto", name="RESTAURATION"))
    spend(other, 4605, kind="deferred_debit")
    client = visitor(parent)
    assert asked_for(client, other="") == (4605, "resto")
    assert asked_for(client, other="30") == (3000, "resto")  # the amount chosen beforehand was not touched
    wrong = asked_for(client, wallet=main.pk)
    assert "Ce montant règle ce qui manque à « RESTAURATION »" in wrong["wallet"][0]
    debited(other, 4605, date(2026, 12, 7), status="pending")
    page = client.get("/porte-monnaie/recharger/?porte-monnaie=resto")
    assert page.context["form"].initial["offered"] is None  # nothing is asked for any more
    assert page.context["form"].initial["wallet"] == other


def test_the_link_of_a_purse_chooses_it(visitor):
    parent, main = parent_with(0)
    spend(main, 100, kind="deferred_debit")
    other = wallet_with(0, main.family, Purse.objects.create(code="resto", name="RESTAURATION"))
    client = visitor(parent)
    assert client.get(other.purse.top_up_address).context["form"].initial["wallet"] == other
    for unknown in ("?porte-monnaie=rien", "?porte-monnaie=%00", ""):
        assert client.get(f"/porte-monnaie/recharger/{unknown}").context["form"].initial["wallet"] == main
    assert asked_for(client, other="")[0] == 500  # 1,00 € is owed, 5,00 € is the least
