"""The nightly freeze and its delivery: each line once, in a numbered batch whose bytes never change."""

import csv
import hashlib
import io
import json
from datetime import date, datetime

import pytest
from django.db import transaction as database

from accounts.models import User
from common.writing.states import move
from reservations.actions.telling import transmission
from reservations.actions.telling.transmission import NotDelivered, deliver, deliver_pending, freeze, freeze_the_night
from reservations.backoffice import deliveries, files
from reservations.models import BackOffice, BackOfficeService, Change, Transmission
from reservations.rules import PARIS
from tests.concurrency import someone_else
from tests.factories.families import SchoolingFactory
from tests.factories.reservations import FRIDAY, LOUANE, THURSDAY, TUESDAY, book, cancel, household

pytestmark = pytest.mark.django_db
NIGHT = date(2026, 11, 3)


@pytest.fixture
def office(canteen, tmp_path):
    """The municipal software that knows the canteen, in a shared folder."""
    made = BackOffice.objects.create(name="Logiciel", address=str(tmp_path))
    BackOfficeService.objects.create(back_office=made, service=canteen.service)
    return made


@pytest.fixture
def one(canteen):
    """A family with one child, who comes on Tuesday."""
    home = household(10_000, LOUANE)
    (home.booking,) = book(home, canteen.sessions.get(date=TUESDAY))
    return home


def rows(data: bytes) -> list[dict]:
    return list(csv.DictReader(io.StringIO(data.decode(), newline=""), delimiter=";"))


def natures(batch: Transmission) -> list[str]:
    return [row["nature"] for row in rows(bytes(batch.file))]


@pytest.mark.seed("S4-98")
def test_the_night_freezes_what_is_in_no_batch_yet_and_leaves_the_file_in_the_folder(office, one, tmp_path):
    assert freeze_the_night(NIGHT) == {"batches": 1, "lines": 2}
    assert deliver_pending() == {"sent": 1}
    batch = Transmission.objects.get()
    assert (batch.number, batch.night, batch.status, batch.tries) == (1, NIGHT, "sent", 1)
    assert [path.name for path in tmp_path.iterdir()] == ["parvis-000001.csv"]
    data = (tmp_path / "parvis-000001.csv").read_bytes()
    assert (data, batch.digest) == (bytes(batch.file), hashlib.sha256(data).hexdigest())
    family, booking = rows(data)
    assert (family["nature"], family["famille"], family["reservation"]) == ("famille", one.family.reference, "")
    assert (booking["nature"], booking["reservation"]) == ("reservation", str(one.booking.pk))
    assert booking == {
        "ligne": str(Change.objects.get(kind="booking").pk),
        "nature": "reservation",
        "reservation": str(one.booking.pk),
        "famille": one.family.reference,
        "beneficiaire": str(one.child.pk),
        "prenom": "Louane",
        "nom": "Dupont",
        "naissance": "2018-05-10",
        "commune": office.links.get().service.commune.insee_code,
        "service": str(office.links.get().service_id),
        "service_nom": office.links.get().service.name,
        "activite": "cantine",
        "activite_nom": "Réservation de repas Cantines Aiguilhe",
        "date": "2026-11-10",
        "arrivee": "11:30",
        "depart": "13:30",
        "quantite": "1",
        "prix_centimes": "380",
        "paiement": "prepaid",
        "origine": "family",
        "faite_le": "2026-11-02T08:00:00Z",
        "details": "",
    }


def test_json_says_the_same(office, one):
    BackOffice.objects.update(format="json")
    freeze_the_night(NIGHT)
    file = json.loads(bytes(Transmission.objects.get().file))
    assert (file["numero"], file["nuit"]) == (1, "2026-11-03")
    assert [line["nature"] for line in file["lignes"]] == ["famille", "reservation"]
    assert file["lignes"][0]["details"]["beneficiaires"][0]["prenom"] == "Louane"
    assert (file["lignes"][1]["prix_centimes"], file["lignes"][1]["reservation"]) == (380, one.booking.pk)


