"""« Reste dû »: on the wallet's page and at the top of every page, with what to do about it."""

import re
from datetime import date
from html import unescape

import pytest
from django.urls import reverse

from common.models import Authority
from tests.factories.money import debited
from tests.factories.wallet import parent_with, spend, wallet_with
from wallet.models import Purse, Wallet

pytestmark = pytest.mark.django_db
STATEMENT, HOME = reverse("wallet:statement"), reverse("account")


def words(response):
    """The page as people read it, with plain spaces."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", response.content.decode())).replace("\u00a0", " ").split())


@pytest.fixture
def owing(db):
    """A parent who owes 46,05 € on the main purse."""
    Authority.objects.create(name="Dombes Connect", phone="04 74 00 00 00")
    parent, wallet = parent_with(0)
    spend(wallet, 4605, kind="deferred_debit")
    return parent


@pytest.mark.seed("S4-44")
def test_a_negative_wallet_says_what_is_owed_and_what_to_do(owing, visitor):
    page = words(visitor(owing).get(STATEMENT))
    assert "−46,05 € Reste dû, réglé en premier par votre prochain crédit" in page
    assert (
        "Il reste 46,05 € à régler. Rechargez votre crédit : votre prochain paiement le règle en premier. "
        "En cas de difficulté, contactez Dombes Connect (04 74 00 00 00)."
    ) in page
    assert "suspendues" not in page


def test_whoever_is_suspended_reads_it_there(owing, visitor):
    Purse.objects.update(blocked_above=4604)
    page = words(visitor(owing).get(STATEMENT))
    assert "D’ici là, les nouvelles réservations sont suspendues. Celles déjà faites restent valables." in page


def test_each_purse_says_what_it_lacks(owing, visitor):
    other = Purse.objects.create(code="alsh", name="PERISCOLAIRE")
    wallet = wallet_with(0, owing.guardian.family, other)
    spend(wallet, 100, kind="deferred_debit")
    page = words(visitor(owing).get(STATEMENT))
    assert "Porte-monnaie : il reste 46,05 € à régler." in page
    assert "PERISCOLAIRE : il reste 1,00 € à régler." in page


def test_every_page_of_a_family_says_at_the_top_what_each_purse_owes_and_never_the_sum(owing, visitor):
    other = Purse.objects.create(code="alsh", name="PERISCOLAIRE")
    spend(wallet_with(0, owing.guardian.family, other), 100, kind="deferred_debit")
    page = words(visitor(owing).get(HOME))
    assert "Solde de mon porte-monnaie : −46,05 € Reste dû 46,05 € Reste dû 1,00 € pour PERISCOLAIRE" in page
    assert "47,05" not in page


def test_what_an_announced_debit_will_pay_is_not_asked_for(owing, visitor):
    debited(Wallet.objects.get(), 4605, date(2026, 12, 7), status="pending")
    page = words(visitor(owing).get(STATEMENT))
    assert "Il reste 46,05 € à régler : le prélèvement annoncé s’en charge, vous n’avez rien à faire." in page
    spend(Wallet.objects.get(), 500, kind="deferred_debit")
    page = words(visitor(owing).get(STATEMENT))
    assert "Il reste 51,05 € à régler, dont 46,05 € par le prélèvement annoncé." in page


def test_what_one_purse_has_does_not_hide_what_another_owes(visitor):
    parent, wallet = parent_with(10_000)
    other = Purse.objects.create(code="alsh", name="PERISCOLAIRE")
    spend(wallet_with(0, wallet.family, other), 100, kind="deferred_debit")
    assert "Solde de mon porte-monnaie : 100,00 € Reste dû 1,00 €" in words(visitor(parent).get(HOME))


def test_whoever_owes_nothing_reads_nothing_of_it(visitor):
    parent, _ = parent_with(0)
    assert "Reste dû" not in words(visitor(parent).get(HOME))
