"""Agents know of the health of the children of their services only, and parents see who read."""

import re

import pytest
from django.urls import reverse

from common.writing.once import make_key
from families.actions import answer_consents, write_health
from families.actions.alerts import UNREADABLE, alerts, may_read
from families.models import Contact, HealthContent, HealthFile, HealthReading, Membership
from tests.factories.accounts import AgentFactory, ManagerFactory, UserFactory
from tests.factories.families import MemberFactory, parent_of
from tests.factories.services import ServiceFactory, line, service_asking

pytestmark = pytest.mark.django_db
SAID = HealthContent(
    has_pai=True, allergens=("peanuts",), allergies="Latex", treatments="Anapen", diet=("no_pork", "no_gluten")
)


@pytest.fixture
def louane():
    return MemberFactory(first_name="Louane")


@pytest.fixture
def claire(louane):
    claire = parent_of(louane, phone="06 00 00 00 01")
    write(claire, louane, SAID)
    return claire


@pytest.fixture
def canteen():
    return service_asking()


@pytest.fixture
def accepted(canteen, claire, louane):
    return line(canteen, claire.guardian.family, louane)


@pytest.fixture
def agent(canteen):
    return AgentFactory(communes=[canteen.commune])


def write(user, member, content):
    write_health(user=user, member=member, content=content, key=make_key(user.owner, f"health:{member.pk}"))


def sheet_of(member) -> str:
    return reverse("admin:families_healthfile_change", args=[member.pk])


LIST = reverse("admin:families_healthfile_changelist")


def text_of(response) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).replace("&nbsp;", " ").split())


# --- The page ---------------------------------------------------------------------------------------------------------
def test_an_agent_of_the_childs_service_reads_the_sheet_and_is_written_down(visitor, agent, accepted, claire, louane):
    Contact.objects.create(
        member=louane, name="Odette", phone="0600000002", kinship="Grand-mère", may_collect=True, added_by=claire
    )
    answer_consents(user=claire, member=louane, answers={"outings": True})
    answer = visitor(agent).post(sheet_of(louane))
    read = text_of(answer)
    for words in (
        "PAI Oui",
        "Allergies alimentaires Arachides",
        "Autres allergies Latex",
        "Anapen",
        "Repas Sans porc, Sans gluten",
        "Claire Dupont 06 00 00 00 01",
        "Odette, Grand-mère 06 00 00 00 02 Peut venir chercher l’enfant",
        "Sorties : autorisé par Claire Dupont",
    ):
        assert words in read
    assert "no-store" in answer["Cache-Control"]
    assert [(row.member, row.by, row.purpose) for row in HealthReading.objects.all()] == [
        (louane, agent, "fiche santé")
    ]


def test_contacts_are_shown_at_once_and_health_only_when_asked_for(visitor, agent, accepted, louane):
    answer = visitor(agent).get(sheet_of(louane))
    read = text_of(answer)
    assert "Claire Dupont 06 00 00 00 01" in read
    assert "Votre lecture sera inscrite" in read
    assert not re.search("Arachides|PAI|Anapen|porc", read)
    assert not HealthReading.objects.exists()


def test_the_parent_sees_who_read_the_sheet_and_when(visitor, agent, accepted, claire, louane):
    visitor(agent).post(sheet_of(louane))
    assert re.search(
        r"Consultée par Agnès Martin, \w+ .* \(fiche santé\)",
        text_of(visitor(claire).get(reverse("families:health", args=[louane.pk]))),
    )


def test_each_reading_is_a_row_of_its_own(visitor, agent, accepted, louane):
    browser = visitor(agent)
    for _ in range(3):
        browser.post(sheet_of(louane))
    assert HealthReading.objects.count() == 3


@pytest.mark.parametrize("status", ["pending", "incomplete", "refused", "expired"])
def test_a_service_that_did_not_let_the_child_in_reads_nothing(visitor, agent, canteen, claire, louane, status):
    line(canteen, claire.guardian.family, louane, status)
    assert visitor(agent).post(sheet_of(louane)).status_code == 404
    assert not HealthReading.objects.exists()


def test_an_agent_of_another_commune_finds_no_sheet_even_of_a_family_of_theirs(visitor, accepted, claire, louane):
    neighbour = AgentFactory(communes=[claire.guardian.family.commune])
    assert visitor(neighbour).post(sheet_of(louane)).status_code == 404
    assert not HealthReading.objects.exists()


def test_an_agent_of_another_service_of_the_commune_finds_no_sheet(visitor, agent, accepted, canteen, louane):
    other = AgentFactory(communes=[canteen.commune])
    ServiceFactory(commune=canteen.commune).agents.add(other)
    assert visitor(other).post(sheet_of(louane)).status_code == 404
    assert visitor(agent).post(sheet_of(louane)).status_code == 200


