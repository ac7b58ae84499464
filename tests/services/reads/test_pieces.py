"""How the pieces that a service asks for stand, for a family and each of its members."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from services.models import RequestLine
from services.reads.pieces import lacking_pieces, slots, undecided_pieces
from tests.factories.families import MemberFactory, parent_of
from tests.factories.services import DocumentTypeFactory, document, line, service_asking

pytestmark = pytest.mark.django_db


@pytest.fixture
def sheet():
    return DocumentTypeFactory(name="Fiche sanitaire", per_member=True)


@pytest.fixture
def louane():
    return MemberFactory(first_name="Louane")


@pytest.fixture
def theo():
    return MemberFactory(first_name="Théo")


@pytest.fixture
def family(louane, theo):
    return parent_of(louane, theo).guardian.family


def found(service, family, *members):
    return [(slot.name, slot.field, slot.is_standing) for slot in slots(service, family, members)]


@pytest.mark.seed("S2-30", "S2-33")
def test_a_service_asks_for_its_own_pieces_one_a_child_or_one_a_family(sheet, family, louane, theo):
    iban = DocumentTypeFactory(name="IBAN", kind="iban")
    service = service_asking(sheet, optional=(iban,))
    service_asking(DocumentTypeFactory(name="Certificat médical"), name="Piscine")
    assert found(service, family, louane, theo) == [
        ("Fiche sanitaire (Louane)", f"piece-{sheet.pk}-{louane.pk}", False),
        ("Fiche sanitaire (Théo)", f"piece-{sheet.pk}-{theo.pk}", False),
        ("IBAN", f"piece-{iban.pk}-0", False),
    ]


def test_a_piece_stands_where_it_was_given_and_nowhere_else(sheet, family, louane, theo):
    service = service_asking(sheet)
    document(family, sheet, member=louane)
    document(parent_of(theo).guardian.family, sheet, member=theo)
    assert [standing for *_, standing in found(service, family, louane, theo)] == [True, False]


@pytest.mark.parametrize(
    ("status", "days", "stands"), [("pending", 0, True), ("validated", -1, False), ("refused", 9, False)]
)
def test_a_refused_or_expired_piece_is_asked_for_again(sheet, family, louane, status, days, stands):
    service, last = service_asking(sheet), timezone.localdate() + timedelta(days)
    document(family, sheet, member=louane, status=status, expires_on=last)
    assert [standing for *_, standing in found(service, family, louane)] == [stands]


def test_each_line_lacks_its_own_pieces(sheet, family, louane, theo):
    service = service_asking(sheet, DocumentTypeFactory(name="Assurance"))
    lines = [line(service, family, member, "pending") for member in (louane, theo)]
    document(family, sheet, member=louane, status="validated")
    assert lacking_pieces(lines) == {
        lines[0].pk: ["Assurance"],
        lines[1].pk: ["Fiche sanitaire (Théo)", "Assurance"],
    }
    assert undecided_pieces(lines) == {lines[0].pk: [], lines[1].pk: []}


def test_a_piece_that_waits_for_an_agent_is_undecided(sheet, family, louane):
    mine = line(service_asking(sheet), family, louane, "pending")
    document(family, sheet, member=louane)
    assert (lacking_pieces([mine]), undecided_pieces([mine])) == (
        {mine.pk: []},
        {mine.pk: ["Fiche sanitaire (Louane)"]},
    )


def test_two_queries_whatever_the_number_of_lines(sheet):
    service = service_asking(sheet, DocumentTypeFactory())
    for number in (1, 3):
        for _ in range(number):
            child = MemberFactory()
            line(service, parent_of(child).guardian.family, child, "pending")
        lines = list(RequestLine.objects.select_related("request", "member"))
        with CaptureQueriesContext(connection) as captured:
            lacking_pieces(lines)
        assert len(captured) == 2
