"""« Suivi », and the morning's report: what was asked for, how far it is, and what became of it."""

import io
from datetime import date, datetime, timedelta

import pytest
from django.urls import reverse
from pypdf import PdfReader

from common.background.mailing import render
from common.models import OutgoingEmail
from reservations.actions.telling import reports
from reservations.actions.telling.reports import settle_and_report
from reservations.actions.telling.transmission import deliver_pending, freeze
from reservations.models import BackOffice, BackOfficeService, Booking, Change
from reservations.rules import PARIS
from tests.factories.reservations import LOUANE, THURSDAY, TUESDAY, book, cancel, household
from tests.reservations.reading import text

pytestmark = pytest.mark.django_db
NIGHT = date(2026, 11, 3)
PAGE = "/reservations/suivi/"


@pytest.fixture
def one(canteen):
    """A family with one child, who comes on Tuesday."""
    home = household(10_000, LOUANE)
    (home.booking,) = book(home, canteen.sessions.get(date=TUESDAY))
    OutgoingEmail.objects.all().delete()
    return home


@pytest.fixture
def office(canteen, tmp_path):
    made = BackOffice.objects.create(name="Logiciel", address=str(tmp_path))
    BackOfficeService.objects.create(back_office=made, service=canteen.service)
    return made


def answer(verdict, reason="", **lines):
    Change.objects.filter(**lines).update(verdict=verdict, reason=reason, verdict_at=datetime.now(PARIS))


def state(visitor, home):
    """What the page says of the family's one booking."""
    (booking,) = visitor(home.user).get(PAGE).context["bookings"]
    return booking.state.label, booking.state.reason


def messages():
    return [render(email) for email in OutgoingEmail.objects.order_by("pk")]


@pytest.mark.seed("S4-94", "S4-96", "S4-97")
def test_a_new_booking_is_not_transmitted_yet_and_the_page_says_what_follows(visitor, office, one):
    page = text(visitor(one.user).get(PAGE))
    assert "Non transmis" in page.split("Vos réservations")[1]
    assert "elles seront transmises dans la nuit, et vous verrez ici leur état définitif le lendemain" in page
    assert "mardi 10 novembre Louane Dupont Réservation de repas Cantines Aiguilhe 11:30 13:30" in page


@pytest.mark.seed("S4-99")
def test_the_states_follow_the_line_to_the_back_office_and_back(visitor, office, one):
    seen = [state(visitor, one)]
    freeze(office.pk, NIGHT)
    seen.append(state(visitor, one))
    deliver_pending()
    seen.append(state(visitor, one))
    answer("accepted")
    seen.append(state(visitor, one))
    assert seen == [("Non transmis", ""), ("Non transmis", ""), ("Transmise", ""), ("Validée", "")]


def test_a_cancellation_is_followed_too(visitor, office, one):
    cancel(one, one.booking)
    seen = [state(visitor, one)]
    freeze(office.pk, NIGHT)
    deliver_pending()
    seen.append(state(visitor, one))
    answer("accepted")
    seen.append(state(visitor, one))
    answer("refused", "Déjà facturée", kind="cancellation")
    seen.append(state(visitor, one))
    answer("refused", "Groupe complet", kind="booking")
    seen.append(state(visitor, one))
    assert seen == [
        ("Annulation non transmise", ""),
        ("Annulation transmise", ""),
        ("Annulée", ""),
        ("Annulation à l’étude", "Déjà facturée"),
        ("Refusée", "Groupe complet"),
    ]


def test_each_family_follows_its_own_bookings_in_a_constant_number_of_queries(
    visitor, office, one, canteen, django_assert_num_queries
):
    other = household(10_000)
    assert visitor(other.user).get(PAGE).context["bookings"] == []
    book(one, canteen.sessions.get(date=THURSDAY))
    browser = visitor(one.user)
    browser.get(PAGE)
    with django_assert_num_queries(7):
        assert len(browser.get(PAGE).context["bookings"]) == 2


