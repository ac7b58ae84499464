"""Pieces end: warned before, marked on the day, booking closed, open again once renewed."""

from datetime import date, timedelta

import pytest
import time_machine

from common.background.mailing import send_pending
from common.models import JobRun, OutgoingEmail
from common.writing.once import make_key
from families.models import Membership
from portal.tasks import NightFailed, nightly
from services.actions import decide_document, expiry, give_text
from services.actions.documents import purpose
from services.actions.expiry import expire
from services.models import RequestLine, RequiredDocument, SupportingDocument
from services.rules import reason_without_access
from tests.factories.accounts import AgentFactory
from tests.factories.families import MemberFactory, MembershipFactory, parent_of
from tests.factories.services import DocumentTypeFactory, document, line, service_asking

pytestmark = pytest.mark.django_db
LAST_DAY = date(2026, 11, 30)


@pytest.fixture(autouse=True)
def _own_vault(settings, tmp_path):
    settings.DOCUMENTS_ROOT = tmp_path


@pytest.fixture
def louane():
    return MemberFactory(first_name="Louane", last_name="Dupont")


@pytest.fixture
def claire(louane):
    return parent_of(louane, email="claire@example.org")


@pytest.fixture
def family(claire):
    return claire.guardian.family


@pytest.fixture
def insurance():
    """« Assurance », asked once a family, valid 12 months."""
    return DocumentTypeFactory(name="Assurance", kind="text")


@pytest.fixture
def canteen(insurance):
    return service_asking(insurance, commune__name="Aiguilhe")


@pytest.fixture
def accepted(canteen, family, louane):
    return line(canteen, family, louane)


@pytest.fixture
def given(accepted, family, insurance):
    """The piece that let Louane in, valid until 30 November."""
    return document(family, insurance, status="validated", expires_on=LAST_DAY, label="Texte")


def mails(template: str) -> list[dict]:
    """What was written with a template, in order."""
    rows = OutgoingEmail.objects.filter(template=f"services/{template}").order_by("pk")
    return [{"to": row.to, **row.context} for row in rows]


def may_book(row) -> bool:
    """What the gate of bookings says of a line (tests/reservations/test_gate.py follows it up to the cart)."""
    row.refresh_from_db()
    return reason_without_access("Service cantine", row.status) == ""


def statuses(*rows) -> list[str]:
    for row in rows:
        row.refresh_from_db()
    return [row.status for row in rows]


def renew(user, type, member=None, text="Contrat 42"):
    key = make_key(user.owner, purpose(type, member))
    return give_text(user=user, type=type, member=member, text=text, key=key)


# --- The day ----------------------------------------------------------------------------------------------------------
def test_a_piece_holds_on_its_last_day(given, accepted):
    assert expire(LAST_DAY) == {"expired": 0, "closed": 0, "incomplete": 0, "warned": 1}
    assert statuses(given, accepted) == ["validated", "accepted"]


def test_the_day_after_it_is_expired_booking_is_closed_and_the_family_is_told(given, accepted):
    assert expire(LAST_DAY + timedelta(1)) == {"expired": 1, "closed": 1, "incomplete": 0, "warned": 0}
    assert statuses(given, accepted) == ["expired", "expired"]
    assert (accepted.reason, accepted.decided_by) == ("Il manque : Assurance.", None)
    service = "Aiguilhe – Service cantine"
    (told,) = mails("document_expired")
    assert (told["to"], told["name"], told["closed"]) == ("claire@example.org", str(given), [service])
    (decided,) = mails("lines_decided")
    assert (decided["to"], decided["status"], decided["service"]) == ("claire@example.org", "expired", service)


def test_a_second_night_does_nothing_more(given):
    expire(LAST_DAY + timedelta(1))
    assert set(expire(LAST_DAY + timedelta(2)).values()) == {0}
    assert len(mails("document_expired")) == len(mails("lines_decided")) == 1


def test_an_optional_piece_expires_and_closes_nothing(given, accepted):
    RequiredDocument.objects.update(is_mandatory=False)
    assert expire(LAST_DAY + timedelta(1))["closed"] == 0
    assert statuses(given, accepted) == ["expired", "accepted"]
    assert [told["closed"] for told in mails("document_expired")] == [[]]


def test_a_childs_piece_closes_that_childs_lines_only(family, louane, canteen, accepted):
    sheet = DocumentTypeFactory(name="Fiche sanitaire", per_member=True)
    RequiredDocument.objects.all().delete()
    RequiredDocument.objects.create(service=canteen, type=sheet)
    theo = MembershipFactory(family=family).member
    other = line(canteen, family, theo)
    document(family, sheet, member=louane, status="validated", expires_on=LAST_DAY)
    document(family, sheet, member=theo, status="validated", expires_on=LAST_DAY + timedelta(30))
    expire(LAST_DAY + timedelta(1))
    assert statuses(accepted, other) == ["expired", "accepted"]


