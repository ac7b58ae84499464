"""Certification, classes, the September roll-over, quotients."""

from datetime import date

import pytest
import time_machine

from common.refusals import Refusal
from families.actions import (
    certify,
    certify_for,
    choose_class,
    correct_member,
    enter_member,
    link_child,
    record_quotient,
    roll_over,
    roll_over_plan,
    set_classes,
)
from families.models import (
    Certification,
    Kinship,
    Member,
    Quotient,
    SchoolClass,
    Schooling,
    is_certified,
    quotient_on,
    quotients_on,
)
from families.rules import AlreadyEntered, NotYourClass, NotYours, WrongQuotient
from tests.factories.accounts import AgentFactory, CommuneFactory
from tests.factories.families import (
    FamilyFactory,
    GuardianFactory,
    MemberFactory,
    MembershipFactory,
    SchoolClassFactory,
    SchoolFactory,
    SchoolingFactory,
    parent_of,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("november")]


@pytest.fixture
def november():
    with time_machine.travel("2026-11-03 10:00", tick=False):
        yield


@pytest.fixture
def family():
    return FamilyFactory()


@pytest.fixture
def agent(family):
    return AgentFactory(communes=[family.commune])


# --- Certification ---------------------------------------------------------------------------------------------------
def test_a_family_is_certified_for_the_school_year_and_no_longer(family):
    user = GuardianFactory(family=family).user
    assert not is_certified(family, date(2026, 11, 3))
    certify(user=user)
    days = [date(2026, 8, 31), date(2026, 9, 1), date(2027, 8, 31), date(2027, 9, 1)]
    assert [is_certified(family, day) for day in days] == [False, True, True, False]


def test_certifying_twice_is_once(family):
    user = GuardianFactory(family=family).user
    assert certify(user=user) == certify(user=user)
    assert Certification.objects.get().by == user


def test_an_agent_certifies_for_a_family_of_their_communes_only(family, agent):
    certify_for(agent=agent, family=family)
    assert Certification.objects.get().by == agent
    with pytest.raises(NotYours):
        certify_for(agent=agent, family=FamilyFactory())
    assert Certification.objects.count() == 1


# --- Classes ---------------------------------------------------------------------------------------------------------
def test_a_parent_chooses_the_class_among_those_of_the_commune(family):
    child = MemberFactory()
    user = parent_of(child, family=family)
    cp = SchoolClassFactory(school__commune=family.commune)
    choose_class(user=user, member=child, school_class=cp)
    choose_class(user=user, member=child, school_class=cp)
    assert [(each.school_class, each.school_year) for each in child.schoolings.all()] == [(cp, 2026)]
    choose_class(user=user, member=child, school_class=None)
    assert child.schoolings.count() == 0


def test_a_class_of_another_commune_or_year_is_not_offered_to_a_parent(family):
    child = MemberFactory()
    user = parent_of(child, family=family)
    others = [SchoolClassFactory(), SchoolClassFactory(school__commune=family.commune, school_year=2025)]
    for school_class in others:
        with pytest.raises(NotYourClass):
            choose_class(user=user, member=child, school_class=school_class)
    assert Schooling.objects.count() == 0


def test_a_parent_keeps_the_class_that_an_agent_chose_in_another_commune(family):
    schooling = SchoolingFactory()
    user = parent_of(schooling.member, family=family)
    choose_class(user=user, member=schooling.member, school_class=schooling.school_class)
    assert Schooling.objects.get() == schooling


def test_an_adult_has_no_class(family):
    user = GuardianFactory(family=family).user
    adult = MembershipFactory(family=family, kinship=Kinship.SELF).member
    with pytest.raises(NotYourClass):
        choose_class(user=user, member=adult, school_class=SchoolClassFactory(school__commune=family.commune))


