"""Proof of the night: killed anywhere, it gives each right once and sends each payment once."""

from datetime import date

import pytest
from django.utils import timezone

from cesu.models import AidPlan, AidTransferBatch, MonthlyRight
from tests.factories.aid import aid_account_of, caregiver_with, funder_with, holder_with, payment_of, right_with
from tests.kill.footprints import footprint
from tests.kill.harness import SOME_OR_ALL
from wallet import checks

pytestmark = pytest.mark.django_db(transaction=True)


@SOME_OR_ALL
def test_killed_anywhere_the_night_gives_and_sends_each_thing_once(whole, scene, capsys):
    one, other = funder_with(), funder_with()
    for funder in (one, one, other):
        account = aid_account_of(holder_with(), funder)
        AidPlan.objects.create(aid_account=account, since=date(2020, 1, 1), minutes=2520)
        payment_of((right_with(account, 600, month=date(2026, 9, 1)), 120), caregiver=caregiver_with())
    it = scene("aid_night", {"today": f"{timezone.localdate():%Y-%m-%d}"})
    with it.killed(None) as end:
        assert (end["signal"], end["code"]) == (0, 0)
        points, done = end["points"], footprint()
        assert (MonthlyRight.objects.count(), AidTransferBatch.objects.count()) == (6, 2)
    ends = [place for place, name in enumerate(points) if name in ("before COMMIT", "after COMMIT")]
    assert len(ends) == 8  # rights of each funder, file of each funder
    for place in range(len(points)) if whole else ends[1::4]:
        where = f"killed {points[place]} ({place})"
        with it.killed(place) as end:
            assert end["signal"] == 9, where
            it.again()
            it.again()
            assert footprint() == done, where
            assert list(checks.differences()) == [], where
    with capsys.disabled():
        print(f" {len(points)} points ", end="")
