"""The night's debit: what was consumed is taken from the wallet, each booking once, never one that may be cancelled."""

from collections import Counter
from datetime import date, timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from common.models import JobRun
from common.writing.once import make_key
from common.writing.states import move
from portal.tasks import nightly
from reservations.actions import cancel_booking, debits
from reservations.actions.cancelling import TooLate
from reservations.actions.debits import debit_the_day
from reservations.actions.places.baskets import change_counters, lock_sessions
from reservations.actions.places.ledger import estimated_costs, recredit_bookings
from reservations.models import Activity, Booking, Session
from tests.concurrency import own_pid, someone_else
from tests.factories.accounts import AgentFactory
from tests.factories.reservations import (
    FRIDAY,
    LOUANE,
    THEO,
    THURSDAY,
    TUESDAY,
    ActivityFactory,
    LeisureFactory,
    book,
    cancel,
    choose,
    confirm,
    household,
    instant,
    session,
    sessions,
)
from tests.factories.wallet import spend
from wallet.actions import AlreadyPosted, NotEnough, credit_at_counter, post, set_floor
from wallet.models import Operation, Purse, Transfer, Wallet

pytestmark = pytest.mark.django_db
NIGHT = "02:10"
MONDAY = TUESDAY - timedelta(1)
LATER = date(2026, 12, 1)


@pytest.fixture
def journee(db):
    return LeisureFactory(cents=1330)


@pytest.fixture
def night(time_machine):
    """Come to the night that begins a day, and debit."""

    def debit(day):
        time_machine.move_to(instant(day, NIGHT), tick=False)
        return debit_the_day(day)

    return debit


def debited(home):
    """(operation, transfer, cents) of what the nights took from a family, in the order of the ledger."""
    rows = Transfer.objects.filter(operation__kind="deferred_debit", source=home.wallet.account_id).order_by("pk")
    return list(rows.values_list("operation__label", "label", "cents"))


@pytest.mark.seed("S4-40")
def test_a_day_is_debited_the_night_it_begins_and_leaves_the_estimate(journee, night):
    home = household(5000)
    tuesday, _ = book(home, *sessions(journee, TUESDAY, THURSDAY))
    assert (home.balance, estimated_costs(home.family.pk)) == (5000, {journee.purse_id: 2660})
    assert night(TUESDAY) == {"bookings": 1, "cents": 1330}
    tuesday.refresh_from_db()
    assert (tuesday.debited_at, tuesday.is_paid, tuesday.status) == (instant(TUESDAY, NIGHT), True, "booked")
    assert (home.balance, estimated_costs(home.family.pk)) == (3670, {journee.purse_id: 1330})
    assert night(THURSDAY) == {"bookings": 1, "cents": 1330}
    assert (home.balance, estimated_costs(home.family.pk)) == (2340, {})


def test_the_ledger_tells_the_day_the_child_and_the_activity(journee, night):
    home = household(5000, LOUANE, THEO)
    one, two = book(home, session(journee))
    night(TUESDAY)
    label = f"{journee} 10-11-2026"
    assert debited(home) == [
        ("Consommations du 10 novembre", f"{each.member.first_name}, {label}", 1330) for each in (one, two)
    ]
    operation = Operation.objects.get(kind="deferred_debit")
    assert (operation.at, operation.actor) == (instant(TUESDAY, NIGHT), None)
    moves = operation.transfers.values_list("reference", "target__kind", "target__code")
    assert sorted(moves) == sorted((each.payment_reference, "revenue", journee.revenue_code) for each in (one, two))