def test_a_familys_piece_closes_the_lines_of_all_its_members_in_all_services_that_ask_for_it(
    given, accepted, family, canteen, insurance
):
    other = line(service_asking(insurance, name="Garderie"), family, MembershipFactory(family=family).member)
    elsewhere = line(service_asking(name="Piscine"), family, accepted.member)
    expire(LAST_DAY + timedelta(1))
    assert statuses(accepted, other, elsewhere) == ["expired", "expired", "accepted"]
    assert [len(told["closed"]) for told in mails("document_expired")] == [2]


def test_another_familys_lines_stay_open(given, canteen, insurance):
    malo = MemberFactory()
    neighbours = parent_of(malo).guardian.family
    other = line(canteen, neighbours, malo)
    document(neighbours, insurance, status="validated", expires_on=LAST_DAY + timedelta(1))
    expire(LAST_DAY + timedelta(1))
    assert statuses(other) == ["accepted"]


def test_a_line_that_waits_goes_back_to_the_family(given, accepted):
    RequestLine.objects.update(status="pending")
    assert expire(LAST_DAY + timedelta(1))["incomplete"] == 1
    assert statuses(accepted) == ["incomplete"]
    assert accepted.reason == "Il manque : Assurance."


def test_a_line_accepted_before_the_service_asked_for_more_stays_open(accepted, canteen):
    RequiredDocument.objects.create(service=canteen, type=DocumentTypeFactory())
    assert expire(LAST_DAY)["closed"] == 0
    assert statuses(accepted) == ["accepted"]


def test_a_renewal_that_waits_for_an_agent_keeps_booking_open(given, accepted, claire, insurance):
    with time_machine.travel("2026-11-20 09:00+01:00"):
        renew(claire, insurance)
    assert expire(LAST_DAY + timedelta(1)) == {"expired": 0, "closed": 0, "incomplete": 0, "warned": 0}
    assert statuses(accepted) == ["accepted"]


def test_a_refused_renewal_closes_booking_when_the_older_piece_ends_and_not_before(
    given, accepted, claire, canteen, insurance
):
    with time_machine.travel("2026-11-20 09:00+01:00"):
        renewed = renew(claire, insurance)
        agent = AgentFactory(communes=[canteen.commune])
        decide_document(agent=agent, document=renewed, accept=False, reason="Illisible.")
    assert expire(LAST_DAY)["closed"] == 0
    assert expire(LAST_DAY + timedelta(1))["closed"] == 1
    assert statuses(accepted) == ["expired"]


def test_a_family_whose_child_left_is_not_written_to(given, accepted):
    Membership.objects.update(withdrawn_at="2026-01-01T00:00Z")
    assert expire(LAST_DAY - timedelta(20))["warned"] == 0
    assert expire(LAST_DAY + timedelta(1)) == {"expired": 1, "closed": 1, "incomplete": 0, "warned": 0}
    assert OutgoingEmail.objects.count() == 0


# --- Warnings ---------------------------------------------------------------------------------------------------------
def test_families_are_warned_30_and_7_days_before_once_each(given):
    warned = []
    for days in range(40, -1, -1):
        if expire(LAST_DAY - timedelta(days))["warned"]:
            warned.append(days)
    assert warned == [30, 7]
    assert [told["days"] for told in mails("document_expires")] == [30, 7]
    assert mails("document_expires")[0]["day"] == "lundi 30 novembre"


def test_a_missed_night_still_warns_once(given):
    for days in (33, 28, 27, 5, 4, 1):
        expire(LAST_DAY - timedelta(days))
    assert [told["days"] for told in mails("document_expires")] == [28, 5]


def test_nights_missed_until_the_last_week_warn_once(given):
    for days in (35, 3, 2, 0):
        expire(LAST_DAY - timedelta(days))
    assert [told["days"] for told in mails("document_expires")] == [3]


@pytest.mark.parametrize(("days", "words"), [(7, "dans 7 jours"), (1, "demain"), (0, "aujourd’hui")])
def test_the_warning_says_how_long_remains(given, mailoutbox, days, words):
    expire(LAST_DAY - timedelta(days))
    send_pending()
    assert mailoutbox[0].subject == f"Une pièce expire {words} : {given}"


@pytest.mark.parametrize("status", ["refused", "expired"])
def test_a_piece_that_no_longer_counts_is_not_warned_of(given, status):
    SupportingDocument.objects.update(status=status, refusal_reason="Illisible.")
    assert expire(LAST_DAY - timedelta(7))["warned"] == 0


def test_a_replaced_piece_is_not_warned_of(given, claire, insurance):
    renew(claire, insurance)
    given.refresh_from_db()
    assert given.replaced_at
    expire(LAST_DAY - timedelta(7))
    assert mails("document_expires") == []


def test_a_piece_that_no_request_needs_is_not_warned_of(given, accepted):
    RequestLine.objects.update(status="refused", reason="Hors commune.")
    assert expire(LAST_DAY - timedelta(7))["warned"] == 0


