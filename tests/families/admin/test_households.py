"""Agents see and decide for the families and schools of their communes only."""

from datetime import date

import pytest
from django.urls import reverse
from django.utils import timezone

from common.values.calendars import school_year_of
from families.models import Certification, Family, Member, Quotient, School, SchoolClass, Schooling
from tests.factories.accounts import AgentFactory
from tests.factories.families import (
    FamilyFactory,
    GuardianFactory,
    MembershipFactory,
    SchoolClassFactory,
    SchoolFactory,
    SchoolingFactory,
)

pytestmark = pytest.mark.django_db
THIS_YEAR = school_year_of(timezone.localdate())
FAMILY_PAGES = ["beneficiaire", "quotient", "certifier", "classes", "relier"]
LOUANE = {
    "last_name": "Dupont",
    "first_name": "Louane",
    "birth_date_day": "10",
    "birth_date_month": "5",
    "birth_date_year": "2018",
    "kinship": "father",
}


@pytest.fixture
def family():
    return FamilyFactory(name="Dupont")


@pytest.fixture
def agent(visitor, family):
    """The signed-in browser of an agent of the family's commune."""
    return visitor(AgentFactory(communes=[family.commune]))


def page_of(family, word: str) -> str:
    return reverse(f"admin:families_family_{word}", args=[family.pk])


def found(response) -> list:
    return list(response.context["cl"].queryset)


def test_an_agent_lists_the_families_of_their_communes(agent, family):
    FamilyFactory()
    assert found(agent.get(reverse("admin:families_family_changelist"))) == [family]


@pytest.mark.parametrize("term", ["dupont", "{reference}", "{reference} dupont", "louane", "claire"])
def test_a_family_is_found_by_name_reference_child_or_parent(agent, family, term):
    GuardianFactory(family=family, user__first_name="Claire")
    MembershipFactory(family=family, member__first_name="Louane")
    other = FamilyFactory(commune=family.commune, name="Martin")
    MembershipFactory(family=other, member__last_name="Martin", member__first_name="Hugo")
    response = agent.get(reverse("admin:families_family_changelist"), {"q": term.format(reference=family.reference)})
    assert found(response) == [family]


@pytest.mark.parametrize("term", ["D²", "D99999999999999999999", "'", "%"])
def test_a_strange_search_finds_nothing(agent, family, term):
    assert found(agent.get(reverse("admin:families_family_changelist"), {"q": term})) == []


@pytest.mark.parametrize("size", [1, 3])
def test_the_list_takes_the_same_number_of_queries_for_any_number_of_families(
    agent, family, size, django_assert_num_queries
):
    for _ in range(size):
        other = FamilyFactory(commune=family.commune)
        GuardianFactory(family=other)
        MembershipFactory(family=other)
    agent.get(reverse("admin:families_family_changelist"))
    with django_assert_num_queries(11):
        agent.get(reverse("admin:families_family_changelist"))


@pytest.mark.parametrize("word", FAMILY_PAGES)
def test_the_family_of_another_commune_is_not_found(agent, word):
    stranger = FamilyFactory()
    address = page_of(stranger, word)
    assert [agent.get(address).status_code, agent.post(address).status_code] == [404, 404]


@pytest.mark.parametrize("word", FAMILY_PAGES)
def test_a_parent_does_not_enter_the_agents_pages(visitor, family, word):
    parent = visitor(GuardianFactory(family=family).user)
    assert parent.get(page_of(family, word)).status_code == 302
    assert parent.post(page_of(family, word)).status_code == 302
    assert (Certification.objects.count(), Quotient.objects.count()) == (0, 0)


def test_the_page_of_a_family_leads_to_each_decision_and_edits_no_member(agent, family):
    MembershipFactory(family=family)
    response = agent.get(reverse("admin:families_family_change", args=[family.pk]))
    page = response.content.decode()
    assert [f'href="{page_of(family, word)}"' in page for word in FAMILY_PAGES] == [True] * 5
    assert "memberships-0-kinship" not in page


def test_an_agent_adds_then_corrects_a_beneficiary(agent, family):
    agent.post(page_of(family, "beneficiaire"), LOUANE)
    member = family.members.get()
    agent.post(f"{page_of(family, 'beneficiaire')}?personne={member.pk}", LOUANE | {"first_name": "Louanne"})
    assert list(Member.objects.values_list("first_name", "birth_date")) == [("Louanne", date(2018, 5, 10))]


def test_an_agent_corrects_nobody_of_another_family(agent, family):
    stranger = MembershipFactory().member
    address = f"{page_of(family, 'beneficiaire')}?personne={stranger.pk}"
    assert agent.post(address, LOUANE).status_code == 404
    assert Member.objects.get().first_name == stranger.first_name


def test_an_agent_records_a_quotient(agent, family):
    response = agent.post(page_of(family, "quotient"), {"value": "850", "effective_from": "2026-09-01"})
    assert response.url == reverse("admin:family_file", args=[family.pk])
    quotient = Quotient.objects.get()
    assert (quotient.value, quotient.effective_from, quotient.recorded_by.is_staff) == (850, date(2026, 9, 1), True)


