"""What back offices answer: taken once, line by line; a refused booking gives its money and its place back."""

import json
from contextlib import suppress
from datetime import date, datetime, timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from common.models import OutgoingEmail
from common.writing.once import make_key
from portal.tasks import answers as hourly
from reservations.actions import debit_the_day
from reservations.actions.cancelling import AlreadyCancelled
from reservations.actions.desk import cancel_for_family
from reservations.actions.telling import answers
from reservations.actions.telling.answers import AlreadyHandled, NotTaken, collect_answers, handle_refusal, take_answer
from reservations.actions.telling.reports import settle_and_report
from reservations.actions.telling.transmission import deliver_pending, freeze
from reservations.backoffice import files
from reservations.backoffice.files import BadAnswer, read_answer
from reservations.models import BackOffice, BackOfficeService, Booking, Change, Session, Transmission
from reservations.rules import PARIS
from tests.concurrency import someone_else
from tests.factories.accounts import AgentFactory, ManagerFactory
from tests.factories.reservations import LOUANE, THURSDAY, TUESDAY, book, cancel, household
from tests.factories.waiting import queue_up, standing
from wallet.models import Operation

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
    """A family with one child, who comes on Tuesday; 100 € less 3,80 € in its wallet."""
    home = household(10_000, LOUANE)
    (home.booking,) = book(home, canteen.sessions.get(date=TUESDAY))
    OutgoingEmail.objects.all().delete()
    return home


def sent(office) -> Transmission:
    """Tonight's batch, handed over."""
    freeze(office.pk, NIGHT)
    deliver_pending()
    return office.transmissions.latest("pk")


def line(**kind) -> int:
    return Change.objects.get(**kind).pk


def csv(*rows: str) -> bytes:
    return "\r\n".join(["ligne;verdict;motif", *rows, ""]).encode()


def put(tmp_path, batch, *rows: str) -> None:
    """The back office leaves its answer in the folder."""
    (tmp_path / f"parvis-{batch.number:06}.reponse.csv").write_bytes(csv(*rows))


def verdicts() -> dict:
    return dict(Change.objects.values_list("kind", "verdict"))


# --- Taking ---------------------------------------------------------------------------------------------------------
def test_the_answer_in_the_folder_is_taken_line_by_line_until_all_are_answered(office, one, tmp_path):
    batch = sent(office)
    assert collect_answers() == {"answers": 0}
    put(tmp_path, batch, f"{line(kind='booking')};accepte;")
    assert collect_answers() == {"answers": 1}
    batch.refresh_from_db()
    assert (verdicts(), batch.status) == ({"family": "", "booking": "accepted"}, "sent")
    put(tmp_path, batch, f"{line(kind='booking')};accepte;", f"{line(kind='family')};accepte;")
    assert collect_answers() == {"answers": 1}
    batch.refresh_from_db()
    assert (verdicts(), batch.status, batch.remarks) == ({"family": "accepted", "booking": "accepted"}, "answered", "")
    assert batch.answered_at is not None
    assert collect_answers() == {"answers": 0}


def test_json_says_the_same(office, one):
    batch = sent(office)
    rows = [{"ligne": line(kind="booking"), "verdict": "refuse", "motif": "Groupe complet"}]
    assert take_answer(batch, json.dumps({"numero": 1, "lignes": rows}).encode()) == {
        "accepted": 0,
        "refused": 1,
        "remarks": 0,
    }
    assert Change.objects.get(kind="booking").reason == "Groupe complet"


@pytest.mark.seed("S4-123")
@pytest.mark.parametrize("capacity", [None, 1])
def test_a_refused_booking_is_recredited_and_its_place_is_free(office, canteen, capacity):
    day = canteen.sessions.get(date=TUESDAY)
    Session.objects.filter(pk=day.pk).update(capacity=capacity)
    home = household(10_000, LOUANE)
    (booking,) = book(home, canteen.sessions.get(date=TUESDAY))
    batch = sent(office)
    take_answer(batch, csv(f"{line(kind='booking')};refuse;Groupe complet"))
    booking.refresh_from_db()
    day.refresh_from_db()
    assert (booking.status, booking.cancelled_by, home.balance, day.booked) == ("cancelled", None, 10_000, 0)
    operation = Operation.objects.latest("pk")
    assert (operation.kind, operation.actor, operation.label) == (
        Operation.Kind.CANCELLATION,
        None,
        f"Refusée par le service – {day}",
    )
    assert freeze(office.pk, NIGHT + timedelta(1)) == 0
    book(home, canteen.sessions.get(date=TUESDAY))


