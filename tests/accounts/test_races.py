"""Two people at once: the first transaction is held open and the rival waits for it."""

import pytest
from django.db import transaction

from accounts import actions
from accounts.models import ActivationCode, User
from accounts.rules import WrongActivation
from common.models import OutgoingEmail
from common.writing.once import make_key
from common.writing.states import WrongState
from tests.concurrency import own_pid, someone_else
from tests.factories.accounts import AgentFactory, CommuneFactory, PendingUserFactory, UserFactory

pytestmark = pytest.mark.django_db(transaction=True)
validate = actions.validate_account.__wrapped__


@pytest.fixture
def agents():
    commune = CommuneFactory()
    return [AgentFactory(communes=[commune]) for _ in range(2)]


@pytest.fixture
def user(agents):
    return PendingUserFactory(commune=agents[0].communes.get())


def templates():
    return list(OutgoingEmail.objects.values_list("template", flat=True))


def test_of_two_agents_who_decide_at_once_the_second_waits_and_finds_it_decided(agents, user):
    with transaction.atomic():
        assert validate(agent=agents[0], user=user) is True
        rival = someone_else(actions.refuse_account, agent=agents[1], user=user, reason="Hors du territoire.")
        assert rival.wait_until_blocked() == [own_pid()]
    with pytest.raises(WrongState):
        rival.result()
    user.refresh_from_db()
    assert (user.status, user.decided_by, templates()) == ("validated", agents[0], ["accounts/account_validated"])


def test_two_agents_who_validate_at_once_send_one_email(agents, user):
    with transaction.atomic():
        assert validate(agent=agents[0], user=user) is True
        rival = someone_else(actions.validate_account, agent=agents[1], user=user)
        assert rival.wait_until_blocked() == [own_pid()]
    assert rival.result() is False
    user.refresh_from_db()
    assert (user.decided_by, templates()) == (agents[0], ["accounts/account_validated"])


def test_one_validates_while_the_other_validates_many(agents, user):
    with transaction.atomic():
        validate(agent=agents[0], user=user)
        rival = someone_else(actions.validate_accounts, agent=agents[1], users=[user])
        assert rival.wait_until_blocked() == [own_pid()]
    assert (rival.result(), templates()) == (0, ["accounts/account_validated"])


def test_control_without_the_lock_both_decisions_are_taken(agents, user, monkeypatch):
    """Shows that the race is real: reading without the lock, the second agent overwrites the first one's decision."""
    monkeypatch.setattr(actions, "lock_of_agent", lambda agent, user: User.objects.get(pk=user.pk))
    with transaction.atomic():
        validate(agent=agents[0], user=user)
        rival = someone_else(actions.refuse_account, agent=agents[1], user=user, reason="Hors du territoire.")
        assert rival.wait_until_blocked() == [own_pid()]
    assert rival.result() is True
    user.refresh_from_db()
    assert (user.status, sorted(templates())) == ("refused", ["accounts/account_refused", "accounts/account_validated"])


def test_a_letters_code_typed_twice_at_once_serves_once(agents):
    user = UserFactory(email=None, commune=agents[0].communes.get(), identifier="F0000012")
    key = make_key(agents[0].owner, actions.LETTERS)
    (_, code), *_ = actions.make_codes(agent=agents[0], users=[user], key=key)
    typed = {"identifier": "F0000012", "code": code}
    with transaction.atomic():
        bare = code.replace("-", "")
        assert actions._activate.__wrapped__("F0000012", bare, "cantine-2026-soleil") is True
        rival = someone_else(actions.activate, **typed, password="une-autre-2026-cantine")
        assert rival.wait_until_blocked() == [own_pid()]
    with pytest.raises(WrongActivation):
        rival.result()
    user.refresh_from_db()
    assert user.check_password("cantine-2026-soleil")


def test_wrong_codes_typed_at_once_are_all_counted(agents):
    user = UserFactory(email=None, commune=agents[0].communes.get(), identifier="F0000012")
    actions.make_codes(agent=agents[0], users=[user], key=make_key(agents[0].owner, actions.LETTERS))
    with transaction.atomic():
        assert actions._activate.__wrapped__("F0000012", "WRONG", "x") is False
        rival = someone_else(actions._activate, "F0000012", "WRONG", "x")
        assert rival.wait_until_blocked() == [own_pid()]
    assert rival.result() is False
    assert ActivationCode.objects.get().failures == 2