def test_a_child_that_left_the_family_is_no_longer_the_services(visitor, agent, accepted, louane):
    Membership.objects.update(withdrawn_at="2026-01-01T00:00Z")
    assert visitor(agent).post(sheet_of(louane)).status_code == 404


def test_parents_do_not_enter_the_agents_page(visitor, accepted, claire, louane):
    assert visitor(claire).post(sheet_of(louane)).status_code == 302
    assert not HealthReading.objects.exists()


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_the_agents_page_takes_nothing_else(visitor, agent, accepted, louane, method):
    assert getattr(visitor(agent), method)(sheet_of(louane)).status_code == 403
    assert not HealthReading.objects.exists()


def test_nothing_is_added_or_deleted_in_admin(visitor, agent, accepted, louane):
    browser = visitor(agent)
    assert browser.get(reverse("admin:families_healthfile_add")).status_code == 403
    assert browser.get(reverse("admin:families_healthfile_delete", args=[louane.pk])).status_code == 403


def test_the_list_names_the_children_of_the_agents_services_and_nothing_of_their_health(
    visitor, agent, accepted, louane
):
    parent_of(MemberFactory(first_name="Malo"))
    answer = visitor(agent).get(LIST)
    assert list(answer.context["cl"].queryset) == [HealthFile.objects.get(pk=louane.pk)]
    assert not re.search("Arachides|PAI|Anapen|porc", text_of(answer))
    assert not HealthReading.objects.exists()


@pytest.mark.parametrize("size", [1, 3])
def test_the_list_takes_the_same_number_of_queries_for_any_number_of_children(
    visitor, agent, canteen, size, django_assert_num_queries
):
    for _ in range(size):
        child = MemberFactory()
        line(canteen, parent_of(child).guardian.family, child)
    browser = visitor(agent)
    browser.get(LIST)
    with django_assert_num_queries(6):
        browser.get(LIST)


def test_a_manager_reads_every_sheet_and_is_written_down_too(visitor, claire, louane):
    manager = ManagerFactory()
    assert visitor(manager).post(sheet_of(louane)).status_code == 200
    assert [row.by for row in HealthReading.objects.all()] == [manager]


def test_an_unreadable_sheet_is_said_and_the_contacts_stay(visitor, agent, accepted, louane, settings):
    settings.DOCUMENT_KEYS = {"new": b"n" * 32}
    read = text_of(visitor(agent).post(sheet_of(louane)))
    assert "Cette fiche ne peut plus être lue : appelez les parents." in read
    assert "Claire Dupont 06 00 00 00 01" in read


# --- At a glance ------------------------------------------------------------------------------------------------------
def test_alerts_are_short_words_by_child(agent, accepted, louane):
    assert alerts([louane], by=agent, purpose="Feuille de présence") == {
        louane.pk: [
            "PAI",
            "Allergie : arachides, voir la fiche",
            "Traitement : voir la fiche",
            "Sans porc",
            "Sans gluten",
        ]
    }


def test_an_act_of_reading_is_one_row_a_child(agent, accepted, canteen, louane):
    theo = MemberFactory()
    julien = parent_of(theo)
    write(julien, theo, HealthContent(diet=("no_meat",)))
    line(canteen, julien.guardian.family, theo)
    assert alerts([louane, theo], by=agent, purpose="Feuille de présence")[theo.pk] == ["Sans viande"]
    rows = HealthReading.objects.order_by("member").values_list("member", "by", "purpose")
    assert list(rows) == [(pk, agent.pk, "Feuille de présence") for pk in (louane.pk, theo.pk)]


def test_alerts_name_only_the_children_of_the_agents_services(accepted, claire, louane):
    assert alerts([louane], by=AgentFactory(communes=[claire.guardian.family.commune]), purpose="x") == {}
    assert alerts([louane], by=UserFactory(), purpose="x") == {}
    assert not HealthReading.objects.exists()


def test_an_unreadable_sheet_does_not_hide_the_others(agent, accepted, louane, settings):
    settings.DOCUMENT_KEYS = {"new": b"n" * 32}
    assert alerts([louane], by=agent, purpose="x") == {louane.pk: [UNREADABLE]}


@pytest.mark.parametrize("size", [3, 30])
def test_alerts_take_the_same_number_of_queries_for_any_number_of_children(
    agent, canteen, size, django_assert_num_queries
):
    children = [MemberFactory() for _ in range(size)]
    parent = parent_of(*children)
    for child in children:
        line(canteen, parent.guardian.family, child)
        write(parent, child, SAID)
    with django_assert_num_queries(4):  # the savepoint, the sheets, the readings, the release
        found = alerts(children, by=agent, purpose="x")
    assert len(found) == HealthReading.objects.count() == size


def test_may_read_answers_for_one_child(agent, accepted, louane):
    assert may_read(agent, louane)
    assert not may_read(AgentFactory(), louane)
