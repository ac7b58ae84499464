"""A family's calendar: on both sides of both changes of the clock, with a day that was cancelled."""

from datetime import date, datetime, time

import time_machine

from common.writing.once import make_key
from reservations.actions.telling.calendar_addresses import PURPOSE, renew_address
from reservations.models import Booking, CalendarAddress
from reservations.rules import PARIS
from tests.client import PortalClient
from tests.crossed.readers import Readers
from tests.crossed.table import Row, differences
from tests.factories.reservations import (
    LOUANE,
    THEO,
    ActivityFactory,
    LeisureFactory,
    book,
    cancel,
    household,
    sessions,
)

NOW = datetime(2026, 10, 19, 9, tzinfo=PARIS)
NAME = "Cantine « Les Écureuils » ; goûter, étude et aide aux devoirs jusqu’à 18 h 30 – École Jean-Moulin"
LATER = "Accueil du mercredi, « Les Écureuils »"
DAYS = [date(2026, 10, 23), date(2026, 10, 26), date(2026, 12, 1), date(2027, 3, 26), date(2027, 3, 29)]
DAYS += [date(2027, 6, 15), date(2027, 6, 17)]
READERS = {"ical.js": "ical_js.cjs", "node-ical": "node_ical.cjs"}
READERS |= {"icalevents": "read_icalevents.py", "recurring-ical-events": "read_recurring.py"}


def rows(readers: Readers) -> list[Row]:
    """The feed by four libraries."""
    with time_machine.travel(NOW, tick=False):
        content, ours = feed()
    file = readers.write("famille.ics", content)
    return [
        Row(
            f"Calendar of a family ({len(ours)} bookings, summer and winter, one cancelled)",
            f"{library} {readers.versions[library]}",
            "events, hours in Paris, timed, status, place; the cancelled one is absent",
            differences(ours, read(readers, script, file)),
        )
        for library, script in READERS.items()
    ]


def feed() -> tuple[bytes, list[tuple]]:
    """The bytes that a calendar gets, and the events that we mean."""
    home = household(50_000, LOUANE, THEO)
    hours = {"arrival": time(11, 30), "departure": time(13, 30)}
    paid, later = ActivityFactory(name=NAME, **hours), LeisureFactory(name=LATER, **hours)
    made = [*book(home, *sessions(later, *DAYS[:2])), *book(home, *sessions(paid, *DAYS))]
    cancel(home, made[-1])
    renew_address(user=home.user, key=make_key(home.user.owner, PURPOSE))
    address = CalendarAddress.objects.get(family=home.family)
    answer = PortalClient().get(f"/reservations/agenda/{address.token}.ics")
    standing = [each for each in made if each != made[-1]]
    assert Booking.objects.active().count() == len(standing)
    return answer.content, [_meant(each) for each in standing]


def _meant(booking: Booking) -> tuple:
    """An event of half past eleven; what is paid stands, what is debited on the day is not sure yet."""
    day, activity = booking.session.date, booking.session.activity
    status = "CONFIRMED" if activity.name == NAME else "TENTATIVE"
    place = f"{activity.service.name}, {activity.service.commune.name}"
    return (f"{booking.member.first_name} : {activity.name}", f"{day}T11:30", f"{day}T13:30", False, status, place)


def read(readers: Readers, script: str, file) -> list[tuple]:
    """The events as a library reads them, on the clocks of Paris."""
    events = (readers.node if script.endswith(".cjs") else readers.python)(script, file)
    return [
        (each["summary"], paris(each["start"]), paris(each["end"]), each["all_day"], each["status"], each["place"])
        for each in events
    ]


def paris(instant: str) -> str:
    """« 2026-11-10T11:30 »; an instant without a zone is none, and is shown as it is."""
    moment = datetime.fromisoformat(instant)
    return f"{moment.astimezone(PARIS):%Y-%m-%dT%H:%M}" if moment.tzinfo else instant
