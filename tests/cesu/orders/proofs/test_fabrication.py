"""Proof of the fabrication: killed anywhere, or run by two workers at once, it makes each title once."""

import pytest
from django.db import transaction

from cesu.models import Numbering, Voucher, VoucherLine
from cesu.orders.actions import fabrication
from cesu.orders.actions.fabrication import make, make_due, start_order
from tests.concurrency import someone_else, wait_until_blocked
from tests.factories.cesu import employer_with, pay_in, placed
from tests.kill.footprints import footprint
from tests.kill.harness import SOME_OR_ALL
from wallet import checks

pytestmark = pytest.mark.django_db(transaction=True)


def an_order():
    """Paper for two, e-CESU for one; paid for."""
    employer = employer_with()
    order = placed(employer, {"booklets": 1, "vouchers": 3}, {"form": "e"}, {"booklets": 2, "vouchers": 2})
    pay_in(employer, order.total_cents)
    return order


@SOME_OR_ALL
def test_killed_anywhere_the_fabrication_makes_each_title_once(whole, scene, capsys):
    an_order()
    it = scene("fabricate", {})
    with it.killed(None) as end:
        assert (end["signal"], end["code"]) == (0, 0)
        points, done = end["points"], footprint()
        assert len(done["titles"]) == 7
    ends = [place for place, name in enumerate(points) if name in ("before COMMIT", "after COMMIT")]
    places = range(len(points)) if whole else ends[1::2]
    assert len(ends) == 10  # debited; paper; e-CESU; nothing left; told
    for place in places:
        where = f"killed {points[place]} ({place})"
        with it.killed(place) as end:
            assert end["signal"] == 9, where
            it.again()
            it.again()
            assert footprint() == done, where
            assert list(checks.differences()) == [], where
    with capsys.disabled():
        print(f" {len(places)} of {len(points)} points ", end="")


def test_titles_noted_apart_from_their_making_are_made_twice(scene):
    """Control: what the single transaction protects from."""
    order = an_order()
    it = scene("careless_fabricate", {"order": order.pk})
    with it.killed(None) as end:
        points = end["points"]
    with it.killed(points.index("after COMMIT")) as end:
        assert end["signal"] == 9
        it.again()
        asked = sum(line.booklets * line.vouchers for line in VoucherLine.objects.filter(order=order))
        assert Voucher.objects.count() > asked


def test_two_workers_make_an_order_once():
    order = an_order()
    start_order(order.pk)
    with transaction.atomic():
        fabrication._locked(order.pk)
        rival = someone_else(make, order.pk)
        wait_until_blocked(rival.pid)
    assert rival.result()
    assert not make(order.pk)
    assert Voucher.objects.count() == 7
    assert Numbering.objects.get(kind="voucher").last == 7
    assert list(checks.differences()) == []


def test_two_runs_at_once_debit_an_order_once():
    order = an_order()
    with transaction.atomic():
        fabrication._locked(order.pk)
        rival = someone_else(make_due)
        wait_until_blocked(rival.pid)
    assert rival.result() == {"started": 1, "made": 1}
    assert make_due() == {"started": 0, "made": 0}
    assert list(checks.differences()) == []
