"""Agents see who owes and whose bookings are suspended, and let a family book all the same."""

import pytest
from django.db import transaction
from django.urls import reverse

from common.refusals import StalePage
from common.writing.once import make_key
from tests.concurrency import own_pid, someone_else
from tests.factories.accounts import AgentFactory, CommuneFactory, UserFactory
from tests.factories.wallet import family_with, spend, wallet_with
from wallet.actions.arrears import exempt
from wallet.models import Purse, Wallet, WalletEvent

pytestmark = pytest.mark.django_db
LIST = reverse("admin:wallet_wallet_changelist")
PURSE = {"code": "principal", "name": "Porte-monnaie", "is_default": "on", "floor": "-50"}


@pytest.fixture
def commune():
    return CommuneFactory(name="Baneins")


@pytest.fixture
def agent(commune):
    return AgentFactory(communes=[commune])


@pytest.fixture
def owing(commune):
    """Owes 46,05 €; more than 40 € suspends."""
    Purse.objects.update(blocked_above=4000)
    return owes(4605, commune)


def owes(cents, commune):
    wallet = wallet_with(0, family_with(UserFactory(), commune=commune))
    spend(wallet, cents, kind="deferred_debit")
    return Wallet.objects.with_balance().get(pk=wallet.pk)


def url(wallet):
    return reverse("admin:wallet_exemption", args=[wallet.pk])


def decide(browser, wallet, never="1", key=None):
    """Open the page, choose, send."""
    key = key or browser.get(url(wallet)).context["once_key"]
    return browser.post(url(wallet), {"once_key": key, "never_blocked": never})


def listed(browser, **asked):
    return [wallet.pk for wallet in browser.get(LIST, asked).context["cl"].result_list]


def test_the_list_finds_who_owes_who_is_suspended_and_who_is_exempted(agent, owing, commune, visitor):
    browser, small, exempted = visitor(agent), owes(4000, commune), owes(4605, commune)
    Wallet.objects.filter(pk=exempted.pk).update(never_blocked=True)
    wallet_with(100, family_with(UserFactory(), commune=commune))
    owes(9000, CommuneFactory())
    assert sorted(listed(browser, reste="du")) == sorted([owing.pk, small.pk, exempted.pk])
    assert listed(browser, reste="suspendue") == [owing.pk]
    assert listed(browser, reste="dispensee") == [exempted.pk]
    assert len(listed(browser)) == 4


def test_the_list_and_the_page_of_a_wallet_say_it(agent, owing, visitor):
    browser = visitor(agent)
    assert "Suspendue</td>" in browser.get(LIST).content.decode()
    page = browser.get(reverse("admin:wallet_wallet_change", args=[owing.pk])).content.decode()
    assert url(owing) in page
    assert "Suspendue" in page


def test_an_agent_exempts_a_family_and_takes_it_back(agent, owing, visitor):
    browser = visitor(agent)
    page = browser.get(url(owing)).content.decode()
    assert "reste dû <strong>46,05\u00a0€</strong>" in page
    assert "Au-delà de 40,00\u00a0€ de reste dû" in page
    decide(browser, owing)
    owing.refresh_from_db()
    assert (owing.never_blocked, owing.is_suspended) == (True, False)
    decide(browser, owing, "0")
    owing.refresh_from_db()
    assert (owing.never_blocked, owing.is_suspended) == (False, True)


def test_who_decided_and_when_is_kept(agent, owing, visitor):
    browser = visitor(agent)
    decide(browser, owing)
    decide(browser, owing, "0")
    events = WalletEvent.objects.filter(pgh_obj=owing.pk).order_by("pgh_id")
    assert [(each.never_blocked, each.pgh_context.metadata["user"]) for each in events] == [
        (True, agent.pk),
        (False, agent.pk),
    ]


def test_a_reminder_leaves_no_trace_in_that_history(owing):
    Wallet.objects.update(reminded_at="2026-11-10T02:10:00Z")
    assert WalletEvent.objects.count() == 0


