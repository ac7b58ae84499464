"""The demo has a full day of the leisure centre where families wait, and a place offered to the family of the guide."""

from datetime import datetime

import pytest
import time_machine

from portal.demo.seed import seed
from reservations.models import Activity, Session, WaitlistEntry
from tests.journeys.town import NOW
from wallet import checks

pytestmark = pytest.mark.django_db


def test_the_guide_s_family_waits_second_and_is_offered_a_place_but_not_in_a_demo_made_before_lists(settings, tmp_path):
    settings.DOCUMENTS_ROOT = tmp_path
    with time_machine.travel(datetime(2026, 11, 21, 10, tzinfo=NOW.tzinfo), tick=False):
        seed(families=15)
        found = WaitlistEntry.objects.filter(by__email="jean-paul.dupont@demo.example").with_rank()
        told = {(each.session.activity.slug, each.status, each.rank) for each in found}
        assert told == {("alsh-3-6-journee", "waiting", 2), ("alsh-6-12-journee", "offered", 1)}
        assert list(checks.differences()) == []

        WaitlistEntry.objects.all().delete()
        Activity.objects.update(waiting_capacity=0)
        Session.objects.update(waiting_capacity=0, waiting=0, held=0)
        seed(families=15)
        assert not WaitlistEntry.objects.exists()
