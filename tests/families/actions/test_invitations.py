"""Inviting the other parent, accepting once, and everything that is refused."""

from datetime import timedelta
from urllib.parse import urlparse

import pytest
import time_machine
from django.utils import timezone

from common.background import mailing
from common.models import OutgoingEmail
from common.writing.once import make_key
from families import hooks
from families.actions import accept_invitation, invite, withdraw_invitation
from families.models import Family, Guardian, Invitation, Member, Membership
from families.rules import (
    MAX_INVITATIONS,
    AlreadyEntered,
    FamilyIsFull,
    HasOwnFamily,
    InvitationExpired,
    InvitationRefused,
    InvitationUnknown,
    InvitationUsed,
    InvitationWithdrawn,
    NotInFamily,
    OwnInvitation,
    TooManyInvitations,
)
from tests.factories.accounts import UserFactory
from tests.factories.families import GuardianFactory, MemberFactory, MembershipFactory, parent_of

pytestmark = pytest.mark.django_db
HOUSEHOLD, SHARED = Invitation.Kind.HOUSEHOLD, Invitation.Kind.SHARED


@pytest.fixture
def louane():
    return MemberFactory(first_name="Louane")


@pytest.fixture
def mother(louane):
    return parent_of(louane, first_name="Claire", email="claire@example.org")


def token_of(invitation) -> str:
    email = OutgoingEmail.objects.get(template="families/invitation", to=invitation.email)
    return email.context["path"].rstrip("/").rsplit("/", 1)[-1]


def invited(user, kind, *members, email="marc@example.org") -> str:
    """Return the token of a new invitation."""
    return token_of(invite(user=user, email=email, kind=kind, members=members))


def test_the_invitation_is_mailed_with_a_link_that_only_the_email_holds(mother, louane):
    token = invited(mother, SHARED, louane)
    email, invitation = OutgoingEmail.objects.get(), Invitation.objects.get()
    subject, text, _ = mailing.render(email)
    assert (email.to, email.secret, subject) == (
        "marc@example.org",
        True,
        "Claire Dupont vous invite sur le portail des familles",
    )
    assert (
        urlparse(text.split("ouvrez ce lien avant le")[1].split("\n")[1]).path == f"/mes-filiations/invitation/{token}/"
    )
    assert token not in invitation.token_hash
    assert invitation.expires_at - invitation.created_at == timedelta(days=30)


def test_a_second_click_on_invite_sends_one_email(mother, louane):
    details = {"email": "marc@example.org", "kind": SHARED, "members": [louane]}
    key = make_key(mother.owner, "invite")
    assert invite(user=mother, key=key, **details) == invite(user=mother, key=key, **details)
    assert OutgoingEmail.objects.count() == 1


def test_a_shared_child_is_the_same_person_in_two_families(mother, louane):
    father = UserFactory(gender="M", first_name="Marc")
    accept_invitation(user=father, token=invited(mother, SHARED, louane))
    assert (list(Member.objects.of(mother)), list(Member.objects.of(father))) == ([louane], [louane])
    assert Guardian.objects.get(user=father).family != Guardian.objects.get(user=mother).family
    assert Member.objects.count() == 1


def test_only_the_named_children_are_shared(mother, louane):
    family = Guardian.objects.get(user=mother).family
    MembershipFactory(family=family)
    father = UserFactory()
    accept_invitation(user=father, token=invited(mother, SHARED, louane))
    assert list(Member.objects.of(father)) == [louane]


def test_the_other_parent_of_the_same_household_signs_in_to_the_same_family(mother, louane):
    father = UserFactory()
    family = accept_invitation(user=father, token=invited(mother, HOUSEHOLD))
    assert [guardian.user for guardian in family.guardians.all()] == [mother, father]
    assert list(Member.objects.of(father)) == [louane]


def test_an_empty_family_of_ones_own_is_left_for_the_household(mother):
    father = GuardianFactory().user
    family = accept_invitation(user=father, token=invited(mother, HOUSEHOLD))
    assert list(Family.objects.all()) == [family]


def test_a_person_with_people_of_their_own_does_not_join_a_household(mother):
    father = parent_of(MemberFactory(first_name="Hugo"))
    with pytest.raises(HasOwnFamily):
        accept_invitation(user=father, token=invited(mother, HOUSEHOLD))
    assert Guardian.objects.get(user=father).family.members.count() == 1
    assert Invitation.objects.get().accepted_at is None


def test_a_family_with_money_is_not_left_for_another(mother):
    father = GuardianFactory().user
    hooks.family_has_history.register(has_money := lambda family: True)
    try:
        with pytest.raises(HasOwnFamily):
            accept_invitation(user=father, token=invited(mother, HOUSEHOLD))
    finally:
        hooks.family_has_history.answers.remove(has_money)


