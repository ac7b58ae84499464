"""Tries are counted in the database, in periods that begin with their first."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from common.brakes.tries import forget_old_tries, forget_tries, take_try
from common.models import Tries

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def test_so_many_tries_a_period_and_then_anew():
    with time_machine.travel("2026-11-21T10:00:00Z", tick=False) as clock:
        assert [take_try("code:1", 2, HOUR) for _ in range(3)] == [True, True, False]
        assert take_try("code:2", 2, HOUR)
        clock.shift(HOUR + timedelta(seconds=1))
        assert take_try("code:1", 2, HOUR)


def test_a_success_and_time_forget_them():
    with time_machine.travel("2026-11-21T10:00:00Z", tick=False):
        take_try("password:1", 1, HOUR)
        forget_tries("password:1")
        assert take_try("password:1", 1, HOUR)
    with time_machine.travel("2026-11-21T11:00:00Z", tick=False):
        take_try("password:2", 1, HOUR)
        forget_old_tries(timezone.now())
        assert list(Tries.objects.values_list("subject", flat=True)) == ["password:2"]
