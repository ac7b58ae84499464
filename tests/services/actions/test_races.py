"""Two people at once: the rival waits, what must be once is once, nothing falls between two transactions."""

import pytest
from django.db import IntegrityError, transaction

from common.writing.once import make_key
from families.actions.members import lock_family
from services.actions import accept_lines, ask, ask_access, decide_document
from services.actions.documents import _replace
from services.models import AccessRequest, RequestLine, SupportingDocument
from services.reads.pieces import lacking_pieces
from tests.concurrency import own_pid, someone_else
from tests.factories.accounts import AgentFactory
from tests.factories.families import GuardianFactory, MemberFactory, parent_of
from tests.factories.services import DocumentTypeFactory, document, service_asking
from tests.services.giving import ask_key, give, letters

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def louane():
    return MemberFactory(first_name="Louane")


@pytest.fixture
def claire(louane):
    return parent_of(louane)


@pytest.fixture
def father(claire):
    return GuardianFactory(family=claire.guardian.family, user__first_name="Marc").user


@pytest.fixture
def sheet():
    return DocumentTypeFactory(name="Fiche", per_member=True)


@pytest.fixture
def canteen(sheet):
    return service_asking(sheet)


def choices(service, *members):
    return {member.pk: service.audiences.first().pk for member in members}


def store(user, type, member):
    """Write a piece, as ``give_file`` does once the file is clean."""
    key = make_key(user.owner, f"piece:{type.pk}:{member.pk}")
    return _replace.__wrapped__(user, user.guardian.family, type, member, key, {"label": "a.png", "blob_key": "0"})


def test_both_guardians_asking_at_once_make_one_request(claire, father, louane, canteen):
    with transaction.atomic():
        ask(claire, canteen, choices(canteen, louane))
        rival = someone_else(
            ask_access, user=father, service=canteen, choices=choices(canteen, louane), key=ask_key(father, canteen)
        )
        assert rival.wait_until_blocked() == [own_pid()]
    assert rival.result() == {"request": AccessRequest.objects.get().pk}
    assert RequestLine.objects.count() == 1
    assert (letters(claire), letters(father)) == (["access_asked"], [])


def test_one_click_sent_twice_at_once_is_obeyed_once(claire, louane, canteen):
    key = ask_key(claire, canteen)
    asked = {"user": claire, "service": canteen, "choices": choices(canteen, louane), "key": key}
    with transaction.atomic():
        ask_access.__wrapped__(**asked)
        rival = someone_else(ask_access, **asked)
        assert rival.wait_until_blocked() == [own_pid()]
    assert rival.result() == {"request": AccessRequest.objects.get().pk}
    assert letters(claire) == ["access_asked"]


def test_a_piece_replaced_twice_at_once_leaves_one_current(claire, father, louane, sheet):
    give(claire, sheet, louane)
    with transaction.atomic():
        store(claire, sheet, louane)
        rival = someone_else(give, father, sheet, louane)
        assert rival.wait_until_blocked() == [own_pid()]
    newest = rival.result()
    assert list(SupportingDocument.objects.current()) == [newest]
    assert SupportingDocument.objects.count() == 3


def test_the_database_itself_takes_no_second_current_piece(claire, louane, sheet):
    give(claire, sheet, louane)
    with pytest.raises(IntegrityError, match="one_current_document_per_type"):
        document(claire.guardian.family, sheet, member=louane)


def test_a_piece_that_comes_while_its_service_is_asked_for_is_seen(claire, louane, canteen, sheet):
    with transaction.atomic():
        store(claire, sheet, louane)
        rival = someone_else(
            ask_access, user=claire, service=canteen, choices=choices(canteen, louane), key=ask_key(claire, canteen)
        )
        assert rival.wait_until_blocked() == [own_pid()]
    rival.result()
    assert RequestLine.objects.get().status == "pending"


def test_without_the_family_lock_the_piece_would_not_be_seen(claire, louane, canteen, sheet):
    """The control: the request looks before the piece is there, the piece before the request is."""
    with transaction.atomic():
        document(claire.guardian.family, sheet, member=louane)

        def ask_without_lock():
            request = AccessRequest.objects.create(
                family_id=claire.guardian.family_id, service=canteen, asked_by_id=claire.pk
            )
            line = RequestLine(pk=1, request=request, member=louane, audience=canteen.audiences.first())
            return lacking_pieces([line])[1]

        assert someone_else(ask_without_lock).result() == ["Fiche (Louane)"]
        assert not RequestLine.objects.exists()


def test_an_agent_who_accepts_waits_for_the_piece_that_is_being_replaced(claire, louane, canteen, sheet):
    agent = AgentFactory(communes=[canteen.commune])
    ask_access(user=claire, service=canteen, choices=choices(canteen, louane), key=ask_key(claire, canteen))
    decide_document(agent=agent, document=give(claire, sheet, louane), accept=True)
    with transaction.atomic():
        store(claire, sheet, louane)
        rival = someone_else(accept_lines, agent=agent, lines=[RequestLine.objects.get().pk])
        assert rival.wait_until_blocked() == [own_pid()]
    with pytest.raises(Exception, match="à valider d’abord : Fiche"):
        rival.result()
    assert RequestLine.objects.get().status == "pending"


def test_families_do_not_wait_for_one_another(claire, louane, canteen):
    other = parent_of(MemberFactory())
    with transaction.atomic():
        lock_family(claire.guardian.family_id)
        ask(claire, canteen, choices(canteen, louane))
        theirs = choices(canteen, other.guardian.family.members.get())
        someone_else(ask_access, user=other, service=canteen, choices=theirs, key=ask_key(other, canteen)).result(
            timeout=5
        )
    assert AccessRequest.objects.count() == 2
