"""The demo shows a transmitted service with lines in every state, and a task for its agents."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
import time_machine

from accounts.models import User
from portal.demo import told
from portal.demo.seed import seed
from portal.desk.reads.worklist import worklist
from reservations.models import Change, Transmission
from reservations.reads.following import followed, with_states
from wallet import checks

pytestmark = pytest.mark.django_db


def test_the_guide_s_family_has_a_booking_in_each_state_and_an_agent_a_refusal_to_handle(settings, tmp_path):
    settings.DOCUMENTS_ROOT = tmp_path
    with time_machine.travel(datetime(2026, 11, 21, 10, tzinfo=ZoneInfo("Europe/Paris")), tick=False):
        seed(families=14)
        claire = User.objects.get(email="claire.dupont@demo.example")
        told.tell(claire, [])
        states = {booking.state.label for booking in with_states(followed(claire))}
        assert states == {"Non transmis", "Transmise", "Validée", "Refusée"}
        assert [batch.status for batch in Transmission.objects.order_by("number")] == ["sent", "answered"]
        assert Change.objects.to_handle().count() == 1
        agent = User.objects.get(email="agent.01371@demo.example")
        assert "Refus du logiciel métier à régler" in [task.label for task in worklist(agent)]
        assert list(checks.differences()) == []