def test_the_place_of_a_refused_booking_goes_to_who_waits(office, canteen):
    day = canteen.sessions.get(date=TUESDAY)
    Session.objects.filter(pk=day.pk).update(capacity=1, waiting_capacity=5)
    home = household(10_000, LOUANE)
    book(home, canteen.sessions.get(date=TUESDAY))
    batch = sent(office)
    entry = queue_up(canteen.sessions.get(date=TUESDAY))
    take_answer(batch, csv(f"{line(kind='booking')};refuse;Dossier incomplet"))
    assert Booking.objects.active().get(session=day).family == entry.family
    assert (standing(day), home.balance, entry.home.balance) == ((1, 0, 0), 10_000, 9620)


def test_a_deferred_booking_refused_after_its_debit_is_given_back(office, leisure, time_machine):
    BackOfficeService.objects.create(back_office=office, service=leisure.service)
    home = household(10_000, LOUANE)
    book(home, leisure.sessions.get(date=TUESDAY))
    batch = sent(office)
    time_machine.move_to(datetime(2026, 11, 11, 3, tzinfo=PARIS))
    debit_the_day(date(2026, 11, 11))
    assert home.balance < 10_000
    take_answer(batch, csv(f"{line(kind='booking')};refuse;"))
    assert home.balance == 10_000


def test_what_an_agent_cancelled_without_recredit_is_given_back_when_it_was_refused(office, one, time_machine):
    batch = sent(office)
    agent = ManagerFactory()
    time_machine.move_to(datetime(2026, 11, 10, 9, tzinfo=PARIS))
    key = make_key(agent.owner, f"desk-cancel:{one.booking.pk}")
    said = {"consent": "Mme Dupont, au téléphone", "reason": "Malade", "recredit": False}
    cancel_for_family(agent=agent, booking=one.booking, key=key, **said)
    assert one.balance == 9620
    take_answer(batch, csv(f"{line(kind='booking')};refuse;"))
    assert one.balance == 10_000


@pytest.mark.parametrize("verdict", ["accepte", "refuse"])
def test_the_same_answer_twice_is_taken_once(office, one, verdict):
    batch, answer = sent(office), csv(f"{line(kind='booking')};{verdict};")
    take_answer(batch, answer)
    first = Change.objects.get(kind="booking").verdict_at
    assert take_answer(batch, answer) == {"accepted": 0, "refused": 0, "remarks": 0}
    assert Change.objects.get(kind="booking").verdict_at == first
    assert Operation.objects.filter(kind="cancellation").count() == (verdict == "refuse")


def test_what_does_not_fit_is_left_out_and_told_to_the_agents(office, one):
    batch, booking, family = sent(office), line(kind="booking"), line(kind="family")
    take_answer(batch, csv(f"{booking};accepte;"))
    answer = csv(f"{booking};refuse;", f"{family};accepte;", f"{family};accepte;", "999999999999;accepte;")
    assert take_answer(batch, answer) == {"accepted": 1, "refused": 0, "remarks": 3}
    batch.refresh_from_db()
    assert batch.remarks.splitlines() == [
        "Lignes inconnues de cette transmission, ignorées : 999999999999.",
        f"Lignes qui avaient reçu l’autre réponse, laissées telles quelles : {booking}.",
        f"Lignes répétées, prises une fois : {family}.",
    ]
    assert (verdicts(), batch.status) == ({"family": "accepted", "booking": "accepted"}, "answered")
    assert list(Transmission.objects.to_check()) == [batch]


def test_a_line_with_two_contrary_answers_gets_none(office, one):
    batch, booking = sent(office), line(kind="booking")
    take_answer(batch, csv(f"{booking};accepte;", f"{booking};refuse;", f"{booking};refuse;"))
    batch.refresh_from_db()
    assert batch.remarks == f"Lignes à deux réponses contraires, ignorées : {booking}."
    assert (verdicts()["booking"], batch.status) == ("", "sent")


