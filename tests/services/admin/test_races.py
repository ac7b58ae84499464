"""Two agents at once: the first transaction is held open and the second waits, then finds the thing decided."""

import pytest
from django.db import transaction

from common.models import OutgoingEmail
from common.writing.states import WrongState
from services import actions
from services.actions import decisions
from services.models import RequestLine, SupportingDocument
from tests.concurrency import own_pid, someone_else
from tests.factories.accounts import AgentFactory
from tests.services.agents import Desk, status_of, statuses

pytestmark = pytest.mark.django_db(transaction=True)
accept, validate = actions.accept_lines.__wrapped__, actions.decide_document.__wrapped__


@pytest.fixture
def desk():
    return Desk()


@pytest.fixture
def colleague(desk):
    return AgentFactory(communes=[desk.commune])


def sent():
    return sorted(OutgoingEmail.objects.values_list("context__status", flat=True))


def both_decide(desk, colleague):
    """The agent accepts and, before that is committed, the colleague refuses what they both saw waiting."""
    seen = {desk.line.pk: "pending"}
    with transaction.atomic():
        assert accept(agent=desk.agent, lines=seen, seen=seen) == 1
        rival = someone_else(actions.refuse_lines, agent=colleague, lines=seen, seen=seen, reason="Hors commune.")
        assert rival.wait_until_blocked() == [own_pid()]
    return rival


def test_of_two_agents_who_decide_a_request_at_once_the_second_waits_and_finds_it_decided(desk, colleague):
    with pytest.raises(WrongState):
        both_decide(desk, colleague).result()
    desk.line.refresh_from_db()
    assert (desk.line.status, desk.line.decided_by, sent()) == ("accepted", desk.agent, ["accepted"])


def test_two_agents_who_accept_a_request_at_once_send_one_email(desk, colleague):
    seen = {desk.line.pk: "pending"}
    with transaction.atomic():
        accept(agent=desk.agent, lines=seen, seen=seen)
        rival = someone_else(actions.accept_lines, agent=colleague, lines=seen, seen=seen)
        assert rival.wait_until_blocked() == [own_pid()]
    assert (rival.result(), statuses(desk.line), sent()) == (0, ["accepted"], ["accepted"])


def test_control_without_the_lock_both_decisions_are_taken(desk, colleague, monkeypatch):
    """Shows that the race is real: reading without the lock, the colleague overwrites what the agent has accepted."""

    def unlocked(agent, pks):
        return list(RequestLine.objects.filter(pk__in=pks).select_related("request__family", "request__service"))

    monkeypatch.setattr(decisions, "_lock_lines", unlocked)
    assert both_decide(desk, colleague).result() == 1
    assert (statuses(desk.line), sent()) == (["refused"], ["accepted", "refused"])


def both_decide_the_piece(desk, colleague):
    piece = SupportingDocument.objects.get()
    with transaction.atomic():
        validate(agent=desk.agent, document=piece, accept=True, seen="pending")
        refusal = {"accept": False, "reason": "Illisible.", "seen": "pending"}
        rival = someone_else(actions.decide_document, agent=colleague, document=piece, **refusal)
        assert rival.wait_until_blocked() == [own_pid()]
    return rival


def test_of_two_agents_who_decide_a_piece_at_once_the_second_waits_and_finds_it_decided(colleague, desk):
    SupportingDocument.objects.update(status="pending", decided_at=None)
    with pytest.raises(WrongState):
        both_decide_the_piece(desk, colleague).result()
    assert (status_of(desk.piece), OutgoingEmail.objects.count()) == ("validated", 0)


def test_control_without_the_locks_the_piece_is_decided_twice(colleague, desk, monkeypatch):
    SupportingDocument.objects.update(status="pending", decided_at=None)

    def unlocked(agent, document):
        return SupportingDocument.objects.select_related("type", "family").get(pk=document.pk)

    monkeypatch.setattr(decisions, "_lock_document", unlocked)
    monkeypatch.setattr(decisions, "_lock_lines_of", lambda document: [])
    monkeypatch.setattr(decisions, "lock_family", lambda pk: None)
    both_decide_the_piece(desk, colleague).result()
    assert (status_of(desk.piece), OutgoingEmail.objects.count()) == ("refused", 1)
