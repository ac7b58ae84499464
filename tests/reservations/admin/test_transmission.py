"""The agents' pages of transmissions: batches sent again, answers given by hand, refusals put right, back offices."""

from datetime import date
from io import BytesIO

import pytest

from common.models import OutgoingEmail
from portal.desk.reads.worklist import worklist
from reservations.actions.telling.answers import take_answer
from reservations.actions.telling.transmission import deliver_pending, freeze
from reservations.models import BackOffice, BackOfficeService, Change, Transmission
from tests.factories.accounts import AgentFactory, CommuneFactory, ManagerFactory
from tests.factories.reservations import LOUANE, TUESDAY, book, cancel, household
from tests.forms import fields_of
from tests.reservations.agents import errors, told, url, words

pytestmark = pytest.mark.django_db


@pytest.fixture
def manager(visitor):
    return visitor(ManagerFactory())


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "echange"


@pytest.fixture
def batch(canteen, folder):
    """Tonight's batch, handed over to a folder: a family and its one booking, since cancelled."""
    folder.mkdir()
    office = BackOffice.objects.create(name="Logiciel", address=str(folder))
    BackOfficeService.objects.create(back_office=office, service=canteen.service)
    home = household(10_000, LOUANE)
    (booking,) = book(home, canteen.sessions.get(date=TUESDAY))
    cancel(home, booking)
    freeze(office.pk, date(2026, 11, 3))
    deliver_pending()
    OutgoingEmail.objects.all().delete()
    return Transmission.objects.get()


def answer_of(batch, **verdicts) -> bytes:
    rows = [f"{line.pk};{verdicts[line.kind]};Déjà facturée" for line in batch.changes.all() if line.kind in verdicts]
    return "\n".join(["ligne;verdict;motif", *rows]).encode()


def upload(browser, batch, data: bytes):
    page = url("transmission", "answer", batch.pk)
    file = BytesIO(data)
    file.name = "reponse.csv"
    return browser.post(page, fields_of(browser.get(page)) | {"data": file})


def press(browser, page: str, **fields):
    """Fill in and send a page."""
    return browser.post(page, fields_of(browser.get(page)) | fields, follow=True)


def test_a_batch_says_how_it_went_and_is_sent_again_the_same(manager, batch, folder):
    page = words(manager.get(url("transmission", "change", batch.pk)))
    assert "Logiciel n° 1" in page
    assert "3, dont acceptées : 0, refusées : 0" in page
    first = (folder / "parvis-000001.csv").read_bytes()
    (folder / "parvis-000001.csv").unlink()
    answer = press(manager, url("transmission", "send_again", batch.pk))
    assert told(answer) == ["Le fichier est renvoyé, identique au premier."]
    assert (folder / "parvis-000001.csv").read_bytes() == first
    batch.refresh_from_db()
    assert (batch.status, batch.tries) == ("sent", 2)


def test_a_second_click_sends_nothing_more(manager, batch):
    page = url("transmission", "send_again", batch.pk)
    fields = fields_of(manager.get(page))
    for _ in range(2):
        assert manager.post(page, fields).status_code == 302
    batch.refresh_from_db()
    assert batch.tries == 2


def test_a_file_that_cannot_be_handed_over_says_why_and_waits_to_be_looked_at(manager, batch, folder):
    (folder / "parvis-000001.csv").unlink()
    folder.rmdir()
    page = press(manager, url("transmission", "send_again", batch.pk))
    assert "Logiciel n° 1 : Dossier : No such file or directory." in words(page)
    assert "Dossier : No such file or directory." in words(manager.get(url("transmission") + "?etat=a-verifier"))


def test_the_file_is_downloaded_as_it_was_sent(manager, batch):
    answer = manager.get(url("transmission", "download", batch.pk))
    assert answer.content == bytes(batch.file)
    assert answer["Content-Disposition"] == 'attachment; filename="parvis-000001.csv"'
    assert "no-store" in answer["Cache-Control"]