def test_a_line_of_another_batch_is_unknown_to_this_one(office, one, canteen):
    first = sent(office)
    book(one, canteen.sessions.get(date=THURSDAY))
    second = sent(office)
    stranger = first.changes.get(kind="booking").pk
    assert take_answer(second, csv(f"{stranger};refuse;"))["remarks"] == 1
    assert verdicts()["booking"] == ""


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "Il manque les colonnes « ligne » et « verdict »."),
        (b"\xff\xfe", "Ce fichier n’est pas en UTF-8."),
        (b"ligne;verdict\r\n1;oui", "Ligne 1 : le verdict doit être « accepte » ou « refuse »."),
        (b"ligne;verdict\r\n-1;accepte", "« -1 » n’est pas un numéro de ligne."),
        (b"ligne;verdict\r\n" + b"9" * 5000 + b";accepte", f"« {'9' * 40} » n’est pas un numéro de ligne."),
        (b'{"numero": 2, "lignes": []}', "Cette réponse ne concerne pas la transmission n° 1."),
        (b'{"numero": 1}', "Ce fichier n’est pas une réponse du logiciel métier."),
        (b'{"numero": 1, "lignes": [{"ligne": true, "verdict": "accepte"}]}', "« True » n’est pas un numéro de ligne."),
        (
            b'{"numero": 1, "lignes": [{"ligne": 1, "verdict": []}]}',
            "Ce fichier n’est pas une réponse du logiciel métier.",
        ),
        (b"[" * 100_000, "Ce fichier n’est pas une réponse du logiciel métier."),
        (b"[1]", "Ce fichier n’est pas une réponse du logiciel métier."),
    ],
)
def test_what_is_no_answer_is_refused_with_a_sentence(data, sentence):
    with pytest.raises(BadAnswer) as refusal:
        read_answer(1, data)
    assert refusal.value.sentences == [sentence]


def test_an_answer_that_is_too_large_is_not_read(monkeypatch):
    monkeypatch.setattr(files, "LARGEST_ANSWER", 10)
    with pytest.raises(BadAnswer, match="200 Mo"):
        read_answer(1, b"ligne;verdict")


def test_a_bad_answer_takes_nothing_is_told_and_keeps_no_other_from_being_taken(office, one, leisure, tmp_path):
    batch = sent(office)
    other = BackOffice.objects.create(name="Autre", address=str(tmp_path / "other"))
    (tmp_path / "other").mkdir()
    BackOfficeService.objects.create(back_office=other, service=leisure.service)
    book(one, leisure.sessions.get(date=TUESDAY))
    second = sent(other)
    put(tmp_path, batch, f"{line(booking=one.booking)};peut-être;")
    put(tmp_path / "other", second, *(f"{each.pk};accepte;" for each in second.changes.all()))
    with pytest.raises(NotTaken) as refusal:
        collect_answers()
    batch.refresh_from_db()
    second.refresh_from_db()
    said = f"Ligne {line(booking=one.booking)} : le verdict doit être « accepte » ou « refuse »."
    assert (refusal.value.sentences, batch.error) == ([f"Logiciel n° 1 : {said}"], said)
    assert (batch.status, second.status) == ("sent", "answered")
    put(tmp_path, batch, f"{line(booking=one.booking)};accepte;")
    assert collect_answers() == {"answers": 1}
    batch.refresh_from_db()
    assert batch.error == ""