def test_each_wallet_has_one_operation_a_day(journee, night):
    purse = Purse.objects.create(code="alsh", name="ALSH", floor=-5000)
    other = LeisureFactory(name="ALSH Matin", cents=475, purse=purse)
    homes = [household(5000), household(5000)]
    for home in homes:
        book(home, *sessions_of(journee))
        book(home, *sessions_of(other))
    assert night(THURSDAY) == {"bookings": 8, "cents": 2 * 2 * (1330 + 475)}
    operations = Operation.objects.filter(kind="deferred_debit").order_by("pk")
    assert [operation.label for operation in operations] == 4 * ["Consommations du 10 novembre"] + 4 * [
        "Consommations du 12 novembre"
    ]
    assert [operation.transfers.count() for operation in operations] == [1] * 8
    balances = Wallet.objects.filter(family=homes[0].family).with_balance()
    assert [wallet.balance for wallet in balances] == [5000 - 2660, -950]


def sessions_of(activity):
    return [
        Session.objects.filter(activity=activity, date=day).first() or session(activity, day)
        for day in (TUESDAY, THURSDAY)
    ]


def test_a_booking_that_may_still_be_cancelled_waits_for_the_next_night(journee, night):
    home = household(5000)
    [booking] = book(home, session(journee, cancellable_until=instant(TUESDAY, "09:00")))
    assert night(TUESDAY) == {"bookings": 0, "cents": 0}
    cancel(home, booking)
    assert night(TUESDAY + timedelta(1)) == {"bookings": 0, "cents": 0}
    assert (home.balance, debited(home)) == (5000, [])


def test_the_next_night_takes_it(journee, night):
    home = household(5000)
    book(home, session(journee, cancellable_until=instant(TUESDAY, "09:00")))
    night(TUESDAY)
    assert night(TUESDAY + timedelta(1)) == {"bookings": 1, "cents": 1330}


def test_at_the_very_instant_of_the_deadline_it_is_debited_and_no_longer_cancelled(journee, night):
    home = household(5000)
    [booking] = book(home, session(journee, cancellable_until=instant(TUESDAY, NIGHT)))
    assert night(TUESDAY) == {"bookings": 1, "cents": 1330}
    with pytest.raises(TooLate):
        cancel(home, booking)


def test_a_day_that_is_never_cancelled_online_is_debited_on_the_day_not_before(journee, night):
    home = household(5000)
    book(home, session(journee, cancellable_until=None))
    assert night(TUESDAY - timedelta(1)) == {"bookings": 0, "cents": 0}
    assert night(TUESDAY) == {"bookings": 1, "cents": 1330}


def test_prepaid_cancelled_and_coming_bookings_are_left_alone(journee, night):
    home = household(10_000)
    tuesday, _ = book(home, *sessions(journee, TUESDAY, THURSDAY))
    book(home, session(ActivityFactory()))
    cancel(home, tuesday)
    assert night(TUESDAY) == {"bookings": 0, "cents": 0}
    assert home.balance == 9620


def test_a_free_day_is_dated_and_moves_nothing(night):
    home = household(0)
    [booking] = book(home, session(LeisureFactory(cents=0)))
    assert night(TUESDAY) == {"bookings": 1, "cents": 0}
    booking.refresh_from_db()
    assert (booking.debited_at, debited(home)) == (instant(TUESDAY, NIGHT), [])


def test_missed_nights_are_caught_up_day_by_day_in_order(journee, night):
    home = household(10_000)
    for day in (FRIDAY, TUESDAY, THURSDAY):
        book(home, session(journee, day))
    assert night(LATER) == {"bookings": 3, "cents": 3990}
    assert [label for label, *_ in debited(home)] == [f"Consommations du {day} novembre" for day in (10, 12, 13)]


def test_a_second_run_debits_nothing(journee, night):
    home = household(5000)
    book(home, session(journee))
    assert night(TUESDAY) == {"bookings": 1, "cents": 1330}
    assert night(TUESDAY) == {"bookings": 0, "cents": 0}
    assert home.balance == 3670


def test_the_night_runs_it_and_keeps_its_report(journee, time_machine, settings, tmp_path):
    settings.DOCUMENTS_ROOT = tmp_path
    home = household(5000)
    book(home, session(journee))
    time_machine.move_to(instant(TUESDAY, NIGHT))
    nightly()
    nightly()
    assert JobRun.objects.get(job="debits").report == {"bookings": 1, "cents": 1330}
    assert home.balance == 3670


