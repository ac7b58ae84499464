from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reservations.rules import PARIS, DayFacts, DayState, day_state

NOW = datetime(2026, 11, 3, 10, tzinfo=PARIS)
BEFORE, AFTER = NOW - timedelta(hours=1), NOW + timedelta(hours=1)
FACTS = DayFacts(now=NOW, session_open=True, capacity=30, taken=12, bookable_until=AFTER, cancellable_until=AFTER)
FULL = {"taken": 30}
LIST = {"waiting_capacity": 5}


def proves(*lines):
    return pytest.mark.seed(*lines)


TABLE = [
    # closed: the day is not open to booking
    pytest.param({"session_open": False}, DayState.CLOSED, id="no session", marks=proves("S4-70")),
    pytest.param({"bookable_until": BEFORE}, DayState.CLOSED, id="past the booking deadline"),
    pytest.param({"bookable_until": NOW}, DayState.CLOSED, id="at the booking deadline"),
    pytest.param({"bookable_until": None}, DayState.CLOSED, id="never online"),
    pytest.param({"opens_at": AFTER}, DayState.CLOSED, id="booking not opened yet"),
    pytest.param({"closes_at": BEFORE}, DayState.CLOSED, id="booking over"),
    pytest.param({"closes_at": NOW}, DayState.CLOSED, id="booking over at this instant"),
    pytest.param(FULL | LIST | {"bookable_until": BEFORE}, DayState.CLOSED, id="full, past the deadline"),
    # open
    pytest.param({}, DayState.OPEN, id="free places", marks=proves("S4-71")),
    pytest.param({"taken": 29}, DayState.OPEN, id="the last place"),
    pytest.param({"opens_at": NOW, "closes_at": AFTER}, DayState.OPEN, id="booking opens at this instant"),
    pytest.param({"capacity": None, "taken": 500}, DayState.OPEN, id="without limit"),
    pytest.param({"cancellable_until": BEFORE}, DayState.OPEN, id="bookable though no longer cancellable"),
    # booked
    pytest.param({"booked": True}, DayState.BOOKED, id="changeable", marks=proves("S4-72")),
    pytest.param({"booked": True, "bookable_until": BEFORE}, DayState.BOOKED, id="cancellable though not bookable"),
    pytest.param({"booked": True, "closes_at": BEFORE}, DayState.BOOKED, id="cancellable after booking is over"),
    pytest.param({"booked": True} | FULL, DayState.BOOKED, id="mine among the full"),
    pytest.param({"booked": True, "session_open": False}, DayState.BOOKED, id="mine though closed to others"),
    # booked, past the deadline
    pytest.param({"booked": True, "cancellable_until": BEFORE}, DayState.LOCKED, id="too late", marks=proves("S4-73")),
    pytest.param({"booked": True, "cancellable_until": NOW}, DayState.LOCKED, id="at the cancelling deadline"),
    pytest.param({"booked": True, "cancellable_until": None}, DayState.LOCKED, id="never cancellable online"),
    # full
    pytest.param(FULL | LIST, DayState.WAITABLE, id="full, list open", marks=proves("S4-74")),
    pytest.param(FULL | LIST | {"waiting": 4}, DayState.WAITABLE, id="the last waiting place"),
    pytest.param(LIST | {"waiting": 1}, DayState.WAITABLE, id="a free place belongs to those who wait"),
    pytest.param({"capacity": 0} | LIST, DayState.WAITABLE, id="no place at all"),
    pytest.param(FULL | LIST | {"waiting": 5}, DayState.FULL, id="list full", marks=proves("S4-75", "S4-76")),
    pytest.param(FULL, DayState.FULL, id="no waiting list"),
    pytest.param(LIST | {"waiting": 5}, DayState.FULL, id="a free place behind a full list"),
    # waiting and offered
    pytest.param(FULL | LIST | {"waiting": 5, "waiting_rank": 2}, DayState.WAITING, id="second in the list"),
    pytest.param({"waiting_rank": 1, "waiting": 1, "bookable_until": BEFORE}, DayState.WAITING, id="still waiting"),
    pytest.param(FULL | {"waiting_rank": 1, "offered_until": AFTER}, DayState.OFFERED, id="offered"),
    pytest.param(FULL | {"offered_until": AFTER, "closes_at": BEFORE}, DayState.OFFERED, id="offered after the window"),
    pytest.param(FULL | {"waiting_rank": 1, "offered_until": NOW}, DayState.WAITING, id="offer over"),
    pytest.param(FULL | {"offered_until": AFTER, "bookable_until": NOW}, DayState.CLOSED, id="offer past the deadline"),
    # closed after booking
    pytest.param({"session_open": False, "closed_after_booking": True}, DayState.CANCELLED, id="closed, recredited"),
    pytest.param({"closed_after_booking": True}, DayState.OPEN, id="opened again"),
]


