"""Two people at once in one household: the rival waits, and what must be once is once."""

from datetime import date

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from common.models import OutgoingEmail
from families.actions import (
    accept_invitation,
    add_member,
    hold_members,
    invite,
    open_family,
    place_member,
    remove_member,
)
from families.models import Family, Guardian, Invitation, Member, Membership
from families.rules import AlreadyInFamily, InvitationUsed
from tests.concurrency import own_pid, someone_else
from tests.factories.accounts import UserFactory
from tests.factories.families import MemberFactory, parent_of

pytestmark = pytest.mark.django_db(transaction=True)
LOUANE = {"first_name": "Louane", "last_name": "Dupont", "birth_date": date(2018, 5, 10), "kinship": "father"}


def test_the_same_child_added_twice_at_once_is_one():
    user = parent_of()
    with transaction.atomic():
        place_member(open_family(user), *LOUANE.values())
        rival = someone_else(add_member, user=user, **LOUANE)
        assert rival.wait_until_blocked() == [own_pid()]
    with pytest.raises(AlreadyInFamily):
        rival.result()
    assert Member.objects.count() == 1


def test_without_the_family_lock_the_same_child_would_be_two():
    """The control: both look before either has written."""
    family = open_family(parent_of())

    def add_without_lock():
        details = {name: LOUANE[name] for name in ("first_name", "last_name", "birth_date")}
        if not Member.objects.filter(families=family, **details).exists():
            Membership.objects.create(family_id=family.pk, member=Member.objects.create(**details))

    with transaction.atomic():
        add_without_lock()
        someone_else(add_without_lock).result()
    assert family.members.count() == 2


def test_a_family_opened_twice_at_once_is_one():
    user = UserFactory()
    with transaction.atomic():
        open_family(user)
        rival = someone_else(open_family, user)
        assert rival.wait_until_blocked() == [own_pid()]
    rival.result()
    assert (Family.objects.count(), Guardian.objects.count()) == (1, 1)


@pytest.mark.parametrize("kind", ["household", "shared"])
def test_two_people_who_accept_the_same_invitation_at_once_are_not_both_let_in(kind):
    child = MemberFactory()
    invite(user=parent_of(child), email="marc@example.org", kind=kind, members=[child])
    token = OutgoingEmail.objects.get().context["path"].rstrip("/").rsplit("/", 1)[-1]
    first, second = UserFactory(), UserFactory()
    with transaction.atomic():
        accept_invitation.__wrapped__(user=first, token=token)
        rival = someone_else(accept_invitation, user=second, token=token)
        assert rival.wait_until_blocked() == [own_pid()]
    with pytest.raises(InvitationUsed):
        rival.result()
    assert Invitation.objects.get().accepted_by == first
    assert not Guardian.objects.filter(user=second).exists()
    assert list(Member.objects.of(first)) == [child]


def test_without_the_invitation_lock_both_would_find_it_open():
    """The control: both read the invitation before either has accepted it."""
    invite(user=parent_of(), email="marc@example.org", kind="household")
    with transaction.atomic():
        Invitation.objects.filter(accepted_at=None).update(accepted_at=timezone.now(), accepted_by=UserFactory())
        assert someone_else(Invitation.objects.open().count).result() == 1


def write_something_about(child):
    """Stands for a booking: from now on the child has a past."""
    Membership.objects.create(family=parent_of().guardian.family, member=child)


def test_a_booking_in_progress_is_waited_for_before_a_child_is_removed():
    child = MemberFactory()
    user = parent_of(child)
    with transaction.atomic():
        hold_members([child.pk])
        write_something_about(child)
        rival = someone_else(remove_member, user=user, member=child)
        assert rival.wait_until_blocked() == [own_pid()]
    rival.result()
    assert [each.withdrawn_at is None for each in child.memberships.order_by("pk")] == [False, True]


def test_without_holding_the_child_a_booking_would_be_lost():
    """The control: the child is gone when the booking is to be committed."""
    child = MemberFactory()
    user = parent_of(child)

    def book():
        with transaction.atomic():
            write_something_about(child)
            someone_else(remove_member, user=user, member=child).result()

    with pytest.raises(IntegrityError):
        book()


def test_two_bookers_of_the_same_child_do_not_wait_for_each_other():
    child = MemberFactory()
    with transaction.atomic():
        hold_members([child.pk])
        someone_else(transaction.atomic(hold_members), [child.pk]).result(timeout=5)
