"""Personal data that have served are deleted on their day, and the night says how many."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine

from cesu.orders.actions.documents import kept_documents
from common.background.retention import KEPT, Durations, last_forgotten_day, months_before
from common.documents import vault
from common.documents.refusals import DocumentMissing
from common.models import JobRun
from families.models import Contact, HealthContent, HealthReading, HealthSheet, Member, MemberConsent, Membership
from portal.tasks import nightly
from reservations.actions.days.absences import kept_proofs
from services import hooks
from services.actions import retention
from services.actions.retention import ERASED, forget, known_blobs
from services.models import DocumentReading, DocumentType, RequestLine, SupportingDocument
from tests.factories.accounts import AgentFactory
from tests.factories.families import MemberFactory, parent_of
from tests.factories.services import DocumentTypeFactory, document, line, service_asking

pytestmark = pytest.mark.django_db
PARIS = ZoneInfo("Europe/Paris")
TODAY = date(2027, 2, 15)
NOTHING = {"pieces": 0, "children": 0, "health_pieces": 0, "readings": 0, "orphans": 0}


@pytest.fixture(autouse=True)
def _own_vault(settings, tmp_path):
    settings.DOCUMENTS_ROOT = tmp_path


@pytest.fixture
def louane():
    return MemberFactory(first_name="Louane")


@pytest.fixture
def claire(louane):
    return parent_of(louane)


@pytest.fixture
def family(claire):
    return claire.guardian.family


@pytest.fixture
def type():
    return DocumentTypeFactory(name="Assurance")


@pytest.fixture
def health():
    return DocumentTypeFactory(name="Fiche sanitaire", per_member=True, is_health=True)


@pytest.fixture
def accepted(family, louane, type):
    return line(service_asking(type), family, louane)


def noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=PARIS)


def is_kept(piece) -> bool:
    """Whether the content is still there, in the row and in the vault."""
    piece.refresh_from_db()
    return bool(piece.blob_key)


# --- The rule ---------------------------------------------------------------------------------------------------------
def test_the_durations_are_those_of_the_register():
    assert (
        Durations(
            expired_piece_months=12,
            refused_piece_months=3,
            replaced_piece_months=1,
            health_months=1,
            reading_months=12,
            unverified_account_days=30,
        )
        == KEPT
    )


@pytest.mark.parametrize(
    ("day", "months", "then"),
    [
        (date(2027, 3, 31), 1, date(2027, 2, 28)),
        (date(2028, 2, 29), 12, date(2027, 2, 28)),
        (date(2027, 1, 15), 3, date(2026, 10, 15)),
    ],
)
def test_months_are_counted_back_to_the_same_day_or_the_months_last(day, months, then):
    assert months_before(day, months) == then


@pytest.mark.parametrize(
    ("today", "last"),
    [
        (date(2027, 8, 31), date(2026, 8, 31)),
        (date(2027, 9, 30), date(2026, 8, 31)),
        (date(2027, 10, 1), date(2027, 8, 31)),
        (date(2028, 1, 1), date(2027, 8, 31)),
    ],
)
def test_health_is_forgotten_a_month_after_the_end_of_the_school_year(today, last):
    assert last_forgotten_day(today) == last


# --- Pieces -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("last_day", "kept"), [(date(2026, 2, 15), True), (date(2026, 2, 14), False)])
def test_an_expired_piece_is_kept_a_year(family, type, accepted, last_day, kept):
    piece = document(family, type, status="expired", expires_on=last_day)
    assert forget(TODAY) == NOTHING | {"pieces": int(not kept)}
    assert is_kept(piece) is kept


@pytest.mark.parametrize(("decided", "kept"), [(date(2026, 11, 15), True), (date(2026, 11, 14), False)])
def test_a_refused_piece_is_kept_three_months(family, type, accepted, decided, kept):
    piece = document(family, type, status="refused", decided_at=noon(decided))
    forget(TODAY)
    assert is_kept(piece) is kept


@pytest.mark.parametrize(("replaced", "kept"), [(date(2027, 1, 15), True), (date(2027, 1, 14), False)])
def test_a_replaced_piece_is_kept_a_month(family, type, accepted, replaced, kept):
    piece = document(family, type, status="validated", replaced_at=noon(replaced))
    forget(TODAY)
    assert is_kept(piece) is kept


@pytest.mark.parametrize(("decided", "kept"), [(date(2026, 11, 15), True), (date(2026, 11, 14), False)])
def test_a_piece_given_for_a_refused_request_is_kept_three_months(family, louane, type, decided, kept):
    line(service_asking(type), family, louane, "refused", decided_at=noon(decided))
    piece = document(family, type, status="validated")
    forget(TODAY)
    assert is_kept(piece) is kept


def test_a_piece_that_another_request_needs_stays(family, louane, type, accepted):
    line(service_asking(type, name="Garderie"), family, louane, "refused", decided_at=noon(date(2026, 1, 1)))
    piece = document(family, type, status="validated")
    assert forget(TODAY) == NOTHING
    assert is_kept(piece)


def test_a_childs_piece_for_a_refused_request_goes_and_the_siblings_stays(family, louane):
    theo = MemberFactory()
    Membership.objects.create(family=family, member=theo)
    paper = DocumentTypeFactory(name="Certificat", per_member=True)
    canteen = service_asking(paper)
    line(canteen, family, louane, "refused", decided_at=noon(date(2026, 1, 1)))
    line(canteen, family, theo)
    gone, stays = (document(family, paper, member=child, status="validated") for child in (louane, theo))
    forget(TODAY)
    assert [is_kept(gone), is_kept(stays)] == [False, True]


def test_a_standing_piece_stays(family, type, accepted):
    piece = document(family, type, status="validated", expires_on=TODAY)
    assert forget(TODAY) == NOTHING
    assert vault.open(piece.blob_key, piece.vault_owner)


def test_a_signed_mandate_is_kept_as_the_proof_of_debits(family, accepted):
    mandate = DocumentTypeFactory(kind="mandate")
    piece = document(family, mandate, status="validated", replaced_at=noon(date(2025, 1, 1)))
    forget(TODAY)
    assert is_kept(piece)


def test_an_emptied_piece_keeps_its_row_without_a_word_of_its_content_even_in_its_history(family, type, accepted):
    piece = document(
        family, type, status="validated", expires_on=date(2025, 12, 1), label="fiche Louane.pdf", declared_value=640
    )
    key = piece.blob_key
    forget(TODAY)
    piece.refresh_from_db()
    assert (piece.blob_key, piece.label, piece.declared_value, piece.status) == ("", ERASED, None, "expired")
    with pytest.raises(DocumentMissing):
        vault.open(key, piece.vault_owner)
    told = piece.events.values_list("label", "blob_key", "declared_value")
    assert set(told) == {(ERASED, "", None)}


def test_history_is_append_only_again_after_the_night(family, type, accepted):
    piece = document(family, type, status="expired", expires_on=date(2025, 12, 1))
    forget(TODAY)
    with pytest.raises(Exception, match="Cannot update or delete"):
        piece.events.update(label="autre")


@pytest.mark.parametrize(
    ("last_day", "today", "kept"),
    [
        (date(2027, 8, 31), date(2027, 9, 30), True),
        (date(2027, 8, 31), date(2027, 10, 1), False),
        (date(2027, 9, 1), date(2027, 10, 1), True),
        (date(2027, 9, 1), date(2028, 10, 1), False),
    ],
)
def test_a_health_piece_goes_a_month_after_the_school_year_in_which_it_expired(
    family, louane, health, last_day, today, kept
):
    line(service_asking(health), family, louane)
    piece = document(family, health, member=louane, status="expired", expires_on=last_day)
    forget(today)
    assert is_kept(piece) is kept


# --- The vault --------------------------------------------------------------------------------------------------------
def test_what_no_row_names_is_swept_after_a_day_and_what_a_row_names_stays(family, type, accepted):
    piece = document(family, type, status="validated")
    blank = DocumentTypeFactory(blank_key=vault.store(b"blank", "blank-forms"))
    orphan = vault.store(b"orphan", "family:1")
    assert forget(TODAY)["orphans"] == 0
    with time_machine.travel(datetime.now(PARIS) + timedelta(days=2)):
        assert forget(TODAY)["orphans"] == 1
    assert known_blobs() == {piece.blob_key, blank.blank_key}
    assert vault.open(blank.blank_key, "blank-forms") == b"blank"
    with pytest.raises(DocumentMissing):
        vault.open(orphan, "family:1")


def test_the_sweep_knows_every_document_that_an_app_stores(settings):
    python = [
        path
        for app in ("accounts", "families", "services", "wallet", "reservations", "cesu", "portal")
        for path in (settings.BASE_DIR / app).rglob("*.py")
    ]
    storing = {path.parts[-2] + "/" + path.name for path in python if "vault.store(" in path.read_text()}
    assert storing == {"actions/documents.py", "days/absences.py"}
    assert hooks.kept_blobs.answers == [kept_proofs, kept_documents]
    columns = {
        field.name
        for model in (DocumentType, SupportingDocument)
        for field in model._meta.fields
        if field.name.endswith("_key")
    }
    assert columns == {"blob_key", "blank_key"}


# --- Children ---------------------------------------------------------------------------------------------------------
def tell(child: Member, by, on: date) -> None:
    """Everything that a parent may say of a child, on a day."""
    sealed = HealthSheet.seal(child.pk, HealthContent(treatments="Anapen"))
    HealthSheet.objects.create(member=child, sealed=sealed, updated_at=noon(on), updated_by=by)
    Contact.objects.create(
        member=child,
        name="Odette",
        phone="0612345678",
        kinship="Grand-mère",
        is_emergency=True,
        added_by=by,
        added_at=noon(on),
    )
    MemberConsent.objects.create(member=child, kind="photo", given=True, by=by, at=noon(on))


def known(child: Member) -> list[int]:
    return [table.objects.filter(member=child).count() for table in (HealthSheet, Contact, MemberConsent)]


@pytest.mark.parametrize(
    ("told", "today", "left"),
    [
        (date(2026, 9, 15), date(2027, 9, 30), [1, 1, 1]),
        (date(2026, 9, 15), date(2027, 10, 1), [0, 0, 0]),
        (date(2027, 8, 31), date(2027, 10, 1), [0, 0, 0]),
        (date(2027, 9, 1), date(2027, 10, 1), [1, 1, 1]),
    ],
)
def test_a_child_that_no_service_knows_is_forgotten_a_month_after_the_school_year(claire, louane, told, today, left):
    tell(louane, claire, told)
    assert forget(today) == NOTHING | {"children": int(left == [0, 0, 0])}
    assert known(louane) == left


def test_a_child_with_an_accepted_line_is_never_forgotten(claire, louane, accepted):
    tell(louane, claire, date(2020, 9, 15))
    assert forget(date(2027, 10, 1)) == NOTHING
    assert known(louane) == [1, 1, 1]


@pytest.mark.parametrize(("closed", "left"), [(date(2027, 8, 31), [0, 0, 0]), (date(2027, 9, 2), [1, 1, 1])])
def test_the_year_in_which_the_last_line_closed_counts(claire, louane, accepted, closed, left):
    tell(louane, claire, date(2020, 9, 15))
    RequestLine.objects.update(status="expired", asked_at=noon(date(2020, 9, 1)), decided_at=noon(closed))
    forget(date(2027, 10, 1))
    assert known(louane) == left


def test_a_child_that_left_the_family_is_forgotten_in_spite_of_its_line(claire, louane, accepted):
    tell(louane, claire, date(2020, 9, 15))
    RequestLine.objects.update(asked_at=noon(date(2020, 9, 1)), decided_at=noon(date(2020, 9, 1)))
    Membership.objects.update(withdrawn_at=noon(date(2021, 1, 1)))
    forget(date(2027, 10, 1))
    assert known(louane) == [0, 0, 0]


def test_a_health_piece_without_a_last_day_goes_with_the_child(claire, louane, family, health):
    piece = document(family, health, member=louane, status="validated", given_at=noon(date(2026, 9, 15)))
    assert forget(date(2027, 10, 1)) == NOTHING | {"children": 1, "health_pieces": 1}
    assert not is_kept(piece)


def test_readings_are_kept_a_year(claire, louane, family, type, accepted):
    agent = AgentFactory()
    piece = document(family, type, status="validated")
    for day in (date(2026, 2, 14), date(2026, 2, 15)):
        HealthReading.objects.create(member=louane, by=agent, at=noon(day), purpose="fiche santé")
        DocumentReading.objects.create(document=piece, by=agent, at=noon(day))
    assert forget(TODAY) == NOTHING | {"readings": 2}
    for table in (HealthReading, DocumentReading):
        assert [row.at for row in table.objects.all()] == [noon(date(2026, 2, 15))]


# --- The night --------------------------------------------------------------------------------------------------------
def test_the_night_forgets_once_and_reports(family, type, accepted):
    document(family, type, status="expired", expires_on=date(2025, 12, 1))
    with time_machine.travel("2027-02-15 02:10+01:00", tick=False):
        nightly()
        nightly()
    run = JobRun.objects.get(job="retention")
    others = ("absence_proofs", "accounts", "messages", "sign_ups", "help_requests", "rights_files")
    assert run.report == NOTHING | dict.fromkeys(others, 0) | {"pieces": 1}


def test_a_crash_before_the_vault_forgets_leaves_an_orphan_that_the_sweep_removes(family, type, accepted, monkeypatch):
    piece = document(family, type, status="expired", expires_on=date(2025, 12, 1))
    key = piece.blob_key

    def crash(key):
        raise OSError("the disk went away")

    with monkeypatch.context() as failing:
        failing.setattr(vault, "delete", crash)
        with pytest.raises(OSError, match="went away"):
            forget(TODAY)
    assert not is_kept(piece)
    assert vault.open(key, piece.vault_owner)
    with time_machine.travel(datetime.now(PARIS) + timedelta(days=2)):
        assert forget(TODAY) == NOTHING | {"orphans": 1}


@pytest.mark.parametrize("size", [3, 30])
def test_pieces_are_emptied_in_the_same_number_of_queries_for_any_number(size, type, django_assert_num_queries):
    canteen = service_asking(type)
    for _ in range(size):
        child = MemberFactory()
        family = parent_of(child).guardian.family
        line(canteen, family, child)
        document(family, type, status="expired", expires_on=date(2025, 12, 1))
    with django_assert_num_queries(10):
        assert retention._empty_all(retention.past_their_time(TODAY)) == size


@pytest.mark.parametrize("size", [3, 30])
def test_children_are_forgotten_in_the_same_number_of_queries_for_any_number(size, django_assert_num_queries):
    for _ in range(size):
        child = MemberFactory()
        tell(child, parent_of(child), date(2026, 9, 15))
    with django_assert_num_queries(14):
        assert retention._forget_children(date(2027, 10, 1))["children"] == size