def test_a_second_click_changes_nothing_even_after_another_decision(agent, owing, visitor):
    browser = visitor(agent)
    key = browser.get(url(owing)).context["once_key"]
    decide(browser, owing, "1", key)
    decide(browser, owing, "0")
    decide(browser, owing, "1", key)
    assert not Wallet.objects.get(pk=owing.pk).never_blocked


@pytest.mark.parametrize("never", ["", "2", "oui"])
def test_nothing_chosen_changes_nothing(agent, owing, visitor, never):
    assert decide(visitor(agent), owing, never).status_code == 200
    assert WalletEvent.objects.count() == 0


def test_a_page_made_for_another_wallet_decides_nothing(agent, owing, commune, visitor):
    other = make_key(agent.owner, "exempt:0")
    answer = decide(visitor(agent), owing, "1", other)
    assert StalePage.sentence in answer.content.decode().replace("&#x27;", "'")
    assert not Wallet.objects.get(pk=owing.pk).never_blocked


def test_a_family_of_another_commune_is_not_found(owing, visitor):
    elsewhere = AgentFactory(communes=[CommuneFactory()])
    assert visitor(elsewhere).get(url(owing)).status_code == 404


def test_without_the_permission_nobody_decides(agent, owing, visitor):
    agent.roles = ["guichet"]
    agent.save()
    browser = visitor(agent)
    assert browser.get(url(owing)).status_code == 403
    assert browser.post(url(owing), {"never_blocked": "1"}).status_code == 403


@pytest.mark.django_db(transaction=True)
def test_the_same_click_sent_twice_at_once_is_obeyed_once(agent, owing):
    click = {"agent": agent, "wallet": owing, "never_blocked": True, "key": make_key(agent.owner, f"exempt:{owing.pk}")}
    with transaction.atomic():
        assert exempt.__wrapped__(**click) is True
        rival = someone_else(exempt, **click)
        assert rival.wait_until_blocked() == [own_pid()]
    assert rival.result() is True
    assert WalletEvent.objects.count() == 1


# --- The purse's settings ---------------------------------------------------------------------------------------------
@pytest.fixture
def save(visitor):
    """Fill in the page of the main purse."""
    browser = visitor(AgentFactory(is_superuser=True))
    address = reverse("admin:wallet_purse_change", args=[Purse.objects.get().pk])
    return lambda **typed: browser.post(address, PURSE | typed)


def settings_of():
    purse = Purse.objects.get()
    return purse.floor, purse.reminder_below, purse.blocked_above


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ({}, (-5000, None, None)),
        ({"reminder_below": "20", "blocked_above": "46,05 €"}, (-5000, 2000, 4605)),
        ({"floor": "0", "reminder_below": "-5,50", "blocked_above": "0"}, (0, -550, 0)),
    ],
)
def test_amounts_are_typed_in_euros(save, typed, kept):
    assert save(**typed).status_code == 302
    assert settings_of() == kept


def test_the_page_shows_them_in_euros(save, visitor):
    save(reminder_below="20", blocked_above="46,05")
    address = reverse("admin:wallet_purse_change", args=[Purse.objects.get().pk])
    form = visitor(AgentFactory(is_superuser=True)).get(address).context["adminform"].form
    assert [form[name].value() for name in ("floor", "reminder_below", "blocked_above")] == ["−50,00", "20,00", "46,05"]


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"floor": "10"}, "un découvert, en négatif"),
        ({"floor": ""}, "Ce champ est obligatoire."),
        ({"reminder_below": "vingt"}, "Écrivez un montant en euros"),
        ({"blocked_above": "-1"}, "Le reste dû toléré est zéro ou plus."),
        ({"blocked_above": "99999999,99"}, "inférieure ou égale"),
    ],
)
def test_what_makes_no_sense_is_refused_with_a_sentence(save, typed, said):
    page = save(**typed)
    assert page.status_code == 200
    assert said in page.content.decode()
    assert settings_of() == (0, None, None)