# --- What is owed -----------------------------------------------------------------------------------------------------
@pytest.mark.seed("S4-44")
def test_the_floor_never_stops_the_debit_and_what_lacks_is_owed(journee, night):
    home = household(1330)
    book(home, session(journee))
    spend(home.wallet, 1330)
    night(TUESDAY)
    wallet = Wallet.objects.with_balance().get(pk=home.wallet.pk)
    assert (wallet.balance, wallet.owed, wallet.spendable) == (-1330, 1330, 0)


def test_what_is_owed_is_settled_first_by_the_next_credit(journee, night):
    home = household(0)
    set_floor(Purse.objects.get(), -1330)
    book(home, session(journee))
    set_floor(Purse.objects.get(), 0)
    night(TUESDAY)
    owed = []
    for cents in (1000, 1000):
        credit(home, cents)
        wallet = Wallet.objects.with_balance().get(pk=home.wallet.pk)
        owed.append((wallet.owed, wallet.spendable))
    assert owed == [(330, 0), (0, 670)]


def credit(home, cents):
    """Money at the counter."""
    agent = AgentFactory()
    credit_at_counter(
        agent=agent,
        family=home.family,
        purse=home.wallet.purse,
        means="ES",
        cents=cents,
        number="",
        payer="",
        bank="",
        received_on=TUESDAY,
        key=make_key(agent.owner, f"credit:{home.family.pk}"),
    )


def test_after_the_debit_the_floor_counts_the_balance_and_what_is_still_coming(journee, night):
    """Debited days have left the estimate: counted twice, they would refuse what the floor allows."""
    home = household(3990)
    days = sessions(journee, TUESDAY, THURSDAY, FRIDAY, LATER)
    book(home, *days[:2])
    night(TUESDAY)
    assert len(book(home, days[2])) == 1
    with pytest.raises(NotEnough) as refused:
        book(home, days[3])
    assert list(refused.value.missing.values()) == [1330]
    set_floor(Purse.objects.get(), -1330)
    assert len(list(confirm(home, "deferred").bookings.all())) == 1


def test_a_purse_changed_since_is_opened_for_the_debit(journee, night):
    home = household(5000)
    book(home, session(journee))
    purse = Purse.objects.create(code="alsh", name="ALSH")
    Activity.objects.update(purse=purse)
    assert night(TUESDAY) == {"bookings": 1, "cents": 1330}
    assert [wallet.balance for wallet in Wallet.objects.filter(family=home.family).with_balance()] == [5000, -1330]


# --- Cancelled after the debit ----------------------------------------------------------------------------------------
def reopen_cancelling(booking):
    """An agent lets families cancel later: the deadline moves behind the debit."""
    Session.objects.filter(pk=booking.session_id).update(cancellable_until=instant(TUESDAY, "18:00"))


def test_a_debited_booking_that_is_cancelled_is_recredited_once(journee, night):
    home = household(5000)
    [booking] = book(home, session(journee))
    night(TUESDAY)
    reopen_cancelling(booking)
    order = cancel(home, booking)
    assert (home.balance, order.operation.kind, order.cancelled_cents) == (5000, "cancellation", 1330)
    assert night(TUESDAY + timedelta(1)) == {"bookings": 0, "cents": 0}
    assert home.balance == 5000


def test_a_debited_booking_cancelled_with_a_request_is_recredited_too(journee, night):
    home = household(5000)
    [booking] = book(home, session(journee))
    thursday = session(journee, THURSDAY)
    night(TUESDAY)
    reopen_cancelling(booking)
    choose(home, journee, TUESDAY, THURSDAY)
    order = confirm(home, "deferred")
    assert (home.balance, order.booked_cents, order.cancelled_cents) == (5000, 1330, 1330)
    assert estimated_costs(home.family.pk) == {journee.purse_id: 1330}
    assert thursday.bookings.get().is_paid is False


