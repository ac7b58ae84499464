"""Every booking and cancellation of a transmitted service has its line, written in the same transaction."""

import pytest

from reservations.actions import cancelling, checkout
from reservations.models import BackOffice, BackOfficeService, Booking, Change
from tests.factories.reservations import LOUANE, THURSDAY, TUESDAY, book, cancel, choose, confirm, household

pytestmark = pytest.mark.django_db


@pytest.fixture
def office(canteen):
    """The municipal software that knows the canteen."""
    made = BackOffice.objects.create(name="Logiciel", address="/tmp/nowhere")
    BackOfficeService.objects.create(back_office=made, service=canteen.service)
    return made


def lines():
    return [(change.kind, change.booking_id) for change in Change.objects.order_by("pk")]


def test_a_booking_and_its_cancellation_on_one_day_give_both_lines(home, canteen, office):
    first, second, *_ = book(home, *canteen.sessions.filter(date__in=[TUESDAY, THURSDAY]))
    cancel(home, first)
    made = sorted(booking.pk for booking in Booking.objects.all())
    assert sorted(lines()[:-1]) == [("booking", pk) for pk in made]
    assert lines()[-1] == ("cancellation", first.pk)
    assert second.pk in made


def test_a_line_holds_all_that_is_told(canteen, office):
    home = household(10_000, LOUANE)
    (booking,) = book(home, canteen.sessions.get(date=TUESDAY))
    change = Change.objects.get()
    assert (change.back_office, change.family, change.transmission, change.verdict) == (office, home.family, None, "")
    assert change.payload == {
        "family": home.family.reference,
        "member": home.child.pk,
        "first_name": "Louane",
        "last_name": "Dupont",
        "birth_date": "2018-05-10",
        "service": canteen.service_id,
        "service_name": canteen.service.name,
        "commune": canteen.service.commune.insee_code,
        "activity": "cantine",
        "activity_name": "Réservation de repas Cantines Aiguilhe",
        "date": "2026-11-10",
        "arrival": "11:30",
        "departure": "13:30",
        "quantity": 1,
        "cents": 380,
        "billing": "prepaid",
        "origin": "family",
        "made_at": f"{booking.order.at:%Y-%m-%dT%H:%M:%SZ}",
    }


def test_a_service_without_a_back_office_writes_no_line(home, canteen):
    cancel(home, book(home, canteen.sessions.get(date=TUESDAY))[0])
    assert lines() == []


def test_days_cancelled_in_the_cart_have_their_line_too(home, canteen, office):
    first = book(home, canteen.sessions.get(date=TUESDAY))[0]
    choose(home, canteen, TUESDAY)
    confirm(home)
    assert ("cancellation", first.pk) in lines()


@pytest.mark.parametrize("module", [checkout, cancelling])
def test_a_booking_that_is_not_made_leaves_no_line(home, canteen, office, monkeypatch, module):
    booked = book(home, canteen.sessions.get(date=TUESDAY)) if module is cancelling else []
    before = lines()

    def fail(*args):
        raise RuntimeError

    monkeypatch.setattr(module, "change_counters", fail)
    with pytest.raises(RuntimeError):
        cancel(home, booked[0]) if booked else book(home, canteen.sessions.get(date=TUESDAY))
    assert lines() == before
