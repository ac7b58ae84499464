"""One state, one sentence: what a day, a booking and an order say is true wherever it is told."""

from datetime import date, datetime

import pytest

from common.background.mailing import render
from common.models import OutgoingEmail
from common.values.dates import deadline_long, opening_long
from common.writing.once import make_key
from reservations.actions.cancelling import AlreadyCancelled, cancel_booking
from reservations.emails.reminders import nothing_booked
from reservations.models import Booking, Session
from reservations.rules import PARIS, spoken_deadline
from services.models import Audience
from tests.factories.families import MemberFactory
from tests.factories.reservations import LOUANE, THURSDAY, TUESDAY, ActivityFactory, book, cancel, household, instant
from tests.factories.services import AudienceFactory, line, service_asking
from tests.reservations.reading import text

pytestmark = pytest.mark.django_db
CANTEEN, BOOKINGS = "/reservations/activite/cantine/", "/reservations/mes-reservations/"
MIDNIGHT = datetime(2026, 12, 2, tzinfo=PARIS)
EVENING = "mardi 1er décembre à 23 h 59"


def plain(words: str) -> str:
    return words.replace("\u00a0", " ")


def cells(visitor, home, day=TUESDAY, slug="cantine"):
    """The cell of a day: its state, its word, what a screen reader says after the date."""
    month = visitor(home.user).get(f"/reservations/activite/{slug}/?mois=2026-11").context["month"]
    cell = next(each for each in month.cells if each.date == day)
    return cell.state, cell.word, plain(cell.label.split(", ", 1)[1])


# --- Deadlines: the evening before, never 00:00 ----------------------------------------------------------------------
@pytest.mark.parametrize(
    ("limit", "said"),
    [
        (MIDNIGHT, EVENING),
        (datetime(2026, 12, 2, 10, 30, tzinfo=PARIS), "mercredi 2 décembre à 10 h 30"),
        (datetime(2027, 1, 1, tzinfo=PARIS), "jeudi 31 décembre à 23 h 59"),
    ],
)
def test_a_deadline_at_midnight_is_the_evening_before(limit, said):
    assert plain(spoken_deadline(limit)) == plain(deadline_long(limit, limit.date())) == said


def test_what_opens_at_midnight_opens_on_that_day():
    assert plain(opening_long(MIDNIGHT, MIDNIGHT.date())) == "mercredi 2 décembre à 0 h"


def test_pages_and_emails_say_the_same_evening(visitor, canteen):
    home = household(10_000, LOUANE)
    Session.objects.filter(date=TUESDAY).update(cancellable_until=instant(TUESDAY, "00:00"))
    book(home, canteen.sessions.get(date=TUESDAY))
    page = plain(text(visitor(home.user).get(BOOKINGS)))
    assert "lundi 9 novembre à 23 h 59" in page
    assert "00:00" not in page
    OutgoingEmail.objects.all().delete()
    nothing_booked([home.family.pk], canteen, date(2026, 12, 7), MIDNIGHT)
    letter = plain(render(OutgoingEmail.objects.get())[1])
    assert EVENING in letter
    assert "00:00" not in letter


# --- « Fermé » says why -----------------------------------------------------------------------------------------------
@pytest.fixture
def home():
    return household(10_000, LOUANE)


def test_a_day_without_a_session_is_closed(visitor, home, canteen):
    sunday = date(2026, 11, 15)
    assert cells(visitor, home, sunday) == ("closed", "Fermé", "fermé")


def test_a_day_past_its_deadline_is_too_late(visitor, home, canteen):
    Session.objects.filter(date=TUESDAY).update(bookable_until=instant(date(2026, 11, 2), "00:00"))
    assert cells(visitor, home) == (
        "closed",
        "Trop tard",
        "trop tard : le délai de réservation est passé (c’était jusqu’au dimanche 1er novembre à 23 h 59)",
    )


def test_a_day_whose_bookings_are_not_open_yet_says_when_they_will_be(visitor, home, canteen):
    canteen.booking_opens_at = instant(date(2026, 11, 5), "08:00")
    canteen.save()
    assert cells(visitor, home) == (
        "closed",
        "Pas encore",
        "pas encore : les réservations ouvrent le jeudi 5 novembre à 8 h",
    )


def test_a_child_whom_no_service_let_in_reads_that_access_lacks(visitor, home, canteen):
    type(canteen.service).objects.filter(pk=canteen.service_id).update(access="request")
    AudienceFactory(service=canteen.service)
    state, word, label = cells(visitor, home)
    assert (state, word) == ("closed", "Sans accès")
    assert label.startswith("sans accès : l’accès au service « ")