def test_an_answer_given_by_hand_is_taken_and_its_remarks_are_read_once(manager, batch):
    data = answer_of(batch, family="accepte", booking="accepte", cancellation="accepte")
    assert upload(manager, batch, data + b"\n999999;accepte;").status_code == 302
    batch.refresh_from_db()
    assert batch.status == "answered"
    assert set(Change.objects.values_list("verdict", flat=True)) == {"accepted"}
    assert "999999" in words(manager.get(url("transmission", "change", batch.pk)))
    press(manager, url("transmission", "verify", batch.pk))
    assert list(Transmission.objects.to_check()) == []


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"bonjour", "Il manque les colonnes « ligne » et « verdict »."),
        (b"", "Le fichier soumis est vide."),
        (b"x" * 12_000_000, "Ce fichier dépasse 10 Mo."),
    ],
)
def test_a_file_that_is_no_answer_is_refused_with_a_sentence(manager, batch, data, sentence):
    page = upload(manager, batch, data)
    assert page.status_code == 200
    assert sentence in words(page)
    assert set(Change.objects.values_list("verdict", flat=True)) == {""}


def test_a_refused_cancellation_is_a_task_that_an_agent_puts_right(visitor, batch, canteen):
    take_answer(batch, answer_of(batch, family="accepte", booking="accepte", cancellation="refuse"))
    agent = AgentFactory(communes=[canteen.service.commune])
    (task,) = worklist(agent)
    assert (task.label, task.count, worklist(AgentFactory(communes=[CommuneFactory()]))) == (
        "Refus du logiciel métier à régler",
        1,
        [],
    )
    browser, line = visitor(agent), Change.objects.get(kind="cancellation")
    page = words(browser.get(task.address))
    assert "Annulation : Louane, Réservation de repas Cantines Aiguilhe, mardi 10 novembre" in page
    assert "Déjà facturée" in page
    empty = press(browser, url("change", "handle", line.pk), note=" ")
    assert "Ce champ est obligatoire." in words(empty)
    answer = press(browser, url("change", "handle", line.pk), note="La facture est corrigée.")
    assert told(answer) == ["Ce refus est réglé."]
    assert worklist(agent) == []
    assert OutgoingEmail.objects.get().context["note"] == "La facture est corrigée."
    assert "Ce refus est déjà réglé." in words(press(browser, url("change", "handle", line.pk), note="Encore."))


def test_only_a_refusal_that_people_can_put_right_has_such_a_page(manager, batch):
    take_answer(batch, answer_of(batch, family="accepte", booking="refuse"))
    kinds = Change.objects.values_list("kind", "pk")
    assert {kind: manager.get(url("change", "handle", pk)).status_code for kind, pk in kinds} == {
        "family": 404,
        "booking": 404,
        "cancellation": 404,
    }


def test_lines_are_found_by_family_and_by_what_became_of_them(manager, batch):
    take_answer(batch, answer_of(batch, booking="accepte", cancellation="refuse"))
    shown = {
        asked: [line.kind for line in manager.get(f"{url('change')}?{asked}").context["cl"].result_list]
        for asked in ("", "etat=refusees", "etat=attente", "etat=reglees", "etat=toutes&q=D0", "etat=n-importe")
    }
    assert shown == {
        "": ["cancellation"],
        "etat=refusees": ["cancellation"],
        "etat=attente": ["family"],
        "etat=reglees": [],
        "etat=toutes&q=D0": [],
        "etat=n-importe": ["cancellation"],
    }


def test_a_back_office_is_described_with_its_services_and_an_address_that_serves(manager, canteen, folder):
    page = url("backoffice", "add")
    fields = fields_of(manager.get(page)) | {"name": "Logiciel", "delivery": "http", "format": "json"}
    fields |= {"links-TOTAL_FORMS": "1", "links-0-service": str(canteen.service_id)}
    refused = manager.post(page, fields | {"address": "http://metier.example"})
    assert errors(refused) == ["L’adresse commence par « https:// »."]
    assert manager.post(page, fields | {"address": "https://metier.example/api"}).status_code == 302
    made = BackOffice.objects.get()
    assert (made.address, [link.service for link in made.links.all()]) == (
        "https://metier.example/api",
        [canteen.service],
    )
