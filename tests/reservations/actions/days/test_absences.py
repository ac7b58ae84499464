"""« Signaler une absence »: told past the deadline, proven in time, recredited by an agent; a first one forgiven."""

from datetime import date, timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.db import IntegrityError, transaction
from django.urls import reverse

from common.documents import quota, vault
from common.documents.limits import MIB
from common.documents.refusals import DocumentMissing, NotADocument, QuotaReached
from common.models import OutgoingEmail
from common.refusals import StalePage
from common.writing.once import make_key
from common.writing.states import WrongState
from families.models import HealthReading
from portal.desk.reads.worklist import worklist
from portal.tasks import forget
from reservations.actions import debit_the_day
from reservations.actions.cancelling import AlreadyCancelled
from reservations.actions.days import absences as actions
from reservations.actions.days.absences import (
    FORGIVEN,
    AbsenceRefused,
    AlreadyTold,
    ProofTooLate,
    WordsMissing,
    add_proof,
    decide_absence,
    decision_purpose,
    kept_proofs,
    purpose,
    tell_absence,
)
from reservations.models import Absence, Booking, Forgiveness, Session
from reservations.reads.days.absences import CAME, CANCELLABLE, to_tell
from reservations.reads.days.attendance import read_sheet
from reservations.rules.absences import told_until
from services.actions.retention import known_blobs
from tests.concurrency import own_pid, someone_else
from tests.corpus.images import photo
from tests.factories.accounts import AgentFactory
from tests.factories.reservations import (
    FRIDAY,
    LOUANE,
    THURSDAY,
    TUESDAY,
    ActivityFactory,
    LeisureFactory,
    book,
    household,
    instant,
    session,
    sessions,
)
from tests.factories.services import ServiceFactory
from tests.reservations.agents import told, words
from wallet.models import Operation

pytestmark = pytest.mark.django_db
WEDNESDAY = date(2026, 11, 11)
MORNING = instant(TUESDAY, "08:00")


@pytest.fixture(autouse=True)
def _vault(settings, tmp_path):
    settings.DOCUMENTS_ROOT = tmp_path


@pytest.fixture
def activity():
    return ActivityFactory(slug="cantine", name="Cantine")


@pytest.fixture
def agent(activity):
    return AgentFactory(communes=[activity.service.commune])


@pytest.fixture
def home(activity):
    return household(10_000, LOUANE, commune=activity.service.commune)


@pytest.fixture
def booking(home, activity, time_machine):
    """Louane is booked on Tuesday; it is Tuesday morning, too late to cancel."""
    [row] = book(home, session(activity, capacity=3))
    time_machine.move_to(MORNING)
    return row


def telling(home, booking, reason="Enfant malade", key=None, **more):
    key = key or make_key(home.user.owner, purpose(booking))
    return tell_absence(user=home.user, booking=booking, reason=reason, key=key, **more)


def tell(home, booking, **more):
    return Absence.objects.get(pk=telling(home, booking, **more)["absence"])


def deciding(agent, absence, accept=True, answer="", key=None):
    key = key or make_key(agent.owner, decision_purpose(absence))
    return decide_absence(agent=agent, absence=absence, accept=accept, answer=answer, key=key)


def picture():
    return SimpleUploadedFile("certificat.png", photo("PNG"))


# --- Telling ----------------------------------------------------------------------------------------------------------
def test_an_absence_told_past_the_deadline_waits_for_an_agent_and_moves_nothing(home, booking):
    absence = tell(home, booking)
    assert (absence.status, absence.reason, absence.by, absence.proof) == ("pending", "Enfant malade", home.user, None)
    assert (home.balance, Booking.objects.active().count()) == (9620, 1)


@pytest.mark.parametrize(
    ("day", "hours", "until"),
    [
        (date(2026, 11, 10), 48, instant(date(2026, 11, 13))),
        (date(2026, 11, 10), 0, instant(date(2026, 11, 11))),
        (date(2026, 10, 24), 24, instant(date(2026, 10, 25), "23:00")),  # the day when the clocks go back has 25 hours
    ],
)
def test_the_delay_runs_from_the_end_of_the_day(day, hours, until):
    assert told_until(day, hours).timestamp() == until.timestamp()


