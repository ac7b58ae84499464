"""An agent closes an account while the family books: whoever comes second sees what the first did."""

from datetime import date, datetime

import pytest
from django.db import transaction

from accounts.models import User
from common.refusals import Refusal
from portal.desk.actions.closing import close_account
from reservations.actions import confirm_cart
from reservations.models import Booking
from reservations.rules import PARIS
from tests.concurrency import own_pid, someone_else
from tests.factories.accounts import AgentFactory
from tests.factories.reservations import LOUANE, ActivityFactory, choose, household, key_for, session
from wallet import checks

pytestmark = pytest.mark.django_db(transaction=True)
TUESDAY = date(2026, 11, 10)


@pytest.fixture(autouse=True)
def _clock(time_machine):
    time_machine.move_to(datetime(2026, 11, 2, 9, tzinfo=PARIS))


@pytest.fixture
def home():
    """A family with Tuesday in its cart, and what confirming it takes."""
    canteen = ActivityFactory(slug="cantine", capacity=None)
    home = household(1_000, LOUANE, commune=canteen.service.commune)
    User.objects.filter(pk=home.user.pk).update(commune=canteen.service.commune)
    session(canteen, TUESDAY)
    choose(home, canteen, TUESDAY)
    return home


@pytest.fixture
def agent(home):
    return AgentFactory(communes=[home.family.commune])


def checkout(home):
    return {"user": home.user, "billing": "prepaid", "key": key_for(home, "prepaid")}


def test_what_a_parent_confirms_while_the_account_closes_is_not_booked(home, agent):
    wanted = checkout(home)
    with transaction.atomic():
        close_account.__wrapped__(agent=agent, user=home.user, keep_money=True)
        rival = someone_else(confirm_cart, **wanted)
        assert rival.wait_until_blocked() == [own_pid()]
    with pytest.raises(Refusal):
        rival.result()
    assert (Booking.objects.count(), home.balance) == (0, 1_000)
    assert list(checks.differences()) == []


def test_what_was_confirmed_just_before_is_ended_by_the_closing(home, agent):
    with transaction.atomic():
        confirm_cart.__wrapped__(**checkout(home))
        rival = someone_else(close_account, agent=agent, user=home.user, keep_money=True)
        assert rival.wait_until_blocked() == [own_pid()]
    assert rival.result() is True
    assert (Booking.objects.active().count(), home.balance) == (0, 1_000)
    assert list(checks.differences()) == []


def test_days_read_before_the_lock_would_stay_on_the_kitchens_list(home, agent):
    """The control: while the parent confirms, whoever does not wait sees no booking to end."""
    with transaction.atomic():
        confirm_cart.__wrapped__(**checkout(home))
        seen = someone_else(lambda: Booking.objects.count()).result()
    assert (seen, Booking.objects.count()) == (0, 1)