def test_a_household_has_two_guardians_at_most(mother):
    token, second = invited(mother, HOUSEHOLD), invited(mother, HOUSEHOLD, email="other@example.org")
    accept_invitation(user=UserFactory(), token=token)
    with pytest.raises(FamilyIsFull):
        accept_invitation(user=UserFactory(), token=second)
    with pytest.raises(FamilyIsFull):
        invite(user=mother, email="third@example.org", kind=HOUSEHOLD)


def test_the_inviting_parent_is_told_of_the_acceptance(mother, louane):
    accept_invitation(user=UserFactory(first_name="Marc"), token=invited(mother, SHARED, louane))
    email = OutgoingEmail.objects.get(template="families/invitation_accepted")
    subject, text, _ = mailing.render(email)
    assert (email.to, subject) == ("claire@example.org", "Marc Dupont a accepté votre invitation")
    assert "Enfants partagés : Louane Dupont." in text


def test_accepting_twice_is_once(mother, louane):
    father, token = UserFactory(), invited(mother, SHARED, louane)
    assert accept_invitation(user=father, token=token) == accept_invitation(user=father, token=token)
    assert Membership.objects.count() == 2
    assert OutgoingEmail.objects.filter(template="families/invitation_accepted").count() == 1


def test_a_used_invitation_serves_nobody_else(mother, louane):
    token = invited(mother, SHARED, louane)
    accept_invitation(user=UserFactory(), token=token)
    stranger = UserFactory()
    with pytest.raises(InvitationUsed):
        accept_invitation(user=stranger, token=token)
    assert list(Member.objects.of(stranger)) == []


def test_an_invitation_ends_after_thirty_days(mother, louane):
    father, token = UserFactory(), invited(mother, SHARED, louane)
    with time_machine.travel(timezone.now() + timedelta(days=30, seconds=1)), pytest.raises(InvitationExpired):
        accept_invitation(user=father, token=token)
    assert list(Member.objects.of(father)) == []


def test_a_withdrawn_invitation_is_refused_and_withdrawing_twice_is_once(mother, louane):
    token = invited(mother, SHARED, louane)
    for _ in range(2):
        withdraw_invitation(user=mother, invitation=Invitation.objects.get())
    with pytest.raises(InvitationWithdrawn):
        accept_invitation(user=UserFactory(), token=token)


def test_an_accepted_invitation_cannot_be_withdrawn(mother, louane):
    accept_invitation(user=UserFactory(), token=invited(mother, SHARED, louane))
    with pytest.raises(InvitationUsed):
        withdraw_invitation(user=mother, invitation=Invitation.objects.get())


@pytest.mark.parametrize("kind", [HOUSEHOLD, SHARED])
def test_nobody_accepts_their_own_invitation(mother, louane, kind):
    with pytest.raises(OwnInvitation):
        accept_invitation(user=mother, token=invited(mother, kind, louane))


def test_a_forged_token_opens_nothing():
    with pytest.raises(InvitationUnknown):
        accept_invitation(user=UserFactory(), token="forged")


def test_a_child_already_linked_stays_one(mother, louane):
    father = parent_of(louane)
    accept_invitation(user=father, token=invited(mother, SHARED, louane))
    assert Membership.objects.filter(member=louane).count() == 2


def test_a_child_entered_by_both_parents_is_never_matched_by_name(mother, louane):
    own = MemberFactory(first_name="Louane")
    father = parent_of(own)
    with pytest.raises(AlreadyEntered) as refusal:
        accept_invitation(user=father, token=invited(mother, SHARED, louane))
    assert refusal.value.sentences[0].startswith("Louane Dupont figure déjà dans vos filiations")
    assert list(Member.objects.of(father)) == [own]


def test_a_child_removed_since_the_invitation_is_not_shared(mother, louane):
    token = invited(mother, SHARED, louane)
    louane.memberships.update(withdrawn_at=timezone.now())
    with pytest.raises(InvitationRefused):
        accept_invitation(user=UserFactory(), token=token)


def test_nobody_shares_the_child_of_another_family(mother):
    stranger = MemberFactory()
    parent_of(stranger)
    with pytest.raises(NotInFamily):
        invite(user=mother, email="marc@example.org", kind=SHARED, members=[stranger])
    assert OutgoingEmail.objects.count() == 0


def test_sharing_needs_at_least_one_child(mother):
    with pytest.raises(InvitationRefused):
        invite(user=mother, email="marc@example.org", kind=SHARED)


def test_one_does_not_invite_oneself(mother):
    with pytest.raises(OwnInvitation):
        invite(user=mother, email="Claire@example.org", kind=HOUSEHOLD)


def test_the_portal_is_not_a_way_to_write_to_many_strangers(mother, louane):
    for number in range(MAX_INVITATIONS):
        invite(user=mother, email=f"stranger{number}@example.org", kind=SHARED, members=[louane])
    with pytest.raises(TooManyInvitations):
        invite(user=mother, email="one-more@example.org", kind=SHARED, members=[louane])
    assert OutgoingEmail.objects.count() == MAX_INVITATIONS