def refused(home, booking, refusal=AbsenceRefused, **more):
    with pytest.raises(refusal) as caught:
        telling(home, booking, **more)
    assert Absence.objects.count() == 0
    return caught.value.sentences


def test_while_it_may_be_cancelled_it_is_cancelled(home, activity):
    [booking] = book(home, session(activity))
    assert refused(home, booking) == [CANCELLABLE]


def test_after_the_delay_it_is_too_late(home, booking, time_machine):
    time_machine.move_to(instant(THURSDAY + timedelta(1)))
    assert refused(home, booking) == [
        "Le délai pour signaler cette absence est passé (c’était jusqu’au jeudi 12 novembre à 23\u00a0h\u00a059)."
    ]


def test_who_came_without_a_booking_was_there(home, booking):
    Booking.objects.update(origin="unbooked")
    assert refused(home, booking) == [CAME]


@pytest.mark.parametrize("reason", ["", "   ", "x" * 201])
def test_a_reason_is_given(home, booking, reason):
    refused(home, booking, WordsMissing, reason=reason)


def test_an_absence_is_told_once_and_a_second_click_gets_the_first_answer(home, booking):
    key = make_key(home.user.owner, purpose(booking))
    assert telling(home, booking, key=key) == telling(home, booking, key=key)
    with pytest.raises(AlreadyTold):
        telling(home, booking)
    assert Absence.objects.count() == 1


def test_only_the_payer_tells(booking):
    other = household()
    with pytest.raises(Booking.DoesNotExist):
        telling(other, booking)


def test_a_booking_that_ended_has_no_absence(home, booking, agent):
    deciding(agent, tell(home, booking))
    with pytest.raises(AlreadyCancelled):
        telling(home, booking)


def test_a_forged_key_tells_nothing(home, booking):
    refused(home, booking, StalePage, key="x")


# --- The proof --------------------------------------------------------------------------------------------------------
def test_the_proof_is_cleaned_encrypted_and_opened_by_the_agents_of_the_service_only(home, booking, agent, visitor):
    absence = tell(home, booking, proof=picture())
    assert vault.open(absence.proof.hex, f"absence:{booking.pk}").startswith(b"\x89PNG")
    page = reverse("admin:reservations_absence_proof", args=[absence.pk])
    answer = visitor(agent).post(page)
    assert answer["Content-Disposition"] == 'attachment; filename="justificatif.png"'
    [reading] = HealthReading.objects.all()
    assert (reading.by, reading.member, reading.purpose) == (agent, home.child, "justificatif d’absence")
    assert visitor(agent).get(page).status_code == 405
    other = AgentFactory(communes=[booking.session.activity.service.commune])
    ServiceFactory(commune=booking.session.activity.service.commune).agents.add(other)
    assert visitor(other).post(page).status_code == 404


def test_a_proof_beyond_the_quota_of_the_day_is_refused_and_nothing_is_told(home, booking):
    quota.count(home.user.guardian.family.owner, 100 * MIB)
    [sentence] = refused(home, booking, QuotaReached, proof=picture())
    assert "sur 100 Mo par jour" in sentence


def test_a_proof_comes_later_and_takes_the_place_of_the_one_before(home, booking, time_machine):
    absence = tell(home, booking)
    time_machine.move_to(instant(THURSDAY, "12:00"))
    for _ in range(2):
        key = make_key(home.user.owner, purpose(booking))
        add_proof(user=home.user, absence=absence, proof=picture(), key=key)
    absence.refresh_from_db()
    assert kept_proofs() == {absence.proof.hex}
    assert kept_proofs() <= known_blobs()


def test_a_proof_too_late_or_after_the_decision_is_refused(home, booking, agent, time_machine):
    absence = tell(home, booking)
    giving = {"user": home.user, "absence": absence, "proof": picture()}
    time_machine.move_to(instant(THURSDAY + timedelta(1)))
    with pytest.raises(ProofTooLate):
        add_proof(**giving, key=make_key(home.user.owner, purpose(booking)))
    time_machine.move_to(MORNING)
    deciding(agent, absence, accept=False, answer="Sans justificatif.")
    with pytest.raises(ProofTooLate):
        add_proof(**giving, key=make_key(home.user.owner, purpose(booking)))


