"""What a family reads of its direct debits."""

from datetime import timedelta
from html import unescape

import pytest
import time_machine
from django.template.loader import render_to_string
from django.urls import reverse

from common.writing.once import make_key
from tests.factories.accounts import ManagerFactory, UserFactory
from tests.factories.sepa import ANNOUNCED, COLLECTED, IBAN, announced, creditor, debtor, mandate_of, with_file
from tests.factories.wallet import family_with, wallet_with
from wallet.actions.debits import announce_debits, reject_debit, settle_debits
from wallet.models import DirectDebitRun, Purse
from wallet.reads.direct_debits import DirectDebitFacts

pytestmark = pytest.mark.django_db
PAGE, STATEMENT = reverse("wallet:direct_debit"), reverse("wallet:statement")


@pytest.fixture(autouse=True)
def _on_the_day():
    with time_machine.travel("2026-11-23 09:10+01:00", tick=True):
        yield


def read(response):
    assert response.status_code == 200
    return unescape(response.content.decode()).replace("\u00a0", " ")


def parent_of(wallet):
    return wallet.family.guardians.get().user


@pytest.mark.seed("S2-48")
def test_the_debit_to_come_is_announced_on_the_wallets_page(visitor):
    debit = announced(4605)
    browser = visitor(parent_of(debit.wallet))
    for page in (STATEMENT, PAGE):
        text = read(browser.get(page)).replace("<b>", "").replace("</b>", "")
        assert f"Prélèvement de 46,05 € le lundi 7 décembre, mandat {debit.mandate.rum}, compte FR14 •••• 2606." in text
        assert IBAN not in text


@pytest.mark.seed("S2-48")
def test_the_debit_that_was_collected_is_a_line_of_the_statement(visitor):
    debit = announced(4605)
    with_file(debit.run)
    settle_debits(COLLECTED)
    browser = visitor(parent_of(debit.wallet))
    text = read(browser.get(STATEMENT))
    assert "Prélèvement du 7 décembre 2026" in text
    assert f"Mandat {debit.mandate.rum}, compte FR14 •••• 2606" in text
    assert "Prélèvement de" not in text
    past = read(browser.get(PAGE))
    assert "Derniers prélèvements" in past
    assert "Encaissé" in past
    agent = ManagerFactory()
    reject_debit(agent=agent, debit=debit, code="AM04", key=make_key(agent.owner, f"reject-debit:{debit.pk}"))
    assert "Rejeté" in read(browser.get(PAGE))


def test_a_purse_of_its_own_is_named(visitor):
    creditor()
    user, _ = debtor(0)
    leisure = wallet_with(0, user.guardian.family, Purse.objects.create(code="cdc", name="Centres de loisirs"))
    DirectDebitRun.objects.create(
        purse=leisure.purse, month="2026-12-01", collected_on=COLLECTED, message="M"
    ).debits.create(wallet=leisure, mandate=leisure.family.mandates.get(), sequence="FRST", cents=100, end_to_end="E")
    assert "pour Centres de loisirs, mandat" in read(visitor(user).get(STATEMENT))


@pytest.mark.seed("S2-48")
def test_without_a_mandate_the_page_says_how_to_sign_one(visitor):
    creditor(debit_notice=10)
    browser = visitor(family_with(UserFactory()).guardians.get().user)
    text = read(browser.get(PAGE))
    assert "au moins 10 jours avant" in text
    assert "Mettre en place le prélèvement" in text
    assert reverse("services:services") in text


def test_with_a_mandate_the_page_shows_it_masked(visitor):
    creditor()
    family = family_with(UserFactory())
    mandate = mandate_of(family)
    text = read(visitor(parent_of(wallet_with(0, family))).get(PAGE))
    for words in (
        mandate.rum,
        "FR14 •••• 2606",
        "Zoé Lefèvre",
        "01-09-2026",
        "ICS FR72ZZZ123456",
        "regie@dombes.example",
    ):
        assert words in text
    assert IBAN not in text
    assert "Mettre en place" not in text


def test_an_authority_that_does_not_collect_says_so(visitor):
    user = family_with(UserFactory()).guardians.get().user
    assert "Pas de prélèvement pour le moment" in read(visitor(user).get(PAGE))


def test_another_familys_debits_are_not_shown(visitor):
    announced(4605)
    other = visitor(family_with(UserFactory(), name="Durand").guardians.get().user)
    assert ["46,05" in read(other.get(page)) for page in (PAGE, STATEMENT)] == [False, False]


def test_a_page_costs_the_same_with_one_debit_and_with_twelve(visitor, django_assert_num_queries):
    creditor()
    user, wallet = debtor(100)
    announce_debits(ANNOUNCED)
    browser = visitor(user)
    browser.get(PAGE)
    with django_assert_num_queries(6):
        browser.get(PAGE)
    mandate = wallet.family.mandates.get()
    for n in range(12):
        day = COLLECTED - timedelta(30 * n + 30)
        run = DirectDebitRun.objects.create(
            purse=wallet.purse, month=day.replace(day=1), collected_on=day, message=f"M{n}"
        )
        run.debits.create(
            wallet=wallet,
            mandate=mandate,
            sequence="RCUR",
            cents=100,
            end_to_end=f"E{n}",
            status="rejected",
            rejected_at="2026-01-01T00:00Z",
        )
    with django_assert_num_queries(6):
        assert read(browser.get(PAGE)).count("Rejeté") == 12


def test_the_page_is_only_read_by_families(visitor, client):
    assert visitor(UserFactory()).get(PAGE).url == reverse("account")
    assert client.get(PAGE).status_code == 302
    assert visitor(family_with(UserFactory()).guardians.get().user).post(PAGE).status_code == 405


def means(user):
    return unescape(render_to_string("wallet/_direct_debit.html", {"direct_debit": DirectDebitFacts(user)}))


def test_direct_debit_is_one_of_the_means_of_payment_where_it_is_offered():
    user = family_with(UserFactory()).guardians.get().user
    assert "Par prélèvement" not in means(user)
    creditor()
    assert "Mettre en place le prélèvement automatique" in means(user)
    mandate = mandate_of(user.guardian.family)
    assert f"Votre mandat {mandate.rum} est en place" in means(user)
    assert "compte FR14 •••• 2606" in means(user)
