"""Proof of the payment: killed anywhere it is made once; whatever is paid, minutes and cents add up to what was granted."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cesu.models import AidPayment
from cesu.rules.aid import Standing
from cesu.rules.aid_payments import Asked, against_uses, changed, read_uses
from tests.factories.aid_payments import home_with, key_for, use
from tests.kill.footprints import at_stripe, footprint
from tests.kill.harness import SOME_OR_ALL
from wallet import checks

MONTH = date(2026, 11, 1)


def state() -> dict:
    """What the act left; the hold account is named anew each time."""
    found = footprint()
    return found | {
        "balances": [[kind, "" if kind == "hold" else code, *rest] for kind, code, *rest in found["balances"]]
    }


@SOME_OR_ALL
@pytest.mark.parametrize(("complement", "commits"), [(0, 1), (1000, 4)], ids=["rights", "card"])
@pytest.mark.django_db(transaction=True)
def test_killed_anywhere_a_caregiver_is_paid_once(whole, complement, commits, scene, stripe_double, capsys):
    home = home_with(600)
    uses = [use(home.rights[0], 90)]
    said = {"user": home.user.pk, "account": home.account.pk, "caregiver": home.caregiver.pk, "complement": complement}
    said |= {"uses": [[each.right, each.minutes, each.cents] for each in uses]}
    it = scene("pay_caregiver", said | {"key": key_for(home, uses, complement), "stripe": stripe_double.address})
    with it.killed(None) as end:
        assert (end["signal"], end["code"]) == (0, 0)
        points, done, there = end["points"], state(), at_stripe(stripe_double)
        assert AidPayment.objects.get().status == AidPayment.Status.CONFIRMED
    ends = [place for place, name in enumerate(points) if name in ("before COMMIT", "after COMMIT")]
    assert len(ends) == 2 * commits  # the payment; the card's page, its money, then all together
    for place in range(len(points)) if whole else ends[:: max(1, len(ends) // 3)]:
        where = f"killed {points[place]} ({place})"
        with it.killed(place) as end:
            assert end["signal"] == 9, where
            assert list(checks.differences()) == [], where
            it.again()
            it.again()
            assert (state(), at_stripe(stripe_double)) == (done, there), where
            assert list(checks.differences()) == [], where
    with capsys.disabled():
        print(f" {len(points)} points ", end="")


TYPED = st.lists(st.tuples(st.integers(0, 3000), st.booleans()), max_size=20)


@given(st.integers(1, 3000), st.integers(0, 20000), TYPED)
def test_whatever_is_typed_minutes_and_cents_add_up_to_what_was_granted(granted, more, typed):
    """« Tout utiliser » or so many minutes, as the page reads them, until nothing is left."""
    left, cents = granted, granted + more
    spent = []
    for wanted, all_of_it in (*typed, (0, True)):
        if not left:
            break
        standing = Standing(1, MONTH, cents, left, MONTH)
        uses, faults = read_uses([standing], {1: Asked(str(wanted // 60), str(wanted % 60), all=all_of_it)})
        assert (list(faults) == [1]) == (wanted > left and not all_of_it)
        for each in uses:
            assert against_uses([standing], uses, MONTH, in_order=True, in_hours=True) == []
            assert not changed([standing], uses)
            left, cents = left - each.minutes, cents - each.cents
            spent.append((each.minutes, each.cents))
        assert (left == 0) == (cents == 0)
        assert 0 <= left <= cents
    assert (sum(each for each, _ in spent), sum(each for _, each in spent)) == (granted, granted + more)
