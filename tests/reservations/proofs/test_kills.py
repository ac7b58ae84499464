"""Proof against kill -9: before and after each statement, commit and call to Stripe of all that moves money.

After each kill the books are exact and stand as after the last commit. The same request, asked again, leaves what it
leaves when nothing happens to it: done once.
"""

import pytest

from common.writing.once import make_key
from tests.factories.accounts import AgentFactory
from tests.factories.reservations import (
    FRIDAY,
    THURSDAY,
    TUESDAY,
    ActivityFactory,
    book,
    choose,
    household,
    key_for,
    session,
    sessions,
)
from tests.kill.footprints import at_stripe, footprint
from tests.kill.harness import Scene
from wallet import checks
from wallet.actions.cards import fulfil, open_top_up, start
from wallet.tasks import reconcile_cards

pytestmark = pytest.mark.django_db(transaction=True)
STRIPE = ("STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRET", "STRIPE_API_BASE")


def a_top_up(double):
    home = household(0)
    key = make_key(home.user.owner, "top-up")
    return {"user": home.user.pk, "wallet": home.wallet.pk, "cents": 5000, "key": key, "stripe": double.address}


def a_cart(cents: int) -> dict:
    """A family with three days in its cart (one of them given back) and ``cents``; places are limited."""
    home, activity = household(cents + 380), ActivityFactory()
    days = sessions(activity, TUESDAY, THURSDAY, FRIDAY, capacity=3)
    book(home, days[0])
    choose(home, activity, TUESDAY, THURSDAY, FRIDAY)
    return {"user": home.user.pk, "key": key_for(home)}


def a_cart_for_wallet_and_card(double):
    return a_cart(200) | {"stripe": double.address}


def a_booking(double):
    home = household(1000)
    (booking,) = book(home, session(ActivityFactory(), capacity=3))
    return {"user": home.user.pk, "booking": booking.pk, "key": make_key(home.user.owner, f"cancel:{booking.pk}")}


def a_paid_top_up(double):
    home, agent = household(0), AgentFactory()
    key = make_key(home.user.owner, "top-up")
    payment = start(open_top_up(user=home.user, cents_by_wallet={home.wallet.pk: 5000}, key=key))
    double.pay(payment.session)
    fulfil(payment)
    key = make_key(agent.owner, f"refund:{payment.pk}")
    return {"agent": agent.pk, "payment": payment.pk, "cents": 2000, "key": key}


WORLDS = {
    "top_up": a_top_up,
    "checkout": lambda double: a_cart(1000),
    "checkout_by_card": a_cart_for_wallet_and_card,
    "leave": lambda double: a_cart(200),
    "cancel": a_booking,
    "refund": a_paid_top_up,
}


@pytest.fixture
def scene(killer, stripe_server, stripe_double):
    """Make the scene of an act; its copy of the database goes with it."""
    made = []

    def make(act: str, args: dict | None = None) -> Scene:
        made.append(Scene(killer(), stripe_server, act, args or WORLDS[act](stripe_double)))
        return made[0]

    yield make
    for each in made:
        each.drop()


def chosen(points: list[str], whole: bool) -> list[int]:
    """All points; in the short run those after which most is half done."""
    if whole:
        return list(range(len(points)))
    telling = {len(points) - 1 - points[::-1].index("before COMMIT")}
    telling |= {points.index(name) for name in ("after COMMIT", "after Stripe") if name in points}
    return sorted(telling)


@pytest.mark.parametrize("act", WORLDS)
@pytest.mark.parametrize("whole", [False, pytest.param(True, marks=pytest.mark.proof)], ids=["some", "all"])
def test_killed_anywhere_an_act_is_done_once(act, whole, scene, stripe_double, capsys):
    it = scene(act)
    with it.killed(None) as end:
        assert (end["signal"], end["code"]) == (0, 0)
        points, after_commits = end["points"], {int(place): state for place, state in end["footprints"].items()}
        done, done_at_stripe = footprint(), at_stripe(stripe_double)
        replay(it)
        assert (footprint(), at_stripe(stripe_double)) == (done, done_at_stripe)
    assert {"before COMMIT", "after COMMIT"} <= set(points)
    places = chosen(points, whole)
    for place in places:
        where = f"{act} killed {points[place]} ({place})"
        with it.killed(place) as end:
            assert end["signal"] == 9, where
            assert footprint() == committed_at(place, it.before, after_commits), where
            assert list(checks.differences()) == [], where
            replay(it)
            assert (footprint(), at_stripe(stripe_double)) == (done, done_at_stripe), where
            assert list(checks.differences()) == [], where
    with capsys.disabled():
        print(f" {act}: {len(places)} of {len(points)} points ", end="")


def committed_at(place: int, before: dict, after_commits: dict[int, dict]) -> dict:
    """What must stand at a point: all that the last commit before it left, nothing of what came after."""
    passed = [commit for commit in after_commits if commit <= place]
    return after_commits[max(passed)] if passed else before


def replay(it: Scene) -> None:
    """The clockwork comes by, the same request comes again, the clockwork comes by once more."""
    reconcile_cards()
    it.again()
    reconcile_cards()


def test_what_is_written_carelessly_is_done_twice(scene):
    """The control: killed between its two transactions and asked again, such an act would credit twice."""
    wallet = household(0).wallet
    it = scene("careless", {"wallet": wallet.pk, "account": wallet.account_id})
    with it.killed(None) as end:
        (_, _, cents, _), *_ = footprint()["balances"]
        assert cents == 5000
    with it.killed(end["points"].index("after COMMIT")):
        replay(it)
        (_, _, cents, _), *_ = footprint()["balances"]
        assert cents == 10_000
