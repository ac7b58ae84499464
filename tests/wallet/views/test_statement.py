"""« Mon porte-monnaie » as a family sees it."""

import re
from datetime import date
from html import unescape

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from common.models import Authority
from common.writing.once import make_key
from tests.factories.accounts import AgentFactory, UserFactory
from tests.factories.wallet import family_with, parent_with, spend, spending, wallet_with
from wallet.actions import credit_at_counter, post
from wallet.models import Purse

pytestmark = pytest.mark.django_db
STATEMENT = reverse("wallet:statement")


def cells(response):
    """The statement's rows as people read them."""
    table = re.search(r"<tbody>(.*?)</tbody>", response.content.decode(), re.S)[1]
    rows = re.findall(r"<tr>(.*?)</tr>", table, re.S)
    return [[text_of(cell) for cell in re.findall(r"<t[hd].*?</t[hd]>", row, re.S)] for row in rows]


def text_of(html):
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).replace("\u00a0", " ").split())


@pytest.mark.seed("S4-32", "S4-120")
def test_a_cheque_credited_by_an_agent_is_shown_to_the_family(visitor):
    agent, parent = AgentFactory(), UserFactory()
    family = family_with(parent)
    credit_at_counter(
        agent=agent,
        family=family,
        purse=Purse.objects.get(is_default=True),
        means="CH",
        cents=5000,
        number="1234567",
        payer="DUPONT Jean-Paul",
        bank="LEP",
        received_on=date(2026, 2, 15),
        key=make_key(agent.owner, f"credit:{family.pk}"),
    )
    ((label, _, debit, credit, balance),) = cells(visitor(parent).get(STATEMENT))
    assert label == "Règlement au guichet – Chèque n° 1234567 DUPONT Jean-Paul, LEP, reçu le 15-02-2026"
    assert (debit, credit, balance) == ("", "50,00 €", "50,00 €")


def test_the_statement_shows_debits_credits_and_the_balance_after_each(visitor):
    parent, wallet = parent_with(123456)
    moves = [spending(wallet, 380, label="Louane, lundi"), spending(wallet, 475, label="Théo, lundi")]
    post("booking", moves, actor=parent, label="Réservations")
    rows = [(row[0], *row[2:]) for row in cells(visitor(parent).get(STATEMENT))]
    assert rows == [
        (
            "Réservations (2 lignes) Louane, lundi : −3,80 € Théo, lundi : −4,75 €",
            "8,55 €",
            "",
            "1\u202f226,01 €".replace("\u202f", " "),
        ),
        ("Reprise de solde", "", "1 234,56 €", "1 234,56 €"),
    ]


def test_what_is_owed_is_said(visitor):
    parent, wallet = parent_with(0)
    spend(wallet, 4605, kind="deferred_debit")
    page = text_of(visitor(parent).get(STATEMENT).content.decode())
    assert "−46,05 € Reste dû, réglé en premier par votre prochain crédit" in page


def test_an_empty_wallet_says_what_to_do_next(visitor):
    parent = UserFactory()
    family_with(parent)
    response = visitor(parent).get(STATEMENT)
    assert "Aucun mouvement pour le moment" in response.content.decode()
    assert response.content.decode().count("btn-primary") == 1


def test_reading_opens_no_wallet(visitor):
    parent = UserFactory()
    family = family_with(parent)
    visitor(parent).get(STATEMENT)
    assert family.wallets.count() == 0


def test_each_purse_has_its_own_statement(visitor):
    parent, wallet = parent_with(1000)
    purse = Purse.objects.create(code="cdc", name="CDC PE2M - APS ET CLSH")
    wallet_with(2000, wallet.family, purse)
    response = visitor(parent).get(reverse("wallet:purse_statement", args=["cdc"]))
    assert [row[3] for row in cells(response)] == ["20,00 €"]


@pytest.mark.parametrize("code", ["inconnu", "cdc"])
def test_a_purse_that_is_not_mine_is_not_found(visitor, code):
    parent, _ = parent_with(1000)
    wallet_with(2000, purse=Purse.objects.create(code="cdc", name="CDC"))
    assert visitor(parent).get(reverse("wallet:purse_statement", args=[code])).status_code == 404


def test_another_familys_money_is_never_shown(visitor):
    wallet_with(98765)
    parent, _ = parent_with(100)
    assert "987,65" not in visitor(parent).get(STATEMENT).content.decode()


@pytest.mark.parametrize("page", ["0", "-1", "99", "abc", "2"])
def test_any_page_number_leads_to_a_page(visitor, page):
    parent, wallet = parent_with(100)
    for _ in range(30):
        spend(wallet, 1)
    response = visitor(parent).get(STATEMENT, {"page": page})
    assert len(cells(response)) == (20 if page == "abc" else 11)


def queries(visitor, number):
    parent, wallet = parent_with(100_000)
    for _ in range(number):
        post("booking", [spending(wallet, 1), spending(wallet, 2)], actor=parent, label="Réservations")
    client = visitor(parent)
    client.get(STATEMENT)
    with CaptureQueriesContext(connection) as found:
        client.get(STATEMENT)
    return len(found)


def test_a_statement_costs_the_same_with_two_rows_and_with_thirty(visitor):
    assert (queries(visitor, 1), queries(visitor, 30)) == (7, 7)


def test_top_up_explains_the_counter_with_the_familys_reference(visitor):
    parent, wallet = parent_with(4260)
    page = text_of(visitor(parent).get(reverse("wallet:top_up")).content.decode())
    assert "Recharger mon crédit Porte-monnaie : 42,60 € Au guichet" in page
    assert f"la référence de votre famille : {wallet.family.reference} (Dupont)" in page
    assert "par chèque , au guichet ou par courrier" in page


def test_the_authority_writes_its_own_explanation(visitor):
    parent, _ = parent_with(0)
    Authority.objects.update_or_create(pk=1, defaults={"counter_payment": "Mairie <b>de</b> Baneins, le mardi."})
    page = visitor(parent).get(reverse("wallet:top_up")).content.decode()
    assert "Mairie &lt;b&gt;de&lt;/b&gt; Baneins, le mardi." in page
    assert "par courrier" not in page


def test_a_person_without_a_family_finds_no_wallet(visitor):
    person = visitor(UserFactory())
    assert person.get(reverse("wallet:statement")).status_code == 404
    assert person.get(reverse("wallet:top_up")).url == reverse("account")


@pytest.mark.parametrize("name", ["wallet:statement", "wallet:top_up"])
def test_the_wallet_is_only_for_who_is_signed_in(client, name):
    assert client.get(reverse(name)).status_code == 302


def test_the_statement_is_only_read(visitor):
    parent, _ = parent_with(100)
    assert visitor(parent).post(reverse("wallet:statement")).status_code == 405