def test_an_agent_sets_the_classes_of_a_family_within_their_communes(family, agent):
    child = MembershipFactory(family=family).member
    cp = SchoolClassFactory(school__commune=family.commune)
    set_classes(agent=agent, family=family, school_year=2026, classes={child.pk: cp})
    assert Schooling.objects.get().school_class == cp
    with pytest.raises(NotYours):
        set_classes(agent=agent, family=family, school_year=2026, classes={child.pk: SchoolClassFactory()})
    assert Schooling.objects.get().school_class == cp


# --- Roll-over -------------------------------------------------------------------------------------------------------
@pytest.fixture
def school(family):
    school = SchoolFactory(commune=family.commune)
    for name, level in [("CP", "CP"), ("CE1 A", "CE1"), ("CE1 B", "CE1"), ("CE2", "CE2"), ("CM2", "CM2")]:
        SchoolClassFactory(school=school, name=name, level=level, school_year=2025)
    return school


def pupil(school, name: str, first_name: str) -> Member:
    member = MembershipFactory(member__first_name=first_name).member
    SchoolingFactory(member=member, school_class=school.classes.get(name=name, school_year=2025))
    return member


def class_of(member, year: int) -> str | None:
    return member.schoolings.filter(school_year=year).values_list("school_class__name", flat=True).first()


def test_the_plan_says_who_moves_who_leaves_and_who_is_left_and_writes_nothing(school):
    pupil(school, "CE1 A", "Louane")
    pupil(school, "CE1 B", "Hugo")
    pupil(school, "CP", "Théo")
    pupil(school, "CM2", "Lina")
    plan = roll_over_plan(school, 2025)
    assert plan.counts == [("CE1 A", "CE2", 1), ("CE1 B", "CE2", 1)]
    assert [each.member.first_name for each in plan.leaving] == ["Lina"]
    assert [each.member.first_name for each in plan.unclear] == ["Théo"]
    assert [each.name for each in plan.new_classes] == ["CE1 A", "CE1 B", "CE2", "CM2", "CP"]
    assert (
        SchoolClass.objects.filter(school_year=2026).count(),
        Schooling.objects.filter(school_year=2026).count(),
    ) == (
        0,
        0,
    )


def test_the_roll_over_moves_children_up_and_again_changes_nothing(school, agent):
    louane, lina, theo = (
        pupil(school, name, first_name) for name, first_name in [("CE1 A", "Louane"), ("CM2", "Lina"), ("CP", "Théo")]
    )
    for _ in range(2):
        plan = roll_over(agent=agent, school=school, from_year=2025)
        assert [class_of(member, 2026) for member in (louane, lina, theo)] == ["CE2", None, None]
        assert class_of(louane, 2025) == "CE1 A"
        assert school.classes.filter(school_year=2026).count() == 5
    assert (plan.done, plan.moves, plan.new_classes) == (1, [], [])


def test_classes_already_made_and_children_already_placed_are_kept(school, agent):
    cp_blue = SchoolClassFactory(school=school, name="CP bleu", level="CP", school_year=2026)
    louane = pupil(school, "CE1 A", "Louane")
    SchoolingFactory(member=louane, school_class=cp_blue)
    roll_over(agent=agent, school=school, from_year=2025)
    assert class_of(louane, 2026) == "CP bleu"
    assert list(school.classes.filter(school_year=2026, level="CP")) == [cp_blue]


def test_a_child_withdrawn_everywhere_does_not_move_up(school, agent):
    louane = pupil(school, "CE1 A", "Louane")
    louane.memberships.update(withdrawn_at="2026-06-01T10:00Z")
    roll_over(agent=agent, school=school, from_year=2025)
    assert class_of(louane, 2026) is None


def test_a_shared_child_moves_up_once(school, agent):
    louane = pupil(school, "CE1 A", "Louane")
    MembershipFactory(member=louane)
    assert roll_over(agent=agent, school=school, from_year=2025).counts == [("CE1 A", "CE2", 1)]
    assert Schooling.objects.filter(school_year=2026).count() == 1


def test_a_school_of_another_commune_is_not_rolled_over(school):
    with pytest.raises(NotYours):
        roll_over(agent=AgentFactory(communes=[CommuneFactory()]), school=school, from_year=2025)
    assert not school.classes.filter(school_year=2026).exists()