@pytest.mark.parametrize(
    "wrong",
    [{"value": "-1"}, {"value": "9" * 30}, {"value": ""}, {"effective_from": "9999-12-31"}, {"effective_from": "x"}],
)
def test_a_wrong_quotient_is_told_and_not_kept(agent, family, wrong):
    response = agent.post(page_of(family, "quotient"), {"value": "850", "effective_from": "2026-09-01"} | wrong)
    assert response.status_code == 200
    assert "Corrigez les champs signalés" in response.content.decode()
    assert Quotient.objects.count() == 0


def test_an_agent_certifies_at_the_counter(agent, family):
    agent.get(page_of(family, "certifier"))
    assert Certification.objects.count() == 0
    for _ in range(2):
        agent.post(page_of(family, "certifier"))
    assert Certification.objects.get().family == family


def test_an_agent_sets_classes_this_year_and_next(agent, family):
    child = MembershipFactory(family=family).member
    for year, address in [(THIS_YEAR, ""), (THIS_YEAR + 1, f"?annee={THIS_YEAR + 1}")]:
        cp = SchoolClassFactory(school__commune=family.commune, school_year=year)
        agent.post(f"{page_of(family, 'classes')}{address}", {str(child.pk): cp.pk})
        assert Schooling.objects.get(school_year=year).school_class == cp


def test_an_agent_cannot_choose_the_class_of_another_commune(agent, family):
    child = MembershipFactory(family=family).member
    agent.post(page_of(family, "classes"), {str(child.pk): SchoolClassFactory().pk})
    assert Schooling.objects.count() == 0


def test_an_agent_links_a_child_found_in_another_family(agent, family):
    other = FamilyFactory(commune=family.commune, name="Martin")
    child = MembershipFactory(family=other, member__first_name="Hugo").member
    page = agent.get(page_of(family, "relier"), {"q": other.reference}).content.decode()
    assert f'name="child" value="{child.pk}"' in page
    agent.post(page_of(family, "relier"), {"child": child.pk})
    assert list(family.members.all()) == [child]


def test_an_agent_does_not_link_the_child_of_another_commune(agent, family):
    stranger = MembershipFactory().member
    assert agent.post(page_of(family, "relier"), {"child": stranger.pk}).status_code == 404
    assert family.members.count() == 0


# --- Schools ---------------------------------------------------------------------------------------------------------
def roll_over_page(school, year=THIS_YEAR) -> str:
    return reverse("admin:families_roll_over", args=[school.pk, year])


def test_the_roll_over_is_shown_first_then_done_once(agent, family):
    cp = SchoolClassFactory(school__commune=family.commune, level="CP")
    SchoolClassFactory(school=cp.school, level="CE1")
    child = MembershipFactory(family=family).member
    SchoolingFactory(member=child, school_class=cp)
    page = agent.get(roll_over_page(cp.school)).content.decode()
    assert "<td>CP</td><td>CE1</td><td>1</td>" in page
    assert Schooling.objects.count() == 1
    for _ in range(2):
        agent.post(roll_over_page(cp.school))
    moved = child.schoolings.get(school_year=THIS_YEAR + 1).school_class
    assert (moved.name, moved.school) == ("CE1", cp.school)
    assert "Il n’y a rien à faire." in agent.get(roll_over_page(cp.school)).content.decode()


def test_the_roll_over_of_another_commune_or_of_no_year_is_not_found(agent, family):
    own, stranger = SchoolFactory(commune=family.commune), SchoolFactory()
    assert agent.get(roll_over_page(stranger)).status_code == 404
    assert agent.post(roll_over_page(stranger)).status_code == 404
    assert agent.get(roll_over_page(own, 2999)).status_code == 404


def test_the_school_s_page_leads_to_the_roll_over(agent, family):
    school = SchoolFactory(commune=family.commune)
    page = agent.get(reverse("admin:families_school_change", args=[school.pk])).content.decode()
    assert "Passage en classe supérieure</a>" in page


def test_schools_classes_and_schoolings_are_listed_by_commune(agent, family):
    own = SchoolingFactory(school_class__school__commune=family.commune)
    SchoolingFactory()
    lists = [
        found(agent.get(reverse(f"admin:families_{table}_changelist")))
        for table in ("school", "schoolclass", "schooling")
    ]
    assert lists == [[own.school_class.school], [own.school_class], [own]]


def test_an_agent_makes_a_class_in_a_school_of_their_communes_only(agent, family):
    address = reverse("admin:families_schoolclass_add")
    for school in (SchoolFactory(commune=family.commune), SchoolFactory()):
        agent.post(address, {"school": school.pk, "school_year": THIS_YEAR, "name": "CP bleu", "level": "CP"})
    assert SchoolClass.objects.get().school.commune == family.commune


@pytest.mark.parametrize("table", ["family", "school", "schoolclass", "schooling"])
def test_nothing_is_deleted_in_admin(agent, family, table):
    schooling = SchoolingFactory(school_class__school__commune=family.commune)
    rows = {"family": family, "school": schooling.school_class.school, "schoolclass": schooling.school_class}
    row = rows.get(table, schooling)
    response = agent.post(reverse(f"admin:families_{table}_delete", args=[row.pk]), {"post": "yes"})
    assert response.status_code == 403
    assert (Family.objects.filter(pk=family.pk).count(), School.objects.count(), Schooling.objects.count()) == (1, 1, 1)