@pytest.mark.parametrize(("facts", "state"), TABLE)
def test_a_day_is_in_the_state_its_facts_say(facts, state):
    assert day_state(replace(FACTS, **facts)) == state


def test_the_table_meets_every_state():
    assert {param.values[1] for param in TABLE} == set(DayState)


def test_every_state_has_its_own_words_and_its_own_meaning():
    assert {state: state.words for state in DayState} == {
        DayState.CLOSED: "Fermé",
        DayState.OPEN: "Libre",
        DayState.BOOKED: "Réservé, modifiable",
        DayState.LOCKED: "Réservé, délai passé",
        DayState.WAITABLE: "Complet, liste d’attente ouverte",
        DayState.FULL: "Complet",
        DayState.WAITING: "En liste d’attente",
        DayState.OFFERED: "Place proposée",
        DayState.CANCELLED: "Fermé, recrédité",
    }
    assert len({state.meaning for state in DayState}) == 9


instants = st.integers(-4, 4).map(lambda hours: NOW + timedelta(hours=hours))
maybe = st.one_of(st.none(), instants)
few = st.integers(0, 3)
any_facts = st.builds(
    DayFacts,
    now=instants,
    session_open=st.booleans(),
    capacity=st.one_of(st.none(), few),
    taken=few,
    waiting=few,
    waiting_capacity=few,
    booked=st.booleans(),
    closed_after_booking=st.booleans(),
    waiting_rank=st.one_of(st.none(), st.integers(1, 3)),
    offered_until=maybe,
    bookable_until=maybe,
    cancellable_until=maybe,
    opens_at=maybe,
    closes_at=maybe,
)
PLACES = {DayState.OPEN, DayState.WAITABLE, DayState.FULL}
# What the clock alone may lead to; everything else needs somebody to act.
CLOCK = {
    DayState.BOOKED: {DayState.LOCKED},
    DayState.CLOSED: PLACES,
    DayState.OPEN: {DayState.CLOSED},
    DayState.WAITABLE: {DayState.CLOSED},
    DayState.FULL: {DayState.CLOSED},
    DayState.OFFERED: {DayState.WAITING, DayState.CLOSED, *PLACES},
}


@given(any_facts, instants)
def test_the_clock_alone_moves_a_day_along_its_arrows_only(facts, later):
    first, second = sorted((facts.now, later))
    before, after = (day_state(replace(facts, now=now)) for now in (first, second))
    assert after == before or after in CLOCK.get(before, set())


@given(any_facts)
def test_nobody_may_book_without_a_place_a_window_and_a_deadline(facts):
    if day_state(facts) == DayState.OPEN:
        assert facts.session_open
        assert facts.now < facts.bookable_until
        assert facts.opens_at is None or facts.opens_at <= facts.now
        assert facts.closes_at is None or facts.now < facts.closes_at
        assert facts.waiting == 0
        assert facts.capacity is None or facts.taken < facts.capacity


@given(any_facts)
def test_a_booking_of_ones_own_is_always_shown(facts):
    assert (day_state(facts) in {DayState.BOOKED, DayState.LOCKED}) is facts.booked
