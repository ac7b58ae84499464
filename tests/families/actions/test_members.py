"""Adding, correcting, removing and bringing back the people of a family."""

from datetime import date, timedelta

import pytest
from django.db import IntegrityError
from django.utils import timezone

from common.models import OutgoingEmail
from common.refusals import StalePage
from common.writing.once import make_key
from families import hooks
from families.actions import add_member, open_family, place_member, remove_member, restore_member, update_member
from families.models import Family, Guardian, Kinship, Member, Membership
from families.rules import (
    MAX_MEMBERS,
    AlreadyInFamily,
    HasUpcomingBookings,
    NotInFamily,
    TooManyMembers,
    WrongPerson,
)
from tests.factories.accounts import UserFactory
from tests.factories.families import FamilyFactory, MemberFactory, MembershipFactory, parent_of

pytestmark = pytest.mark.django_db
LOUANE = {"first_name": "Louane", "last_name": "Dupont", "birth_date": date(2018, 5, 10), "kinship": Kinship.FATHER}


@pytest.fixture
def answers():
    """Answers that an upper app gives to the hooks, taken away after the test."""
    kept = [(hook, list(hook.answers)) for hook in (hooks.has_history, hooks.upcoming_bookings)]
    yield
    for hook, before in kept:
        hook.answers[:] = before


def test_a_family_is_opened_once_in_the_name_and_commune_of_the_person():
    user = UserFactory(last_name="Dupont")
    family = open_family(user)
    assert (family.name, family.commune, family.guardians.get().user) == ("Dupont", user.commune, user)
    assert open_family(user) == family
    assert Family.objects.count() == Guardian.objects.count() == 1


@pytest.mark.seed("S3-40", "S2-16")
def test_a_member_is_saved_with_name_birth_date_and_type_of_filiation():
    user = UserFactory()
    membership = add_member(user=user, **LOUANE | {"first_name": " Louane "})
    member = Member.objects.of(user).get()
    assert membership.member == member
    assert (member.first_name, member.last_name, member.birth_date) == ("Louane", "Dupont", date(2018, 5, 10))
    assert (membership.kinship, membership.withdrawn_at) == ("father", None)


def test_an_adult_may_be_a_beneficiary_like_a_child():
    user = UserFactory()
    details = {"first_name": "Claire", "last_name": "Dupont", "birth_date": date(1985, 2, 1)}
    membership = add_member(user=user, kinship=Kinship.SELF, **details)
    assert membership.is_adult
    assert Member.objects.of(user).get() == membership.member


@pytest.mark.seed("S2-17")
def test_the_same_person_is_refused_twice_in_a_family():
    user = UserFactory()
    add_member(user=user, **LOUANE)
    with pytest.raises(AlreadyInFamily):
        add_member(user=user, **LOUANE | {"first_name": "LOUANE", "kinship": Kinship.OTHER})
    assert Membership.objects.get().kinship == "father"


def test_two_families_may_each_have_a_child_of_the_same_name_and_they_are_never_linked_by_it():
    one, other = UserFactory(), UserFactory()
    assert add_member(user=one, **LOUANE).member != add_member(user=other, **LOUANE).member


@pytest.mark.parametrize(
    "wrong",
    [
        {"birth_date": timezone.localdate() + timedelta(days=1)},
        {"birth_date": date(1850, 1, 1)},
        {"first_name": "L" * 300},
        {"last_name": "   "},
    ],
)
def test_details_that_cannot_be_right_are_refused_and_change_nothing(wrong):
    user = UserFactory()
    with pytest.raises(WrongPerson):
        add_member(user=user, **LOUANE | wrong)
    assert (Member.objects.count(), Family.objects.count()) == (0, 0)


@pytest.mark.seed("S3-52")
def test_as_many_as_wanted_may_be_added_up_to_a_sane_limit():
    family = FamilyFactory()
    for number in range(MAX_MEMBERS):
        place_member(family, f"Enfant {number}", "Dupont", date(2018, 5, 10), Kinship.OTHER)
    with pytest.raises(TooManyMembers):
        place_member(family, "Un de trop", "Dupont", date(2018, 5, 10), Kinship.OTHER)
    assert family.members.count() == MAX_MEMBERS


def test_a_second_click_on_add_gets_the_first_answer():
    user = UserFactory()
    key = make_key(user.owner, "add-member")
    assert add_member(user=user, key=key, **LOUANE) == add_member(user=user, key=key, **LOUANE)
    assert Member.objects.count() == 1


@pytest.mark.parametrize("key", ["", "forged"])
def test_a_form_without_a_true_key_adds_nobody(key):
    with pytest.raises(StalePage):
        add_member(user=UserFactory(), key=key, **LOUANE)
    assert Member.objects.count() == 0


