"""Proof of the nights: killed anywhere, run twice, missed, shaken by the network, the receiver holds each line once.

Every number always carries the same bytes, and what the receiver answers is taken once. Controls show what happens
without the protection: a sender that numbers what it has sent, a receiver that keeps no numbers.
"""

import os
from contextlib import suppress
from datetime import date, timedelta
from random import Random

import pytest
import redis

from common.background.mailing import send_pending
from common.models import OutgoingEmail
from reservations.actions.telling.answers import NotTaken, collect_answers
from reservations.actions.telling.reports import settle_and_report
from reservations.actions.telling.transmission import NotDelivered, deliver, deliver_pending, freeze_the_night
from reservations.models import BackOffice, BackOfficeService, Booking, Change, Transmission
from tests.concurrency import someone_else
from tests.doubles.stripe.chaos import Fault
from tests.factories.reservations import FRIDAY, LOUANE, THEO, THURSDAY, TUESDAY, book, cancel, household
from tests.kill.footprints import footprint
from tests.kill.harness import SOME_OR_ALL
from wallet import checks

pytestmark = pytest.mark.django_db(transaction=True)
NIGHT = date(2026, 11, 3)
STRIPE = ("STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRET", "STRIPE_API_BASE")


@pytest.fixture
def office(canteen, backoffice_double):
    """The municipal software that knows the canteen, over HTTP."""
    made = BackOffice.objects.create(
        name="Logiciel", delivery="http", address=backoffice_double.address, secret_name="BACKOFFICE_KEY"
    )
    BackOfficeService.objects.create(back_office=made, service=canteen.service)
    return made


@pytest.fixture
def one(canteen, office):
    """Louane comes on Tuesday and Thursday; Friday was cancelled again."""
    home = household(10_000, LOUANE)
    days = [canteen.sessions.get(date=day) for day in (TUESDAY, THURSDAY, FRIDAY)]
    home.bookings = book(home, *days)
    cancel(home, home.bookings[-1])
    return home


def lines() -> dict[str, int]:
    """Each line that is in a batch, once."""
    return {str(pk): 1 for pk in Change.objects.exclude(transmission=None).values_list("pk", flat=True)}


def chosen(points: list[str], whole: bool) -> list[int]:
    """All points; in the short run the last of each kind of commit, and the calls."""
    telling = ("before COMMIT", "after COMMIT", "before back office: send", "after back office: send")
    return list(range(len(points))) if whole else sorted({_last(points, name) for name in telling if name in points})


def _last(points: list[str], name: str) -> int:
    return len(points) - 1 - points[::-1].index(name)


# --- Killed anywhere ------------------------------------------------------------------------------------------------
@pytest.mark.seed("S4-98")
@SOME_OR_ALL
def test_killed_anywhere_the_night_hands_each_line_over_once(whole, scene, one, backoffice_double, capsys):
    it = scene("transmit", {"night": NIGHT.isoformat()})
    with it.killed(None) as end:
        assert (end["signal"], end["code"]) == (0, 0)
        points, done = end["points"], footprint()
        assert backoffice_double.held_once() == lines()
        assert len(lines()) == 5
    places = chosen(points, whole)
    assert {"after back office: send", "after COMMIT"} <= {points[place] for place in places}
    for place in places:
        where = f"killed {points[place]} ({place})"
        backoffice_double.reset()
        with it.killed(place) as end:
            assert end["signal"] == 9, where
            it.again()
            it.again()
            assert footprint() == done, where
            assert (backoffice_double.held_once(), backoffice_double.copies()) == (lines(), {1: 1}), where
    with capsys.disabled():
        print(f" {len(places)} of {len(points)} points ", end="")


@SOME_OR_ALL
def test_killed_anywhere_the_answers_are_taken_once(whole, scene, one, backoffice_double, capsys):
    freeze_the_night(NIGHT)
    deliver_pending()
    refused = str(Change.objects.get(booking=one.bookings[0]).pk)
    backoffice_double.answer(1, refuse={refused: "Groupe complet"})
    it = scene("answers", {})
    with it.killed(None) as end:
        assert (end["signal"], end["code"]) == (0, 0)
        points, done = end["points"], footprint()
        assert (done["verdicts"], one.balance) == ({"accepted": 4, "refused": 1}, 10_000 - 380)
    places = chosen(points, whole)
    for place in places:
        where = f"killed {points[place]} ({place})"
        with it.killed(place) as end:
            assert end["signal"] == 9, where
            assert list(checks.differences()) == [], where
            it.again()
            it.again()
            assert footprint() == done, where
            assert list(checks.differences()) == [], where
    with capsys.disabled():
        print(f" {len(places)} of {len(points)} points ", end="")