def test_a_proof_is_encrypted_anew_under_the_newest_key(home, booking, settings):
    old, new = {"old": b"o" * 32}, {"new": b"n" * 32}
    settings.DOCUMENT_KEYS = old
    absence = tell(home, booking, proof=picture())
    settings.DOCUMENT_KEYS = new | old
    call_command("renew_document_keys")
    settings.DOCUMENT_KEYS = new
    assert vault.open(absence.proof.hex, f"absence:{booking.pk}").startswith(b"\x89PNG")


def test_what_is_no_document_is_refused_and_nothing_is_told(home, booking):
    refused(home, booking, NotADocument, proof=SimpleUploadedFile("x.txt", b"bonjour"))


def test_without_a_proof_there_is_nothing_to_open(home, booking, agent):
    with pytest.raises(DocumentMissing):
        actions.read_proof(agent=agent, absence=tell(home, booking))
    assert HealthReading.objects.count() == 0


def test_proofs_are_forgotten_after_three_months(home, booking, time_machine):
    absence = tell(home, booking, proof=picture())
    key = absence.proof.hex
    assert forget(date(2027, 2, 10))["absence_proofs"] == 0
    assert forget(date(2027, 2, 11))["absence_proofs"] == 1
    absence.refresh_from_db()
    with pytest.raises(DocumentMissing):
        vault.open(key, f"absence:{booking.pk}")
    assert absence.proof is None


# --- The decision -----------------------------------------------------------------------------------------------------
def test_an_accepted_absence_is_recredited_frees_the_place_and_the_family_is_told(home, booking, agent):
    absence = deciding(agent, tell(home, booking))
    booking.refresh_from_db()
    assert (absence.status, absence.decided_by, booking.status) == ("accepted", agent, "cancelled")
    assert (home.balance, Session.objects.get().booked) == (10_000, 0)
    [mail] = OutgoingEmail.objects.filter(template="reservations/absence_decided")
    assert (mail.to, mail.context["accepted"], mail.context["recredited"]) == (home.user.email, True, "3,80\u00a0€")


def test_a_refused_absence_moves_nothing_and_says_why(home, booking, agent):
    absence = deciding(agent, tell(home, booking), accept=False, answer="Sans justificatif.")
    assert (absence.status, absence.answer, home.balance) == ("refused", "Sans justificatif.", 9620)
    assert OutgoingEmail.objects.get(template="reservations/absence_decided").context["answer"] == "Sans justificatif."
    assert Booking.objects.active().count() == 1


@pytest.mark.parametrize(("night_first", "kind"), [(False, 0), (True, 1)])
def test_a_deferred_day_is_not_debited_or_given_back(home, agent, time_machine, night_first, kind):
    activity = LeisureFactory(cents=1330, service__commune=home.family.commune)
    [booking] = book(home, session(activity))
    time_machine.move_to(MORNING)
    absence = tell(home, booking)
    if night_first:
        debit_the_day(TUESDAY)
    deciding(agent, absence)
    debit_the_day(TUESDAY)
    assert (home.balance, Operation.objects.filter(kind="cancellation").count()) == (10_000, kind)


def test_a_refusal_without_a_word_is_not_taken(home, booking, agent):
    with pytest.raises(WordsMissing):
        deciding(agent, tell(home, booking), accept=False, answer=" ")
    assert Absence.objects.get().status == "pending"


def test_an_absence_is_decided_once(home, booking, agent):
    absence = tell(home, booking)
    key = make_key(agent.owner, decision_purpose(absence))
    deciding(agent, absence, key=key)
    deciding(agent, absence, key=key)
    with pytest.raises((WrongState, AlreadyCancelled)):
        deciding(agent, absence, accept=False, answer="Non.")
    assert (home.balance, Operation.objects.filter(kind="cancellation").count()) == (10_000, 1)