def test_a_member_is_corrected():
    member = MemberFactory()
    user = parent_of(member)
    update_member(user=user, member=member, **LOUANE | {"kinship": Kinship.MOTHER})
    member.refresh_from_db()
    assert (member.first_name, member.memberships.get().kinship) == ("Louane", "mother")
    assert OutgoingEmail.objects.count() == 0


def test_a_member_may_not_become_the_twin_of_another():
    louane, theo = MemberFactory(first_name="Louane"), MemberFactory(first_name="Théo")
    with pytest.raises(AlreadyInFamily):
        update_member(user=parent_of(louane, theo), member=theo, **LOUANE)
    theo.refresh_from_db()
    assert theo.first_name == "Théo"


def test_the_member_of_another_family_is_neither_corrected_nor_removed():
    member, stranger = MemberFactory(first_name="Théo"), UserFactory()
    parent_of(member)
    with pytest.raises(NotInFamily):
        update_member(user=stranger, member=member, **LOUANE)
    with pytest.raises(NotInFamily):
        remove_member(user=stranger, member=member)
    member.refresh_from_db()
    assert (member.first_name, member.memberships.get().withdrawn_at) == ("Théo", None)


def test_correcting_a_shared_child_is_told_to_both_parents():
    member = MemberFactory(first_name="Luane")
    mother = parent_of(member, first_name="Claire", email="claire@example.org")
    parent_of(member, first_name="Marc", email="marc@example.org")
    update_member(user=mother, member=member, **LOUANE)
    told = OutgoingEmail.objects.filter(template="families/shared_child_changed").order_by("to")
    assert [each.to for each in told] == ["claire@example.org", "marc@example.org"]
    assert told[1].context == {
        "first_name": "Marc",
        "before": "Luane Dupont, 10-05-2018",
        "after": "Louane Dupont, 10-05-2018",
        "by": "Claire Dupont",
    }


def test_saving_a_shared_child_without_change_tells_nobody():
    member = MemberFactory(first_name="Louane")
    mother = parent_of(member)
    parent_of(member)
    update_member(user=mother, member=member, **LOUANE)
    assert OutgoingEmail.objects.count() == 0


@pytest.mark.seed("S3-56")
def test_a_member_without_a_past_is_deleted():
    member = MemberFactory()
    remove_member(user=parent_of(member), member=member)
    assert (Member.objects.count(), Membership.objects.count()) == (0, 0)


def test_a_member_with_a_past_is_withdrawn_and_never_lost(answers):
    hooks.has_history.register(lambda member: True)
    member = MemberFactory()
    user = parent_of(member)
    remove_member(user=user, member=member)
    assert Member.objects.of(user).count() == 0
    assert member.memberships.get().withdrawn_at is not None


def test_a_member_with_bookings_to_come_is_refused_until_they_are_cancelled(answers):
    hooks.upcoming_bookings.register(lambda family, member: 2)
    member = MemberFactory()
    with pytest.raises(HasUpcomingBookings):
        remove_member(user=parent_of(member), member=member)
    assert member.memberships.get().withdrawn_at is None


def test_each_parent_takes_a_shared_child_out_of_their_own_family_only():
    member = MemberFactory()
    mother, father = parent_of(member), parent_of(member)
    remove_member(user=mother, member=member)
    assert (list(Member.objects.of(mother)), list(Member.objects.of(father))) == ([], [member])


def test_a_second_click_on_remove_gets_the_first_answer():
    member = MemberFactory()
    user = parent_of(member)
    key = make_key(user.owner, f"remove-member:{member.pk}")
    remove_member(user=user, member=member, key=key)
    remove_member(user=user, member=member, key=key)
    assert Member.objects.count() == 0


def test_a_withdrawn_member_comes_back_on_demand_or_when_added_again(answers):
    hooks.has_history.register(lambda member: True)
    member = MemberFactory(first_name="Louane")
    user = parent_of(member)
    remove_member(user=user, member=member)
    for _ in range(2):  # twice is once
        restore_member(user=user, member=member)
    assert list(Member.objects.of(user)) == [member]
    remove_member(user=user, member=member)
    assert add_member(user=user, **LOUANE).member == member
    assert list(Member.objects.of(user)) == [member]


def test_someone_who_was_never_in_the_family_does_not_come_back():
    with pytest.raises(NotInFamily):
        restore_member(user=UserFactory(), member=MemberFactory())


def test_the_database_itself_keeps_one_entry_per_family():
    membership = MembershipFactory()
    with pytest.raises(IntegrityError):
        MembershipFactory(family=membership.family, member=membership.member)


def test_a_person_without_a_family_has_no_members():
    assert list(Member.objects.of(UserFactory())) == []
