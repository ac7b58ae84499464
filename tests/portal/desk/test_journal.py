"""« Journal des actes »: who, when, what, before and after, from where; of what the agent may read, never changed."""

from datetime import date

import pytest
from django.urls import reverse

from common.background.jobs import run_once
from common.writing.once import make_key
from families.actions.notes import note_purpose
from families.models import Member
from tests.accounts.pages import words
from tests.factories.accounts import AgentFactory, ManagerFactory
from tests.factories.families import FamilyFactory
from tests.factories.money import paid_at_counter
from tests.factories.reservations import LOUANE, TUESDAY, ActivityFactory, book, household, instant, sessions
from tests.factories.sepa import mandate_of

pytestmark = pytest.mark.django_db
JOURNAL = "/admin/journal/"


@pytest.fixture
def home(time_machine):
    time_machine.move_to(instant(date(2026, 11, 2), "09:00"))
    return household(5000, LOUANE)


@pytest.fixture
def agent(home):
    return AgentFactory(communes=[home.family.commune], first_name="Agnès", last_name="Martin")


def test_what_an_agent_changes_is_told_with_before_after_and_page(visitor, agent, home):
    client = visitor(agent)
    address = reverse("admin:family_file", args=[home.family.pk])
    client.post(address, {"text": "Vient tard", "once_key": make_key(agent.owner, note_purpose(home.family))})
    client.post(reverse("admin:family_note_end", args=[home.family.notes.get().pk]))
    read = words(client.get(JOURNAL, {"famille": home.family.pk, "type": "families.familynote"}))
    assert "Agnès Martin Note sur une famille créé Note : Vient tard" in read
    assert "Retirée par : — → Agnès Martin" in read
    assert f"Espace des agents ({address})" in read


def test_a_family_s_journal_has_its_bookings_and_money_and_no_other_family_s(visitor, agent, home):
    book(home, *sessions(ActivityFactory(service__commune=home.family.commune), TUESDAY))
    paid_at_counter(home.wallet, 4605, date(2026, 11, 2))
    other = household(5000, ("Zoé", date(2019, 1, 1)), commune=home.family.commune)
    read = words(visitor(agent).get(JOURNAL, {"famille": home.family.pk}))
    assert ("Réservation créé" in read or "réservation créé" in read.lower(), "46,05" in read) == (True, True)
    assert "Zoé" not in read
    assert other.child.first_name in words(visitor(agent).get(JOURNAL, {"famille": other.family.pk}))


def test_an_account_number_is_masked_and_a_day_is_named(visitor, agent, home):
    book(home, *sessions(ActivityFactory(service__commune=home.family.commune, name="Repas"), TUESDAY))
    mandate = mandate_of(home.family)
    read = words(visitor(agent).get(JOURNAL, {"famille": home.family.pk}))
    assert ("Journée : Repas" in read, f"•••• {mandate.iban[-4:]}" in read) == (True, True)
    assert mandate.iban not in read


def test_the_history_of_a_row_leads_to_its_journal(visitor, agent, home):
    client = visitor(agent)
    type(home.user).objects.filter(pk=home.user.pk).update(commune=home.family.commune)
    answer = client.get(reverse("admin:accounts_user_history", args=[home.user.pk]))
    assert answer.url == f"{JOURNAL}?objet=accounts.user%3A{home.user.pk}"
    assert "Compte" in words(client.get(answer.url))


@pytest.mark.parametrize("asked", [{"famille": "999999"}, {"objet": "wallet.wallet:999999"}, {"objet": "auth.group:1"}])
def test_what_is_not_of_the_agent_is_not_there(visitor, agent, asked):
    assert visitor(agent).get(JOURNAL, asked).status_code == 404


def test_an_agent_of_elsewhere_reads_nothing_and_the_whole_journal_is_the_managers(visitor, agent, home):
    stranger = visitor(AgentFactory(communes=[FamilyFactory().commune]))
    assert stranger.get(JOURNAL, {"famille": home.family.pk}).status_code == 404
    assert stranger.get(JOURNAL, {"objet": f"accounts.user:{home.user.pk}"}).status_code == 404
    assert visitor(agent).get(JOURNAL).status_code == 403
    assert visitor(ManagerFactory()).get(JOURNAL).status_code == 200


@pytest.mark.parametrize(
    "asked", [{"jour": "hier"}, {"avant": "x"}, {"type": "x"}, {"agent": "0'"}, {"jour": "2026-02-30"}]
)
def test_a_filter_that_says_nothing_is_left_aside(visitor, asked):
    assert visitor(ManagerFactory()).get(JOURNAL, asked).status_code == 200


def test_a_role_reads_only_acts_on_what_it_may_see(visitor, home):
    paid_at_counter(home.wallet, 4605, date(2026, 11, 2))
    desk = visitor(AgentFactory(communes=[home.family.commune], roles=["guichet"]))
    assert "46,05" not in words(desk.get(JOURNAL, {"famille": home.family.pk}))


def test_a_task_of_the_night_is_named(visitor, home):
    with run_once("ménage", date(2026, 11, 2)):
        Member.objects.filter(pk=home.child.pk).update(first_name="Lou")
    read = words(visitor(ManagerFactory()).get(JOURNAL, {"famille": home.family.pk, "type": "families.member"}))
    assert "Le portail" in read
    assert "Tâche de la nuit : ménage" in read


def test_the_journal_leaves_as_csv(visitor, agent, home):
    text = visitor(agent).get(JOURNAL, {"famille": home.family.pk, "format": "csv"}).content.decode("utf-8-sig")
    assert text.splitlines()[0] == "Quand;Qui;Quoi;Acte;Champ;Avant;Après;D’où"
    assert "Louane" in text