def test_agents_of_other_services_decide_nothing(home, booking):
    absence = tell(home, booking)
    with pytest.raises(Absence.DoesNotExist):
        deciding(AgentFactory(communes=[]), absence)
    assert home.balance == 9620


def test_a_day_that_closed_meanwhile_waits_for_nobody(home, booking, agent):
    absence = tell(home, booking)
    assert [(task.label, task.count) for task in worklist(agent)] == [("Absences à décider", 1)]
    Booking.objects.update(status="closed", cancelled_at=MORNING)
    assert worklist(agent) == []
    with pytest.raises(AlreadyCancelled):
        deciding(agent, absence)
    Booking.objects.update(status="booked", cancelled_at=None)


@pytest.mark.django_db(transaction=True)
def test_two_agents_decide_at_once_and_the_second_is_told(home, booking, agent):
    absence = tell(home, booking)
    with transaction.atomic():
        decide_absence.__wrapped__(
            agent=agent,
            absence=absence,
            accept=False,
            answer="Non.",
            key=make_key(agent.owner, decision_purpose(absence)),
        )
        rival = someone_else(deciding, AgentFactory(communes=agent.communes.all()), absence)
        assert rival.wait_until_blocked() == [own_pid()]
    with pytest.raises(WrongState):
        rival.result()
    assert (Absence.objects.get().status, home.balance) == ("refused", 9620)


@pytest.mark.django_db(transaction=True)
def test_without_the_locks_the_second_decision_would_overwrite_the_first(home, booking, agent, monkeypatch):
    absence = tell(home, booking)
    rows = Absence.objects.select_related("booking__session__activity__service__commune", "booking__member")
    monkeypatch.setattr(actions, "_lock", lambda bookings, booking: booking)
    monkeypatch.setattr(actions, "_lock_absence", lambda absences, pk: rows.get(pk=pk))
    refusing = {"accept": False, "answer": "Non.", "key": make_key(agent.owner, decision_purpose(absence))}
    with transaction.atomic():
        decide_absence.__wrapped__(agent=agent, absence=absence, **refusing)
        rival = someone_else(deciding, AgentFactory(communes=agent.communes.all()), absence)
        assert rival.wait_until_blocked() == [own_pid()]
    rival.result()
    assert (Absence.objects.get().status, home.balance) == ("accepted", 10_000)
    assert OutgoingEmail.objects.filter(template="reservations/absence_decided").count() == 2


# --- The right to one error -------------------------------------------------------------------------------------------
@pytest.fixture
def kind(activity):
    activity.forgives_first = True
    activity.save()
    return activity


def test_a_first_late_change_is_forgiven_at_once(home, kind, booking):
    assert telling(home, booking)["forgiven"] is True
    absence = Absence.objects.get()
    assert (absence.status, absence.decided_by, absence.answer) == ("accepted", None, FORGIVEN)
    assert (home.balance, Session.objects.get().booked) == (10_000, 0)
    assert OutgoingEmail.objects.get(template="reservations/absence_decided").context["answer"] == FORGIVEN


def test_the_second_one_of_a_school_year_waits_for_an_agent(home, kind, time_machine):
    rows = book(home, *sessions(kind, WEDNESDAY, THURSDAY, FRIDAY))
    time_machine.move_to(instant(FRIDAY, "08:00"))
    assert [telling(home, row)["forgiven"] for row in rows[:2]] == [True, False]
    assert (home.balance, Forgiveness.objects.values_list("school_year", flat=True).get()) == (9240, 2026)
    Forgiveness.objects.update(school_year=2025)
    assert telling(home, rows[2])["forgiven"] is True


def test_each_child_has_a_right_of_their_own(kind, time_machine):
    home = household(10_000, LOUANE, ("Théo", date(2017, 1, 1)), commune=kind.service.commune)
    rows = book(home, session(kind))
    time_machine.move_to(MORNING)
    assert [telling(home, row)["forgiven"] for row in rows] == [True, True]