# --- Crashes and rivals -----------------------------------------------------------------------------------------------
@pytest.fixture
def three_homes(journee, monkeypatch):
    """Three families on the same day, each a chunk of its own."""
    monkeypatch.setattr(debits, "CHUNK", 1)
    it = session(journee)
    homes = [household(5000) for _ in range(3)]
    for home in homes:
        book(home, it)
    return homes


def test_a_run_killed_between_two_chunks_is_taken_up_where_it_stood(three_homes, night, monkeypatch):
    post, calls = debits.post_many, []

    def killed(*args, **kwargs):
        calls.append(args)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return post(*args, **kwargs)

    monkeypatch.setattr(debits, "post_many", killed)
    with pytest.raises(KeyboardInterrupt):
        night(TUESDAY)
    assert [home.balance for home in three_homes] == [3670, 5000, 5000]
    assert night(TUESDAY) == {"bookings": 2, "cents": 2660}
    assert [home.balance for home in three_homes] == [3670, 3670, 3670]


def statements(work) -> int:
    """How many statements the night takes."""
    with CaptureQueriesContext(connection) as captured:
        work()
    return len(captured)


class Killed(BaseException):
    """The process ends here."""


@pytest.mark.django_db(transaction=True)
def test_killed_before_or_after_any_statement_it_is_debited_all_or_nothing_and_then_once(journee, time_machine):
    home = household(50_000)
    days = [session(journee, TUESDAY + timedelta(number)) for number in range(2)]
    book(home, *days)
    time_machine.move_to(instant(days[-1].date, NIGHT))
    for stop in range(60):
        seen = []

        def watch(execute, sql, params, many, context, stop=stop, seen=seen):
            if len(seen) == 2 * stop:
                raise Killed
            seen.append("before")
            answer = execute(sql, params, many, context)
            if len(seen) == 2 * stop + 1:
                raise Killed
            seen.append("after")
            return answer

        with connection.execute_wrapper(watch):
            try:
                debit_the_day(days[-1].date)
            except Killed:
                pass
            else:
                break
        dated = Booking.objects.exclude(debited_at=None).count()
        assert home.balance == 50_000 - 1330 * dated
    assert stop > 10
    assert (home.balance, Booking.objects.exclude(debited_at=None).count()) == (50_000 - 2660, 2)


@pytest.mark.django_db(transaction=True)
def test_two_runs_at_once_debit_each_booking_once(three_homes, time_machine):
    time_machine.move_to(instant(TUESDAY, NIGHT))
    [(day, first), *_] = debits._chunks(TUESDAY)
    with transaction.atomic():
        assert debits._debit.__wrapped__(day, first) == {"bookings": 1, "cents": 1330}
        rival = someone_else(debit_the_day, TUESDAY)
        assert rival.wait_until_blocked() == [own_pid()]
    assert rival.result() == {"bookings": 2, "cents": 2660}
    assert debit_the_day(TUESDAY) == {"bookings": 0, "cents": 0}
    assert [home.balance for home in three_homes] == [3670, 3670, 3670]


@pytest.mark.django_db(transaction=True)
def test_without_its_lock_the_rival_would_debit_again(three_homes, time_machine, monkeypatch):
    """The control: what the rival read before the first run had ended would be posted twice; the ledger refuses it."""
    time_machine.move_to(instant(TUESDAY, NIGHT))
    monkeypatch.setattr(debits, "_lock_bookings", lambda day, pks, now: dict.fromkeys(pks, 1330))
    [(day, first), *_] = debits._chunks(TUESDAY)
    with transaction.atomic():
        debits._debit.__wrapped__(day, first)
        rival = someone_else(debits._debit, day, first)
        rival.wait_until_blocked()
    with pytest.raises(AlreadyPosted):
        rival.result()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("capacity", [None, 5])