def test_a_child_whose_class_is_unknown_reads_what_to_tell(visitor, home, canteen):
    canteen.levels = ["CP"]
    canteen.save()
    assert cells(visitor, home) == (
        "closed",
        "À compléter",
        "à compléter : indiquez sa classe pour cette année scolaire",
    )


def test_a_day_that_an_agent_closed_says_its_reason(visitor, home, canteen):
    Session.objects.filter(date=TUESDAY).update(closed_at=instant(date(2026, 11, 1)), closed_reason="Grève")
    assert cells(visitor, home) == ("closed", "Fermé", "fermé (Grève)")


# --- An adult of the family -------------------------------------------------------------------------------------------
def test_an_adult_is_never_asked_to_ask_for_what_is_for_children(visitor):
    service = service_asking()
    service.audiences.update(people=Audience.People.CHILDREN)
    ActivityFactory(service=service, slug="ecole")
    home = household(10_000, LOUANE)
    line(service, home.family, home.child)
    MemberFactory(first_name="Marc", birth_date=date(1985, 1, 1)).memberships.create(family=home.family)
    page = visitor(home.user).get("/reservations/activite/ecole/?mois=2026-11").context["page"]
    assert ([each.first_name for each in page.choices], page.closed_to) == (["Louane"], {})
    service.audiences.update(people=Audience.People.ANY)
    page = visitor(home.user).get("/reservations/activite/ecole/?mois=2026-11").context["page"]
    assert [each.first_name for each in page.choices] == ["Marc", "Louane"]
    [(reason, [adult])] = page.closed_to.items()
    assert (adult.first_name, reason.endswith("faites la demande dans « Mes services ».")) == ("Marc", True)


# --- Cancelled meals --------------------------------------------------------------------------------------------------
def test_the_order_shows_a_cancelled_meal_as_cancelled_with_what_was_given_back(visitor, home, canteen):
    first, *_ = book(home, canteen.sessions.get(date=TUESDAY))
    cancel(home, first)
    page = text(visitor(home.user).get(f"/reservations/commandes/{first.order_id}/"))
    assert "Annulée 3,80 € recrédités le 02-11-2026 3,80 €" in page
    assert "Recrédité depuis 3,80 €" in page
    assert visitor(home.user).get(f"/reservations/commandes/{first.order_id}/").context["given_back"] == 380


def test_what_was_never_debited_gives_nothing_back(visitor, home, leisure):
    first, *_ = book(home, leisure.sessions.get(date=TUESDAY))
    cancel(home, first)
    page = text(visitor(home.user).get(f"/reservations/commandes/{first.order_id}/"))
    assert "Annulée Rien n’avait été débité." in page
    assert "Recrédité" not in page


def test_the_page_of_a_cancelled_meal_promises_nothing(visitor, home, canteen):
    first, *_ = book(home, canteen.sessions.get(date=TUESDAY))
    cancel(home, first)
    page = text(visitor(home.user).get(f"{BOOKINGS}{first.pk}/annuler/"))
    assert "Cette réservation est déjà annulée. 3,80 € recrédités le 02-11-2026" in page
    assert "sera recrédité" not in page
    assert "Annuler la réservation" not in page
    before, purpose = home.balance, f"cancel:{first.pk}"
    with pytest.raises(AlreadyCancelled):
        cancel_booking(user=home.user, booking=first, key=make_key(home.user.owner, purpose))
    assert home.balance == before


def test_the_page_of_a_meal_past_its_deadline_promises_nothing(visitor, home, canteen):
    first, *_ = book(home, canteen.sessions.get(date=THURSDAY))
    Session.objects.filter(date=THURSDAY).update(cancellable_until=instant(date(2026, 11, 1)))
    page = text(visitor(home.user).get(f"{BOOKINGS}{first.pk}/annuler/"))
    assert "Le délai d’annulation est passé" in page
    assert "sera recrédité" not in page


# --- « Suivi » beside « Mes réservations » ---------------------------------------------------------------------------
def test_a_paid_meal_that_no_software_is_told_of_waits_for_nothing(visitor, home, canteen):
    book(home, canteen.sessions.get(date=TUESDAY))
    assert Booking.objects.filter(settled_at=None).exists()
    assert "Non transmis 3,80 €" not in text(visitor(home.user).get("/reservations/suivi/"))
    [booking, *_] = visitor(home.user).get("/reservations/suivi/").context["bookings"]
    assert booking.state.label == "Validée"