def test_a_crash_in_the_middle_loses_nothing_and_the_next_run_takes_the_rest(office, one, monkeypatch):
    batch = sent(office)
    answer = csv(f"{line(kind='family')};accepte;", f"{line(kind='booking')};refuse;")
    with monkeypatch.context() as patch:
        patch.setattr(answers, "recredit_bookings", lambda bookings: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            take_answer(batch, answer)
    assert (verdicts(), Booking.objects.get().status, one.balance) == (
        {"family": "accepted", "booking": ""},
        "booked",
        9620,
    )
    take_answer(batch, answer)
    assert (verdicts()["booking"], Booking.objects.get().status, one.balance) == ("refused", "cancelled", 10_000)


@pytest.mark.django_db(transaction=True)
def test_a_refusal_and_the_red_cross_at_once_give_the_money_back_once(office, one):
    batch, refused = sent(office), csv(f"{line(kind='booking')};refuse;")
    with transaction.atomic():
        Booking.objects.select_for_update().get(pk=one.booking.pk)
        rivals = [someone_else(take_answer, batch, refused), someone_else(cancel, one, one.booking)]
        for rival in rivals:
            rival.wait_until_blocked()
    for rival in rivals:
        with suppress(AlreadyCancelled):
            rival.result()
    assert (Booking.objects.get().status, one.balance) == ("cancelled", 10_000)
    assert Operation.objects.filter(kind="cancellation").count() == 1


# --- Families and agents --------------------------------------------------------------------------------------------
def test_a_refusal_is_told_to_the_family_by_day_within_the_hour_else_in_the_morning(
    office, one, tmp_path, time_machine
):
    batch = sent(office)
    put(tmp_path, batch, f"{line(kind='booking')};refuse;Groupe complet")
    time_machine.move_to(datetime(2026, 11, 4, 5, 35, tzinfo=PARIS))
    hourly()
    assert OutgoingEmail.objects.count() == 0
    time_machine.move_to(datetime(2026, 11, 4, 7, 35, tzinfo=PARIS))
    hourly()
    hourly()
    (email,) = OutgoingEmail.objects.all()
    assert email.context == {
        "rows": [
            {
                "day": "mardi 10 novembre",
                "member": "Louane",
                "activity": "Réservation de repas Cantines Aiguilhe",
                "state": "Refusée",
                "reason": "Groupe complet",
            }
        ],
        "refused": True,
    }
    assert settle_and_report(date(2026, 11, 5)) == {"settled": 0, "reports": 0}


@pytest.fixture
def refused(office, one):
    """The family cancelled; the back office took the booking and refuses its cancellation."""
    cancel(one, one.booking)
    batch = sent(office)
    rows = [f"{line(kind='booking')};accepte;", f"{line(kind='cancellation')};refuse;Déjà facturée"]
    take_answer(batch, csv(*rows))
    OutgoingEmail.objects.all().delete()
    return Change.objects.get(kind="cancellation")


def handle(agent, line, note="Le service a corrigé la facture."):
    return handle_refusal(agent=agent, line=line, note=note, key=make_key(agent.owner, f"handle-refusal:{line.pk}"))


def test_a_refused_cancellation_waits_for_an_agent_of_its_commune_and_the_family_keeps_its_money(refused, one, canteen):
    assert (one.balance, Booking.objects.get().status) == (10_000, "cancelled")
    agent = AgentFactory(communes=[canteen.service.commune])
    assert list(Change.objects.of_agent(agent).to_handle()) == [refused]
    assert list(Change.objects.of_agent(AgentFactory()).to_handle()) == []
    handle(agent, refused)
    assert list(Change.objects.to_handle()) == []
    refused.refresh_from_db()
    assert (refused.handled_by, refused.note) == (agent, "Le service a corrigé la facture.")
    (email,) = OutgoingEmail.objects.all()
    assert (email.template, email.to) == ("reservations/cancellation_settled", one.user.email)
    assert email.context["note"] == "Le service a corrigé la facture."
    with pytest.raises(AlreadyHandled):
        handle(agent, refused)
    with pytest.raises(Change.DoesNotExist):
        handle(AgentFactory(), refused)


def test_handling_twice_with_one_key_tells_the_family_once(refused):
    agent = ManagerFactory()
    key = make_key(agent.owner, f"handle-refusal:{refused.pk}")
    for _ in range(2):
        handle_refusal(agent=agent, line=refused, note="C’est corrigé.", key=key)
    assert OutgoingEmail.objects.count() == 1


def test_the_end_of_a_booking_that_was_never_taken_is_nobody_s_task(office, one):
    cancel(one, one.booking)
    batch = sent(office)
    take_answer(batch, csv(*(f"{pk};refuse;" for pk in Change.objects.values_list("pk", flat=True))))
    assert list(Change.objects.to_handle().values_list("kind", flat=True)) == ["family"]
    assert one.balance == 10_000


def test_answers_are_no_longer_asked_for_after_a_month(office, one, tmp_path, time_machine):
    batch = sent(office)
    put(tmp_path, batch, f"{line(kind='booking')};accepte;")
    time_machine.move_to(timezone.now() + timedelta(days=40))
    assert collect_answers() == {"answers": 0}