@pytest.mark.django_db(transaction=True)
def test_two_absences_of_a_child_at_once_are_forgiven_once(home, kind, time_machine):
    first, second = book(home, *sessions(kind, TUESDAY, THURSDAY))
    time_machine.move_to(instant(THURSDAY, "08:00"))
    with transaction.atomic():
        key = make_key(home.user.owner, purpose(first))
        actions._tell.__wrapped__(home.user, first, "Malade", key, None)
        rival = someone_else(telling, home, second)
        assert rival.wait_until_blocked() == [own_pid()]
    assert (rival.result()["forgiven"], home.balance) == (False, 9620)


@pytest.mark.django_db(transaction=True)
def test_without_the_lock_on_the_child_only_the_constraint_stops_the_second(home, kind, time_machine, monkeypatch):
    monkeypatch.setattr(actions, "lock_members", lambda pks: None)
    first, second = book(home, *sessions(kind, TUESDAY, THURSDAY))
    time_machine.move_to(instant(THURSDAY, "08:00"))
    with transaction.atomic():
        key = make_key(home.user.owner, purpose(first))
        actions._tell.__wrapped__(home.user, first, "Malade", key, None)
        rival = someone_else(telling, home, second)
        rival.wait_until_blocked()
    with pytest.raises(IntegrityError):
        rival.result()
    assert home.balance == 10_000 - 380


# --- Pages ------------------------------------------------------------------------------------------------------------
def test_the_parent_tells_and_proves_on_the_pages(booking, home, visitor, activity):
    book(home, session(activity, THURSDAY))
    parent = visitor(home.user)
    listed = parent.get(reverse("reservations:absences"))
    assert listed.context["bookings"] == [booking] == to_tell(home.user)
    page = reverse("reservations:absence", args=[booking.pk])
    key = parent.get(page).context["once_key"]
    wrong = parent.post(page, {"reason": "", "once_key": key})
    assert "Ce champ est obligatoire." in words(wrong)
    done = parent.post(page, {"reason": "Malade", "once_key": key}, follow=True)
    assert told(done) == ["L’absence est signalée. Le service vous répondra par e-mail."]
    sent = {"proof": picture(), "once_key": parent.get(page).context["once_key"]}
    assert told(parent.post(page, sent, follow=True)) == ["Le justificatif est enregistré."]
    bad = {"proof": SimpleUploadedFile("x.txt", b"bonjour"), "once_key": parent.get(page).context["once_key"]}
    assert NotADocument.sentence in words(parent.post(page, bad))


def test_the_sheet_says_that_an_absence_was_told(home, booking):
    tell(home, booking)
    assert [line.note for line in read_sheet(booking.session).lines] == ["absence signalée"]


def test_why_nothing_can_be_told_is_said(home, activity, visitor):
    [booking] = book(home, session(activity))
    shown = visitor(home.user).get(reverse("reservations:absence", args=[booking.pk]))
    assert shown.context["against"] == [CANCELLABLE]
    assert visitor(household().user).get(reverse("reservations:absence", args=[booking.pk])).status_code == 404


def test_the_agent_decides_on_a_page(booking, home, agent, visitor):
    absence = tell(home, booking)
    client = visitor(agent)
    page = reverse("admin:reservations_absence_decision", args=[absence.pk])
    shown = client.get(page)
    assert (
        "Justificatif : non donné, attendu jusqu’au jeudi 12 novembre à 23 h 59. Pointage : pas encore pointé."
        in words(shown)
    )
    key = shown.context["once_key"]
    assert "Ce champ est obligatoire." in words(client.post(page, {"once_key": key}))
    assert WordsMissing.sentence in words(client.post(page, {"once_key": key, "accept": "non"}))
    done = client.post(page, {"once_key": key, "accept": "oui", "answer": "Bon rétablissement."}, follow=True)
    assert told(done) == ["C’est décidé, et la famille est prévenue par e-mail."]
    assert (home.balance, Absence.objects.get().answer) == (10_000, "Bon rétablissement.")
    listing = reverse("admin:reservations_absence_changelist")
    assert client.get(listing, {"etat": "a-decider"}).context["cl"].result_count == 0
    assert client.get(listing, {"etat": "accepted"}).context["cl"].result_count == 1