def test_a_sender_that_numbers_what_it_has_sent_gives_one_number_two_contents(scene, one, canteen, backoffice_double):
    """The control: killed once the file has arrived, such a night sends another under the same number."""
    it = scene("careless_transmit", {})
    with it.killed(None) as end:
        points = end["points"]
    backoffice_double.reset()
    with it.killed(points.index("after back office: send")):
        cancel(one, one.bookings[0])
        with suppress(Exception):
            it.again()
        assert backoffice_double.copies() == {1: 2}


def test_a_receiver_that_keeps_no_numbers_holds_lines_twice(scene, one, backoffice_double):
    """The control of the contract: exactly once needs both sides."""
    it = scene("transmit", {"night": NIGHT.isoformat()})
    with it.killed(None) as end:
        points = end["points"]
    backoffice_double.reset()
    backoffice_double.remembers = False
    with it.killed(points.index("after back office: send")):
        it.again()
        assert set(backoffice_double.held_once().values()) == {2}
        assert backoffice_double.copies() == {1: 1}


# --- Nights in bad weather ------------------------------------------------------------------------------------------
@SOME_OR_ALL
def test_nights_in_bad_weather_two_schedulers_and_agents_who_resend_change_nothing(
    whole, office, canteen, backoffice_double, time_machine
):
    random, double = Random(5), backoffice_double
    homes = [household(100_000, LOUANE, THEO) for _ in range(4)]
    for kind in ("error_500", "cut_before", "cut_after"):
        double.chaos.faults.append(Fault(kind, share=0.15))
    double.chaos.set(seed=7)
    for number in range(40 if whole else 5):
        night = NIGHT + timedelta(number)
        for home in homes:
            act_at_random(random, home, canteen)
        if random.random() < 0.2:
            continue  # nobody ran that night
        schedulers = [someone_else(a_night, night) for _ in range(2)]
        for each in schedulers:
            each.result(60)
        if random.random() < 0.5:
            with suppress(NotDelivered):
                deliver(Transmission.objects.order_by("?").first().pk)
        answer_some(random, double)
        with suppress(NotTaken):
            collect_answers()
        assert list(checks.differences()) == []
    double.chaos.calm()
    freeze_the_night(NIGHT + timedelta(100))
    deliver_pending()
    for batch in Transmission.objects.all():
        double.answer(batch.number)
    collect_answers()
    numbers = list(Transmission.objects.order_by("number").values_list("number", flat=True))
    assert numbers == list(range(1, len(numbers) + 1))
    assert double.copies() == dict.fromkeys(numbers, 1)
    assert double.held_once() == lines()
    assert not Change.objects.filter(verdict="").exists()
    assert not Change.objects.filter(transmission=None).exists()
    refused = Change.objects.filter(kind="booking", verdict="refused")
    assert not Booking.objects.active().filter(changes__in=refused).exists()


def act_at_random(random: Random, home, canteen) -> None:
    """The family books a free day or cancels a booked one."""
    booked = {booking.session_id: booking for booking in Booking.objects.active().filter(family=home.family)}
    day = random.choice(list(canteen.sessions.filter(date__in=(TUESDAY, THURSDAY, FRIDAY))))
    if day.pk in booked:
        cancel(home, booked[day.pk])
    else:
        book(home, day, members=[random.choice(home.children)])


def a_night(night: date) -> None:
    """One of the schedulers: whatever fails is left to the next."""
    freeze_the_night(night)
    with suppress(NotDelivered):
        deliver_pending()


def answer_some(random: Random, double) -> None:
    for batch in Transmission.objects.exclude(status="frozen"):
        if batch.number not in double.answers:
            made = batch.changes.filter(kind="booking").values_list("pk", flat=True)
            double.answer(batch.number, {str(pk): "Complet" for pk in made if random.random() < 0.3})


# --- The broker -----------------------------------------------------------------------------------------------------
def test_a_broker_that_is_flushed_and_then_gone_loses_nothing(office, canteen, backoffice_double):
    """Nothing of the nights stands in Redis: bookings, lines, letters and reports wait in PostgreSQL."""
    broker = redis.from_url(os.environ["REDIS_URL"])
    homes = [household(10_000, LOUANE) for _ in range(6)]
    rivals = []
    for rank, home in enumerate(homes):
        rivals.append(someone_else(book, home, canteen.sessions.get(date=TUESDAY)))
        if rank % 2:
            broker.flushdb()
    for rival in rivals:
        rival.result()
    broker.flushdb()
    freeze_the_night(NIGHT)
    broker.flushdb()
    deliver_pending()
    backoffice_double.answer(1)
    collect_answers()
    broker.flushdb()
    assert settle_and_report(NIGHT) == {"settled": 0, "reports": 6}
    assert backoffice_double.held_once() == lines()
    assert Change.objects.filter(kind="booking", verdict="accepted").count() == 6
    owed = OutgoingEmail.objects.filter(sent_at=None).exclude(to="").count()
    assert owed == 12  # a confirmation and a report each
    broker.flushdb()
    assert send_pending() == 12
    broker.close()