def test_days_to_come_are_read_first_then_those_of_the_month_that_is_over(visitor, canteen, one, time_machine):
    time_machine.move_to(datetime(2026, 11, 11, 9, tzinfo=PARIS))
    book(one, canteen.sessions.get(date=date(2026, 12, 1)))
    to_come, over = text(visitor(one.user).get(PAGE)).split("Vos réservations")[1].split("Le mois passé")
    assert ("mardi 1er décembre" in to_come, "mardi 10 novembre" in over) == (True, True)


@pytest.mark.seed("S4-95")
def test_it_is_printed_and_kept_as_pdf(visitor, office, one):
    browser = visitor(one.user)
    assert "data-print" in browser.get(PAGE).content.decode()
    answer = browser.get(reverse("reservations:following_pdf"))
    assert answer["Content-Type"] == "application/pdf"
    words = " ".join("".join(page.extract_text() for page in PdfReader(io.BytesIO(answer.content)).pages).split())
    assert "10-11-2026 Louane Dupont Réservation de repas Cantines Aiguilhe 11:30 13:30 Non transmis 3,80 €" in words


# --- Reports ----------------------------------------------------------------------------------------------------------
def test_without_a_back_office_what_is_paid_is_valid_at_once_and_the_night_tells_once(visitor, one):
    assert state(visitor, one) == ("Validée", "")
    assert settle_and_report(NIGHT) == {"settled": 1, "reports": 1}
    assert settle_and_report(NIGHT) == {"settled": 0, "reports": 0}
    assert state(visitor, one) == ("Validée", "")
    assert Change.objects.count() == 0
    ((subject, body, _),) = messages()
    assert subject == "Compte rendu de vos réservations"
    assert "- mardi 10 novembre : Louane, Réservation de repas Cantines Aiguilhe – Validée\n" in body.replace(
        "\xa0", " "
    )


@pytest.mark.seed("S4-93", "S4-124")
def test_the_report_lists_each_request_with_its_final_state_once_the_back_office_has_answered(office, one, canteen):
    (second,) = book(one, canteen.sessions.get(date=THURSDAY))
    cancel(one, one.booking)
    OutgoingEmail.objects.all().delete()
    freeze(office.pk, NIGHT)
    assert settle_and_report(NIGHT) == {"settled": 0, "reports": 0}
    answer("accepted")
    answer("refused", "Groupe complet", booking=second)
    assert settle_and_report(NIGHT) == {"settled": 0, "reports": 1}
    assert settle_and_report(NIGHT) == {"settled": 0, "reports": 0}
    (email,) = OutgoingEmail.objects.all()
    assert email.to == one.user.email
    assert [(row["day"], row["state"], row["reason"]) for row in email.context["rows"]] == [
        ("mardi 10 novembre", "Validée", ""),
        ("mardi 10 novembre", "Annulation validée", ""),
        ("jeudi 12 novembre", "Refusée", "Groupe complet"),
    ]


def test_a_day_that_was_over_before_its_service_was_linked_is_settled_too(canteen, one, tmp_path, time_machine):
    time_machine.move_to(datetime(2026, 11, 11, 6, 40, tzinfo=PARIS))
    linked = BackOffice.objects.create(name="Logiciel", address=str(tmp_path))
    BackOfficeService.objects.create(back_office=linked, service=canteen.service)
    assert freeze(linked.pk, date(2026, 11, 11)) == 0
    assert settle_and_report(date(2026, 11, 11))["settled"] == 1


def test_a_family_without_an_address_reads_its_report_in_the_portal(one):
    type(one.user).objects.filter(pk=one.user.pk).update(email=None)
    settle_and_report(NIGHT)
    (email,) = OutgoingEmail.objects.all()
    assert (email.to, email.owner) == ("", one.user.owner)


def test_what_was_asked_for_long_ago_is_settled_without_a_word(one, time_machine):
    time_machine.move_to(datetime(2026, 11, 2, 9, tzinfo=PARIS) + timedelta(days=8))
    assert settle_and_report(NIGHT) == {"settled": 1, "reports": 0}
    assert Booking.objects.get().settled_at is not None
    assert messages() == []


def test_a_crash_while_telling_settles_nothing_and_the_next_run_does_both(one, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(reports, "reports", lambda told: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            settle_and_report(NIGHT)
    assert (Booking.objects.get().settled_at, messages()) == (None, [])
    assert settle_and_report(NIGHT) == {"settled": 1, "reports": 1}