def test_booked_and_cancelled_in_a_day_gives_both_lines_and_a_second_run_nothing(office, one):
    cancel(one, one.booking)
    freeze_the_night(NIGHT)
    assert natures(Transmission.objects.get()) == ["famille", "reservation", "annulation"]
    assert freeze_the_night(NIGHT) == {"batches": 0, "lines": 0}
    assert Transmission.objects.count() == 1


def test_a_missed_night_is_made_up_by_the_next_and_numbers_follow_each_other(office, one, canteen):
    freeze(office.pk, NIGHT)
    book(one, canteen.sessions.get(date=THURSDAY))
    book(one, canteen.sessions.get(date=FRIDAY))
    freeze(office.pk, date(2026, 11, 5))
    assert [(batch.number, natures(batch)) for batch in Transmission.objects.order_by("number")] == [
        (1, ["famille", "reservation"]),
        (2, ["reservation", "reservation"]),
    ]


def test_a_back_office_out_of_service_loses_nothing(office, one):
    BackOffice.objects.update(is_active=False)
    assert freeze_the_night(NIGHT) == {"batches": 0, "lines": 0}
    BackOffice.objects.update(is_active=True)
    assert freeze_the_night(NIGHT) == {"batches": 1, "lines": 2}


def test_a_service_linked_later_tells_the_days_that_still_stand(canteen, one, tmp_path):
    assert Change.objects.count() == 0
    cancel(one, book(one, canteen.sessions.get(date=THURSDAY))[0])
    made = BackOffice.objects.create(name="Logiciel", address=str(tmp_path))
    BackOfficeService.objects.create(back_office=made, service=canteen.service)
    freeze(made.pk, NIGHT)
    assert list(Change.objects.values_list("kind", "booking")) == [("booking", one.booking.pk), ("family", None)]


def test_the_end_of_a_booking_that_nobody_told_is_told_by_the_night(office, one, planted_differences):
    freeze(office.pk, NIGHT)
    move(one.booking, "closed", cancelled_at=datetime(2026, 11, 3, 9, tzinfo=PARIS))
    freeze(office.pk, NIGHT)
    assert natures(Transmission.objects.get(number=2)) == ["annulation"]


# --- Families -------------------------------------------------------------------------------------------------------
def test_a_family_is_told_once_then_again_when_its_details_change(office, one):
    freeze(office.pk, NIGHT)
    assert freeze(office.pk, NIGHT) == 0
    User.objects.filter(pk=one.user.pk).update(phone="0612345678")
    assert freeze(office.pk, NIGHT) == 1
    SchoolingFactory(member=one.child, school_year=2026)
    assert freeze(office.pk, NIGHT) == 1
    (row,) = rows(bytes(Transmission.objects.get(number=3).file))
    details = json.loads(row["details"])
    assert details["responsables"][0]["telephone"] == "0612345678"
    assert details["beneficiaires"][0]["classe"] != ""
    assert sorted(details) == ["beneficiaires", "nom", "responsables"]


def test_a_family_that_the_back_office_does_not_know_is_not_told(office, canteen):
    household(10_000, LOUANE)
    assert freeze(office.pk, NIGHT) == 0


# --- Delivery -------------------------------------------------------------------------------------------------------
def test_a_delivery_that_fails_is_told_kept_and_sent_again_the_same(office, one, tmp_path):
    BackOffice.objects.update(address=str(tmp_path / "missing"))
    freeze_the_night(NIGHT)
    with pytest.raises(NotDelivered) as refusal:
        deliver_pending()
    batch = Transmission.objects.get()
    assert refusal.value.sentences == ["Logiciel n° 1 : Dossier : No such file or directory."]
    assert (batch.status, batch.tries, batch.error) == ("frozen", 1, "Dossier : No such file or directory.")
    (tmp_path / "missing").mkdir()
    assert deliver_pending() == {"sent": 1}
    batch.refresh_from_db()
    assert (batch.status, batch.tries, batch.error) == ("sent", 2, "")
    assert (tmp_path / "missing" / "parvis-000001.csv").read_bytes() == bytes(batch.file)


