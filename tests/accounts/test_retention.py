"""A sign-up whose address nobody confirms is forgotten."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.actions import EVENTS, forget_unverified, record_consents
from accounts.models import User
from common.models import OutgoingEmail
from tests.factories.accounts import PendingUserFactory, UserFactory
from tests.factories.families import GuardianFactory

pytestmark = pytest.mark.django_db


def started(days: int, verified: bool = False, **fields) -> User:
    """A sign-up begun some days ago."""
    fields = {"signed_up_at": None, "date_joined": timezone.now() - timedelta(days=days)} | fields
    user = PendingUserFactory(**fields)
    user.emailaddress_set.update(verified=verified)
    return user


def forget() -> int:
    return forget_unverified(timezone.now() - timedelta(days=30))


def test_a_sign_up_never_confirmed_goes_after_thirty_days_with_all_that_names_the_person():
    old, fresh = started(31), started(29)
    record_consents(old, {"newsletter": True})
    for user in (old, fresh):
        OutgoingEmail.objects.create(owner=user.owner, to=user.email, template="x")
    pk = old.pk
    assert forget() == 1
    assert list(User.objects.all()) == [fresh]
    assert not EVENTS.objects.filter(pgh_obj=pk).exists()
    assert [email.owner for email in OutgoingEmail.objects.all()] == [fresh.owner]


def test_confirmed_complete_decided_and_mailless_accounts_stay():
    kept = {
        started(31, verified=True),
        started(31, signed_up_at=timezone.now()),
        started(31, status=User.Status.VALIDATED, decided_at=timezone.now()),
        started(31, is_staff=True),
        started(31, email=None),
        UserFactory(),
    }
    assert forget() == 0
    assert set(User.objects.filter(pk__in=[user.pk for user in kept])) == kept


def test_an_address_confirmed_among_others_keeps_the_account():
    user = started(31)
    user.emailaddress_set.create(email="other@example.org", verified=True)
    assert forget() == 0


def test_a_person_on_whom_something_depends_stays_and_the_others_go():
    parent, other = started(31), started(31)
    GuardianFactory(user=parent)
    assert forget() == 1
    assert list(User.objects.filter(pk__in=[parent.pk, other.pk])) == [parent]
    assert EVENTS.objects.filter(pgh_obj=parent.pk).exists()