# --- Renewal ----------------------------------------------------------------------------------------------------------
def test_a_validated_renewal_opens_the_line_again_and_the_family_is_told(given, accepted, claire, canteen, insurance):
    agent = AgentFactory(communes=[canteen.commune])
    with time_machine.travel("2026-12-02 09:00+01:00"):
        expire(date(2026, 12, 1))
        renewed = renew(claire, insurance)
        assert not may_book(accepted)
        assert accepted.reason == "Nouvelle pièce reçue : un agent va la vérifier."
        decide_document(agent=agent, document=renewed, accept=True)
    assert statuses(accepted, renewed) == ["accepted", "validated"]
    assert may_book(accepted)
    assert (accepted.decided_by, accepted.reason) == (agent, "")
    assert [told["status"] for told in mails("lines_decided")] == ["expired", "accepted"]


def test_a_refused_renewal_leaves_the_line_closed_and_says_what_lacks(given, accepted, claire, canteen, insurance):
    with time_machine.travel("2026-12-02 09:00+01:00"):
        expire(date(2026, 12, 1))
        renewed = renew(claire, insurance)
        agent = AgentFactory(communes=[canteen.commune])
        decide_document(agent=agent, document=renewed, accept=False, reason="Illisible.")
    assert statuses(accepted) == ["expired"]
    assert accepted.reason == "Il manque : Assurance."


def test_a_line_opens_again_only_when_all_its_mandatory_pieces_are_validated(
    given, accepted, family, claire, canteen, insurance
):
    rules = DocumentTypeFactory(name="Règlement", kind="text")
    RequiredDocument.objects.create(service=canteen, type=rules)
    document(family, rules, status="validated", expires_on=LAST_DAY)
    agent = AgentFactory(communes=[canteen.commune])
    with time_machine.travel("2026-12-02 09:00+01:00"):
        expire(date(2026, 12, 1))
        for type, then in ((insurance, "expired"), (rules, "accepted")):
            decide_document(agent=agent, document=renew(claire, type), accept=True)
            assert statuses(accepted) == [then]


# --- The clockwork ----------------------------------------------------------------------------------------------------
def night(day: str):
    return time_machine.travel(f"{day} 02:10+01:00", tick=False)


def test_two_schedulers_in_one_night_mail_once_and_the_report_stays(given):
    with night("2026-12-01"):
        nightly()
        nightly()
    run = JobRun.objects.get(job="expiry")
    assert (run.business_date, run.report) == (
        date(2026, 12, 1),
        {"expired": 1, "closed": 1, "incomplete": 0, "warned": 0},
    )
    assert len(mails("document_expired")) == 1


def test_two_runs_of_the_same_chunk_change_and_mail_once(given):
    pks, families, today = [given.pk], {given.family_id}, LAST_DAY + timedelta(1)
    assert [sum(expiry._expire(pks, families, today).values()) for _ in range(2)] == [2, 0]
    assert len(mails("document_expired")) == len(mails("lines_decided")) == 1


def many(size: int, service, type):
    """As many families, each with a child let in by a piece."""
    rows = []
    for _ in range(size):
        child = MemberFactory()
        family = parent_of(child).guardian.family
        rows.append(line(service, family, child))
        document(family, type, status="validated", expires_on=LAST_DAY)
    return rows


@pytest.mark.django_db(transaction=True)
def test_a_crashed_night_goes_on_where_it_stopped(canteen, insurance, monkeypatch):
    lines = many(3, canteen, insurance)
    monkeypatch.setattr(expiry, "CHUNK", 1)
    done, work = [], expiry._expire

    def crash_on_the_second(*args):
        if len(done) == 1:
            raise ConnectionError("the database went away")
        done.append(work(*args))
        return done[-1]

    with night("2026-12-01") as clock:
        with monkeypatch.context() as crash:
            crash.setattr(expiry, "_expire", crash_on_the_second)
            with pytest.raises(NightFailed, match="expiry"):
                nightly()
        assert sorted(statuses(*lines)) == ["accepted", "accepted", "expired"]
        clock.shift(timedelta(hours=1))
        nightly()
    assert statuses(*lines) == ["expired"] * 3
    assert len({told["to"] for told in mails("document_expired")}) == len(mails("document_expired")) == 3


@pytest.mark.parametrize("size", [3, 30])
def test_a_chunk_takes_the_same_number_of_queries_for_any_number_of_pieces(
    canteen, insurance, size, django_assert_num_queries
):
    lines = many(size, canteen, insurance)
    with django_assert_num_queries(18):
        assert expire(LAST_DAY + timedelta(1))["closed"] == size
    assert statuses(*lines) == ["expired"] * size


@pytest.mark.parametrize("size", [3, 30])
def test_warnings_take_the_same_number_of_queries_for_any_number_of_pieces(
    canteen, insurance, size, django_assert_num_queries
):
    many(size, canteen, insurance)
    with django_assert_num_queries(10):
        assert expire(LAST_DAY - timedelta(7))["warned"] == size