@pytest.mark.parametrize("pupils", [1, 3])
def test_the_roll_over_takes_the_same_number_of_queries_for_any_number_of_children(
    school, agent, pupils, django_assert_num_queries
):
    for number in range(pupils):
        pupil(school, "CE1 A", f"Enfant {number}")
    with django_assert_num_queries(11):
        roll_over(agent=agent, school=school, from_year=2025)


# --- Quotient --------------------------------------------------------------------------------------------------------
def test_the_quotient_in_force_is_the_last_one_that_has_begun(family, agent):
    record_quotient(agent=agent, family=family, value=850, effective_from=date(2026, 1, 1))
    record_quotient(agent=agent, family=family, value=620, effective_from=date(2026, 9, 1))
    days = [date(2025, 12, 31), date(2026, 1, 1), date(2026, 8, 31), date(2026, 9, 1)]
    assert [quotient_on(family, day) for day in days] == [None, 850, 850, 620]


def test_the_same_date_again_corrects_the_quotient(family, agent):
    for value in (8500, 850):
        record_quotient(agent=agent, family=family, value=value, effective_from=date(2026, 9, 1))
    assert Quotient.objects.get().value == 850


def test_the_quotients_of_many_families_take_one_query(family, agent, django_assert_num_queries):
    other, unknown = FamilyFactory(commune=family.commune), FamilyFactory()
    record_quotient(agent=agent, family=family, value=850, effective_from=date(2026, 1, 1))
    record_quotient(agent=agent, family=family, value=700, effective_from=date(2026, 6, 1))
    record_quotient(agent=agent, family=other, value=0, effective_from=date(2026, 1, 1))
    with django_assert_num_queries(1):
        found = quotients_on([family.pk, other.pk, unknown.pk], date(2026, 11, 3))
    assert found == {family.pk: 700, other.pk: 0}


def test_a_quotient_of_another_commune_or_out_of_bounds_is_refused(family, agent):
    with pytest.raises(NotYours):
        record_quotient(agent=agent, family=FamilyFactory(), value=850, effective_from=date(2026, 9, 1))
    for value in (-1, 100_000):
        with pytest.raises(WrongQuotient):
            record_quotient(agent=agent, family=family, value=value, effective_from=date(2026, 9, 1))
    assert Quotient.objects.count() == 0


# --- Agents and members ----------------------------------------------------------------------------------------------
def test_an_agent_enters_and_corrects_a_beneficiary_of_their_communes_only(family, agent):
    details = {"first_name": "Louane", "last_name": "Dupont", "birth_date": date(2018, 5, 10), "kinship": "mother"}
    member = enter_member(agent=agent, family=family, **details).member
    correct_member(agent=agent, family=family, member=member, **details | {"first_name": "Louanne"})
    assert Member.objects.get().first_name == "Louanne"
    stranger = AgentFactory(communes=[CommuneFactory()])
    with pytest.raises(NotYours):
        enter_member(agent=stranger, family=family, **details)
    with pytest.raises(NotYours):
        correct_member(agent=stranger, family=family, member=member, **details)
    assert Member.objects.get().first_name == "Louanne"


def test_an_agent_links_a_child_to_a_second_family(family, agent):
    child = MemberFactory()
    parent_of(child, family=FamilyFactory(commune=family.commune))
    for _ in range(2):
        link_child(agent=agent, member=child, family=family)
    assert child.memberships.count() == 2


def test_an_agent_links_neither_the_child_of_strangers_nor_a_twin(family, agent):
    stranger = MembershipFactory().member
    with pytest.raises(Refusal):
        link_child(agent=agent, member=stranger, family=family)
    child = MembershipFactory(family__commune=family.commune, member__first_name="Louane").member
    MembershipFactory(family=family, member__first_name="Louane")
    with pytest.raises(AlreadyEntered):
        link_child(agent=agent, member=child, family=family)
    assert family.members.count() == 1