def test_the_debit_waits_for_a_cancellation_under_way_and_leaves_it(journee, capacity, time_machine):
    home = household(5000)
    [booking] = book(home, session(journee, capacity=capacity, cancellable_until=instant(TUESDAY, NIGHT)))
    time_machine.move_to(instant(TUESDAY, NIGHT) - timedelta(seconds=1), tick=False)
    key = make_key(home.user.owner, f"cancel:{booking.pk}")
    with transaction.atomic():
        cancel_booking.__wrapped__(user=home.user, booking=booking, key=key)
        time_machine.move_to(instant(TUESDAY, NIGHT))
        rival = someone_else(debit_the_day, TUESDAY)
        assert rival.wait_until_blocked() == [own_pid()]
    assert rival.result() == {"bookings": 0, "cents": 0}
    assert (home.balance, debited(home)) == (5000, [])


def give_back(booking):
    """What cancelling does, for an agent whom no deadline stops: session → booking → accounts."""
    with transaction.atomic():
        lock_sessions([booking.session_id])
        locked = Booking.objects.select_for_update(no_key=True).get(pk=booking.pk)
        move(locked, Booking.Status.CLOSED, cancelled_at=instant(TUESDAY))
        change_counters(Counter(), Counter([booking.session_id]))
        post(Operation.Kind.CANCELLATION, recredit_bookings([locked]), actor=None, label="Journée fermée")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("capacity", [None, 5])
def test_a_cancellation_waits_for_the_debit_and_gives_it_back(journee, capacity, time_machine):
    home = household(5000)
    it = session(journee, capacity=capacity, cancellable_until=None)
    [booking] = book(home, it)
    time_machine.move_to(instant(TUESDAY, NIGHT))
    [(day, pks)] = debits._chunks(TUESDAY)
    with transaction.atomic():
        debits._debit.__wrapped__(day, pks)
        rival = someone_else(give_back, booking)
        assert rival.wait_until_blocked() == [own_pid()]
    rival.result()
    assert home.balance == 5000


@pytest.mark.django_db(transaction=True)
def test_an_agent_who_moves_the_deadline_waits_and_the_debit_that_comes_after_obeys(journee, time_machine):
    home = household(5000)
    it = session(journee)
    book(home, it)
    time_machine.move_to(instant(TUESDAY, NIGHT))
    with transaction.atomic():
        Session.objects.select_for_update(no_key=True).get(pk=it.pk)
        Session.objects.filter(pk=it.pk).update(cancellable_until=instant(TUESDAY, "09:00"))
        rival = someone_else(debit_the_day, TUESDAY)
        assert rival.wait_until_blocked() == [own_pid()]
    assert rival.result() == {"bookings": 0, "cents": 0}
    assert home.balance == 5000


@pytest.mark.django_db(transaction=True)
def test_a_debit_and_a_payment_of_the_same_wallet_do_not_deadlock(journee, time_machine):
    home = household(5000)
    book(home, session(journee))
    time_machine.move_to(instant(TUESDAY, NIGHT))
    [(day, pks)] = debits._chunks(TUESDAY)
    with transaction.atomic():
        debits._debit.__wrapped__(day, pks)
        rival = someone_else(spend, home.wallet, 3670)
        assert rival.wait_until_blocked() == [own_pid()]
    rival.result()
    assert home.balance == 0


def test_a_hundred_bookings_take_as_many_statements_as_one(journee, time_machine):
    for day in sessions(journee, MONDAY, TUESDAY):  # the first opens the service's account
        book(household(5000), day)
    time_machine.move_to(instant(MONDAY, NIGHT))
    debit_the_day(MONDAY)
    time_machine.move_to(instant(TUESDAY, NIGHT))
    few = statements(lambda: debit_the_day(TUESDAY))
    time_machine.move_to(instant(date(2026, 11, 2), "09:00"))
    it = session(journee, THURSDAY)
    for _ in range(30):
        book(household(5000, LOUANE, THEO), it)
    time_machine.move_to(instant(THURSDAY, NIGHT))
    assert statements(lambda: debit_the_day(THURSDAY)) == few
    assert Booking.objects.filter(debited_at=None).count() == 0