def test_a_resend_is_the_same_to_the_byte_whatever_has_changed_since(office, one, tmp_path):
    freeze_the_night(NIGHT)
    deliver_pending()
    first = (tmp_path / "parvis-000001.csv").read_bytes()
    User.objects.filter(pk=one.user.pk).update(last_name="Martin")
    cancel(one, one.booking)
    BackOffice.objects.update(format="json")
    deliver(Transmission.objects.get().pk)
    assert (tmp_path / "parvis-000001.csv").read_bytes() == first
    assert Transmission.objects.get().status == "sent"


def test_after_a_kill_between_delivery_and_its_mark_the_file_is_sent_again_the_same(office, one, tmp_path, monkeypatch):
    freeze_the_night(NIGHT)
    with monkeypatch.context() as patch:
        patch.setattr(transmission, "_mark_sent", lambda pk: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            deliver_pending()
    first = (tmp_path / "parvis-000001.csv").read_bytes()
    assert Transmission.objects.get().status == "frozen"
    assert deliver_pending() == {"sent": 1}
    assert (tmp_path / "parvis-000001.csv").read_bytes() == first


def test_one_back_office_that_fails_does_not_keep_the_others_from_theirs(office, one, leisure, tmp_path):
    other = BackOffice.objects.create(name="Autre", address="/nowhere/at/all")
    BackOfficeService.objects.create(back_office=other, service=leisure.service)
    book(one, leisure.sessions.get(date=TUESDAY))
    freeze_the_night(NIGHT)
    with pytest.raises(NotDelivered):
        deliver_pending()
    assert dict(Transmission.objects.values_list("back_office__name", "status")) == {
        "Autre": "frozen",
        "Logiciel": "sent",
    }


@pytest.mark.parametrize(
    ("delivery", "address", "secret", "fault"),
    [
        ("folder", "partage", "", "L’adresse d’un dossier commence par « / »."),
        ("http", "http://example.org", "", "L’adresse commence par « https:// »."),
        ("http", "https://[::", "", "L’adresse commence par « https:// »."),
        ("http", "file:///etc/passwd", "", "L’adresse commence par « https:// »."),
        (
            "http",
            "https://example.org",
            "DATABASE_URL",
            "Le nom du secret commence par BACKOFFICE_ et ne contient que des majuscules, chiffres et « _ ».",
        ),
        ("http", "https://example.org", "BACKOFFICE_KEY", ""),
        ("folder", "/srv/partage", "", ""),
    ],
)
def test_an_address_that_cannot_serve_is_refused(delivery, address, secret, fault):
    assert deliveries.fault_of(delivery, address, secret) == fault


# --- The file -------------------------------------------------------------------------------------------------------
def test_names_that_a_spreadsheet_would_compute_are_told_as_text():
    line = files.Line(1, "booking", 2, {"first_name": "=1+1", "last_name": 'O;"Neil\n'})
    (row,) = rows(files.write("csv", 1, NIGHT, [line]))
    assert (row["prenom"], row["nom"]) == ("'=1+1", 'O;"Neil\n')


@pytest.mark.django_db(transaction=True)
def test_two_schedulers_freeze_each_line_once(office, one):
    with database.atomic():
        BackOffice.objects.select_for_update().get(pk=office.pk)
        rivals = [someone_else(freeze, office.pk, NIGHT) for _ in range(2)]
        for rival in rivals:
            rival.wait_until_blocked()
    assert sorted(rival.result() for rival in rivals) == [0, 2]
    assert [(batch.number, len(natures(batch))) for batch in Transmission.objects.all()] == [(1, 2)]
