"""What families may do: ask for a service, give its pieces; what agents' decisions bring about."""

from datetime import date

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from common.documents import vault
from common.documents.refusals import DocumentMissing, EmptyFile, OfficeFile
from common.models import OutgoingEmail
from common.refusals import StalePage
from common.writing.once import make_key
from families.models import Membership, SepaMandate
from services.actions import (
    accept_lines,
    ask_access,
    decide_document,
    keep_blank,
    read_document,
    refuse_lines,
)
from services.actions.decisions import NotYours, PiecesMissing, ReasonNeeded
from services.actions.documents import (
    IbanMissing,
    NotForThem,
    NotScanned,
    WrongPiece,
    account_of,
    read_blank,
    read_text,
)
from services.actions.requests import NobodyChosen, NotAskable
from services.models import AccessRequest, DocumentReading, DocumentType, RequestLine, SupportingDocument
from tests.factories.accounts import AgentFactory
from tests.factories.families import GuardianFactory, MemberFactory, parent_of
from tests.factories.sepa import OUTSIDE
from tests.factories.services import (
    BIC,
    IBAN,
    AudienceFactory,
    DocumentTypeFactory,
    ServiceFactory,
    document,
    line,
    service_asking,
    text,
)
from tests.services.giving import ask, ask_key, give, letters, photo, type_in, word

pytestmark = pytest.mark.django_db
TODAY = date(2026, 11, 10)


@pytest.fixture(autouse=True)
def _today(time_machine):
    time_machine.move_to("2026-11-10T09:00:00+01:00", tick=False)


@pytest.fixture
def louane():
    return MemberFactory(first_name="Louane")


@pytest.fixture
def claire(louane):
    return parent_of(louane, email="claire@example.org")


@pytest.fixture
def sheet():
    return DocumentTypeFactory(name="Fiche sanitaire", per_member=True, is_health=True)


@pytest.fixture
def canteen():
    """Asks for nothing."""
    return service_asking(commune__name="Saint-Marcel", audiences=("Commune", "Hors commune"))


@pytest.fixture
def strict(sheet):
    """Asks for a health sheet."""
    return service_asking(sheet, commune__name="Saint-Marcel")


@pytest.fixture
def agent(strict):
    return AgentFactory(communes=[strict.commune])


def states() -> list[tuple[str, str, str]]:
    rows = RequestLine.objects.order_by("pk").select_related("member", "audience")
    return [(row.member.first_name, row.audience.name, row.status) for row in rows]


# --- Asking -----------------------------------------------------------------------------------------------------------
@pytest.mark.seed("S2-45", "S3-59")
def test_a_complete_request_waits_for_an_agent_and_the_person_is_told(claire, canteen):
    ask(claire, canteen)
    assert states() == [("Louane", "Commune", "pending")]
    request = AccessRequest.objects.get()
    assert (request.family, request.asked_by) == (claire.guardian.family, claire)
    assert letters(claire) == ["access_asked"]
    assert OutgoingEmail.objects.get().context["complete"] is True


def test_several_members_are_asked_for_at_once_each_in_their_own_situation(claire, louane, canteen):
    theo = MemberFactory(first_name="Théo")
    Membership.objects.create(family=claire.guardian.family, member=theo)
    ask(claire, canteen, {theo.pk: canteen.audiences.get(name="Hors commune").pk})
    assert sorted(states()) == [("Louane", "Commune", "pending"), ("Théo", "Hors commune", "pending")]
    assert AccessRequest.objects.count() == 1


def test_the_same_click_twice_is_one_request_one_answer_and_one_email(claire, canteen):
    key = ask_key(claire, canteen)
    answers = [ask(claire, canteen, key=key) for _ in range(2)]
    assert answers[0] == answers[1] == {"request": AccessRequest.objects.get().pk}
    assert (len(states()), letters(claire)) == (1, ["access_asked"])


def test_asking_again_for_what_waits_or_is_accepted_changes_and_mails_nothing(claire, louane, canteen):
    line(canteen, claire.guardian.family, louane, "accepted")
    ask(claire, canteen, audience=canteen.audiences.get(name="Hors commune"))
    assert states() == [("Louane", "Commune", "accepted")]
    assert letters(claire) == []


@pytest.mark.parametrize("status", ["refused", "expired"])
def test_a_refused_or_expired_line_is_asked_again_in_the_situation_chosen_now(claire, louane, canteen, status):
    line(canteen, claire.guardian.family, louane, status, audience=canteen.audiences.get(name="Hors commune"))
    ask(claire, canteen, audience=canteen.audiences.get(name="Commune"))
    assert states() == [("Louane", "Commune", "pending")]
    again = RequestLine.objects.get()
    assert (again.reason, again.decided_at, again.decided_by) == ("", None, None)
    assert letters(claire) == ["access_asked"]


def test_a_refused_line_that_lacks_a_piece_waits_for_it(claire, louane, strict):
    line(strict, claire.guardian.family, louane, "refused")
    ask(claire, strict)
    assert RequestLine.objects.get().status == "incomplete"


def test_both_guardians_of_a_family_speak_of_the_same_request(claire, canteen):
    father = GuardianFactory(family=claire.guardian.family).user
    assert ask(claire, canteen) == ask(father, canteen)
    assert AccessRequest.objects.count() == 1


def test_separated_parents_each_have_their_own_request_for_their_child(claire, louane, strict, sheet):
    other = parent_of(louane)
    for parent in (claire, other):
        ask(parent, strict)
    give(claire, sheet, louane)
    by_family = {row.request.family_id: row.status for row in RequestLine.objects.select_related("request")}
    assert by_family == {claire.guardian.family_id: "pending", other.guardian.family_id: "incomplete"}


def refusal(user, service, choices):
    with pytest.raises(NotAskable) as caught:
        ask_access(user=user, service=service, choices=choices, key=ask_key(user, service))
    assert AccessRequest.objects.count() == 0
    return caught.value.sentences


def test_another_familys_child_is_not_asked_for(claire, canteen):
    child = parent_of(MemberFactory()).guardian.family.members.get()
    assert refusal(claire, canteen, {child.pk: canteen.audiences.first().pk}) == [
        "Une personne choisie ne figure pas dans vos filiations."
    ]


def test_a_withdrawn_child_is_not_asked_for(claire, louane, canteen):
    louane.memberships.update(withdrawn_at=timezone.now())
    assert refusal(claire, canteen, {louane.pk: canteen.audiences.first().pk}) == [
        "Une personne choisie ne figure pas dans vos filiations."
    ]


def test_a_situation_of_another_service_is_not_one(claire, louane, canteen):
    assert refusal(claire, canteen, {louane.pk: AudienceFactory().pk}) == [
        "Choisissez une situation proposée par ce service."
    ]


@pytest.mark.seed("S3-80")
@pytest.mark.parametrize(
    ("birth", "people", "whom"), [(date(2018, 5, 10), "adults", "adultes"), (date(1988, 5, 10), "children", "enfants")]
)
def test_a_situation_for_adults_is_not_for_children_nor_the_other_way_round(canteen, birth, people, whom):
    member = MemberFactory(first_name="Louane", birth_date=birth)
    audience = AudienceFactory(service=canteen, name="Repas", people=people)
    assert refusal(parent_of(member), canteen, {member.pk: audience.pk}) == [
        f"Louane Dupont : la situation « Repas » est réservée aux {whom}."
    ]


def test_all_reasons_are_told_at_once(claire):
    service = service_asking(is_open=False)
    assert refusal(claire, service, {0: 0}) == [
        "Ce service n’est plus ouvert aux familles.",
        "Une personne choisie ne figure pas dans vos filiations.",
        "Choisissez une situation proposée par ce service.",
    ]


def test_an_open_service_is_not_asked_for(claire, louane):
    service = ServiceFactory()
    assert refusal(claire, service, {louane.pk: AudienceFactory(service=service).pk}) == [
        "Ce service est ouvert à toutes les familles : réservez sans faire de demande."
    ]


def test_nobody_chosen_is_told(claire, canteen):
    with pytest.raises(NobodyChosen):
        ask_access(user=claire, service=canteen, choices={}, key=ask_key(claire, canteen))
    assert AccessRequest.objects.count() == 0


def test_a_key_made_for_another_service_or_person_asks_for_nothing(claire, canteen, strict):
    for key in ("", "forged", ask_key(claire, strict), ask_key(parent_of(), canteen)):
        with pytest.raises(StalePage):
            ask(claire, canteen, key=key)
    assert AccessRequest.objects.count() == 0


# --- Pieces and the requests that wait for them -----------------------------------------------------------------------
@pytest.mark.seed("S2-28", "S2-31", "S2-45")
def test_a_request_is_sent_when_its_last_mandatory_piece_comes(claire, louane, sheet):
    insurance, iban = DocumentTypeFactory(name="Assurance"), DocumentTypeFactory(name="IBAN", kind="iban")
    ask(claire, service_asking(sheet, insurance, optional=(iban,)))
    seen = [(RequestLine.objects.get().status, RequestLine.objects.get().reason)]
    for type, member in ((sheet, louane), (insurance, None)):
        give(claire, type, member)
        seen.append((RequestLine.objects.get().status, RequestLine.objects.get().reason))
    assert seen == [
        ("incomplete", "Il manque : Fiche sanitaire (Louane), Assurance."),
        ("incomplete", "Il manque : Assurance."),
        ("pending", ""),
    ]
    assert [row.context["complete"] for row in OutgoingEmail.objects.order_by("pk")] == [False, True]


def test_a_piece_given_once_serves_every_service_that_asks_for_it(claire, louane, strict, sheet):
    give(claire, sheet, louane)
    for service in (strict, service_asking(sheet, name="Garderie")):
        ask(claire, service)
    assert [status for *_, status in states()] == ["pending", "pending"]


def test_one_piece_brings_forward_every_request_that_waited_for_it(claire, louane, strict, sheet):
    for service in (strict, service_asking(sheet, name="Garderie")):
        ask(claire, service)
    give(claire, sheet, louane)
    assert [status for *_, status in states()] == ["pending", "pending"]
    assert letters(claire) == ["access_asked"] * 4


def test_a_sheet_of_one_child_does_not_serve_the_other(claire, louane, strict, sheet):
    theo = MemberFactory(first_name="Théo")
    Membership.objects.create(family=claire.guardian.family, member=theo)
    ask(claire, strict)
    give(claire, sheet, louane)
    assert sorted((name, status) for name, _, status in states()) == [("Louane", "pending"), ("Théo", "incomplete")]


def test_a_newer_piece_takes_the_place_of_the_older_one(claire, louane, sheet):
    older, newer = give(claire, sheet, louane), give(claire, sheet, louane)
    older.refresh_from_db()
    assert (older.replaced_at, list(SupportingDocument.objects.current())) == (timezone.now(), [newer])


def test_the_same_click_twice_gives_one_piece(claire, louane, sheet):
    key = make_key(claire.owner, f"piece:{sheet.pk}:{louane.pk}")
    assert give(claire, sheet, louane, key=key) == give(claire, sheet, louane, key=key)
    assert SupportingDocument.objects.count() == 1


def test_a_key_of_another_piece_gives_nothing(claire, louane, sheet):
    with pytest.raises(StalePage):
        give(claire, sheet, louane, key=make_key(claire.owner, f"piece:{sheet.pk}:0"))
    assert SupportingDocument.objects.count() == 0


@pytest.mark.seed("S2-36")
def test_a_file_is_kept_encrypted_with_its_clean_name_for_twelve_months(claire, louane, sheet):
    given = give(claire, sheet, louane, photo("../../fiche\u202e santé.png.PNG"))
    assert (given.label, given.media_type, given.expires_on) == ("fiche santé.png", "image/png", date(2027, 11, 10))
    assert (given.family, given.member, given.given_by, given.status) == (
        claire.guardian.family,
        louane,
        claire,
        "pending",
    )
    assert vault.open(given.blob_key, f"family:{given.family_id}").startswith(b"\x89PNG")
    with pytest.raises(Exception, match="Ce document ne peut pas être ouvert"):
        vault.open(given.blob_key, "family:0")


@pytest.mark.parametrize(("file", "refused"), [(word(), OfficeFile), (SimpleUploadedFile("a.pdf", b""), EmptyFile)])
def test_a_refused_file_leaves_the_piece_that_stood(claire, louane, sheet, file, refused):
    older = give(claire, sheet, louane)
    file.seek(0)
    with pytest.raises(refused):
        give(claire, sheet, louane, file)
    assert list(SupportingDocument.objects.current()) == [older]


@pytest.mark.seed("S2-37", "S2-38", "S2-39", "S2-40")
def test_iban_and_bic_are_checked_kept_encrypted_and_only_the_ends_of_the_iban_shown(claire):
    iban, bic = DocumentTypeFactory(name="IBAN", kind="iban"), DocumentTypeFactory(name="BIC", kind="bic")
    given = [type_in(claire, iban, " fr14 2004 1010 0505 0001 3m02 606"), type_in(claire, bic, "psstfrppPAR")]
    assert [(row.label, read_text(row)) for row in given] == [("FR14 •••• 2606", IBAN), (BIC, BIC)]
    assert [row.expires_on for row in given] == [date(2027, 11, 10)] * 2
    (blob,) = (path for path in settings.DOCUMENTS_ROOT.rglob(given[0].blob_key))
    assert IBAN.encode() not in blob.read_bytes()


@pytest.mark.parametrize("typed", ["", "  ", "FR14", f"{IBAN[:-1]}7", "XX00 1234", "é" * 30, "F" * 300, OUTSIDE[0]])
def test_a_wrong_iban_is_refused_with_a_sentence(claire, typed):
    with pytest.raises(WrongPiece) as refused:
        type_in(claire, DocumentTypeFactory(kind="iban"), typed)
    assert len(refused.value.sentences) == 1
    assert SupportingDocument.objects.count() == 0


@pytest.mark.parametrize("typed", ["PSST", "PSSTFRPP1", "PSST0RPP", "PSSTFRPP PARIS"])
def test_a_wrong_bic_is_refused_with_a_sentence(claire, typed):
    with pytest.raises(WrongPiece, match="Ce BIC n’est pas valable"):
        type_in(claire, DocumentTypeFactory(kind="bic"), typed)


def test_a_plain_text_says_nothing_of_itself_outside_the_vault(claire):
    given = type_in(claire, DocumentTypeFactory(kind="text"), "  Docteur   Martin ")
    assert (given.label, read_text(given)) == ("Texte de 14 caractères", "Docteur Martin")


def test_a_piece_for_another_familys_child_or_for_nobody_is_refused(claire, louane, sheet):
    stranger = parent_of(MemberFactory()).guardian.family.members.get()
    for type, member in ((sheet, stranger), (sheet, None), (DocumentTypeFactory(), louane)):
        with pytest.raises(NotForThem):
            give(claire, type, member)
    assert SupportingDocument.objects.count() == 0


@pytest.mark.parametrize("value", [None, -1, 100_000])
def test_a_quotient_is_given_with_its_number(claire, value):
    with pytest.raises(WrongPiece, match="Indiquez votre quotient familial"):
        give(claire, DocumentTypeFactory(kind="quotient"), declared_value=value)


def test_the_account_of_a_family_is_what_it_gave_and_no_agent_refused(claire):
    family = claire.guardian.family
    text(family, "iban", IBAN, status="refused")
    with pytest.raises(IbanMissing):
        account_of(family)
    text(family, "bic", BIC)
    SupportingDocument.objects.filter(type__kind="iban").update(replaced_at=timezone.now())
    text(family, "iban", IBAN, status="validated")
    assert account_of(family) == {"iban": IBAN, "bic": BIC, "holder": "Claire Dupont"}


def test_an_account_outside_the_sepa_zone_given_in_other_times_opens_no_mandate(claire):
    text(claire.guardian.family, "iban", OUTSIDE[0], status="validated")
    with pytest.raises(IbanMissing, match="hors de la zone SEPA"):
        account_of(claire.guardian.family)


# --- Reading ----------------------------------------------------------------------------------------------------------
def test_readings_of_health_data_and_of_agents_are_inscribed(claire, louane, sheet, agent):
    health, other = give(claire, sheet, louane), give(claire, DocumentTypeFactory())
    for reader in (claire, agent):
        for row in (health, other):
            assert read_document(user=reader, document=row).startswith(b"\x89PNG")
    inscribed = [(reading.by, reading.document) for reading in DocumentReading.objects.order_by("pk")]
    assert inscribed == [(claire, health), (agent, health), (agent, other)]


def test_nobody_reads_what_the_antivirus_has_not_seen(claire, louane, sheet):
    given = document(claire.guardian.family, sheet, member=louane, is_quarantined=True)
    with pytest.raises(NotScanned):
        read_document(user=claire, document=given)
    assert DocumentReading.objects.count() == 0


def test_what_the_retention_erased_is_gone(claire, louane, sheet):
    given = document(claire.guardian.family, sheet, member=louane)
    given.blob_key = ""
    with pytest.raises(DocumentMissing):
        read_document(user=claire, document=given)


@pytest.mark.seed("S2-32")
def test_a_type_offers_its_blank_form(sheet):
    with pytest.raises(DocumentMissing):
        read_blank(sheet)
    keep_blank(AgentFactory(), sheet, photo("Fiche vierge.png"))
    kept = DocumentType.objects.get()
    assert (kept.blank_label, read_blank(kept)[:4]) == ("Fiche vierge.png", b"\x89PNG")


# --- Decisions --------------------------------------------------------------------------------------------------------
@pytest.mark.seed("S2-46", "S3-60")
def test_a_line_is_accepted_once_its_mandatory_pieces_are_validated(claire, louane, strict, sheet, agent):
    ask(claire, strict)
    mine = RequestLine.objects.get()
    with pytest.raises(PiecesMissing) as refused:
        accept_lines(agent=agent, lines=[mine.pk])
    assert refused.value.sentences == ["Louane Dupont : il manque Fiche sanitaire (Louane)."]
    given = give(claire, sheet, louane)
    with pytest.raises(PiecesMissing) as refused:
        accept_lines(agent=agent, lines=[mine.pk])
    assert refused.value.sentences == ["Louane Dupont : à valider d’abord : Fiche sanitaire (Louane)."]
    decide_document(agent=agent, document=given, accept=True)
    assert [accept_lines(agent=agent, lines=[mine.pk]) for _ in range(2)] == [1, 0]
    mine.refresh_from_db()
    assert (mine.status, mine.decided_by, mine.decided_at) == ("accepted", agent, timezone.now())
    assert letters(claire)[-1] == "lines_decided"
    assert letters(claire).count("lines_decided") == 1


def test_agents_of_other_communes_decide_nothing(claire, louane, strict, sheet):
    ask(claire, strict)
    given, stranger = give(claire, sheet, louane), AgentFactory(communes=[ServiceFactory().commune])
    lines = [RequestLine.objects.get().pk]
    for decide in (
        lambda: accept_lines(agent=stranger, lines=lines),
        lambda: refuse_lines(agent=stranger, lines=lines, reason="Non."),
        lambda: decide_document(agent=stranger, document=given, accept=True),
    ):
        with pytest.raises(NotYours):
            decide()
    assert states()[0][2] == "pending"


def test_a_refusal_says_why(claire, canteen):
    ask(claire, canteen)
    agent = AgentFactory(communes=[canteen.commune])
    with pytest.raises(ReasonNeeded):
        refuse_lines(agent=agent, lines=[RequestLine.objects.get().pk], reason="  ")
    refuse_lines(agent=agent, lines=[RequestLine.objects.get().pk], reason=" Hors du territoire. ")
    assert (RequestLine.objects.get().status, RequestLine.objects.get().reason) == ("refused", "Hors du territoire.")


def test_a_refused_piece_sends_the_request_back_and_a_new_one_forward(claire, louane, strict, sheet, agent):
    ask(claire, strict)
    decide_document(agent=agent, document=give(claire, sheet, louane), accept=False, reason="Illisible.")
    seen = [(RequestLine.objects.get().status, RequestLine.objects.get().reason)]
    give(claire, sheet, louane)
    seen.append((RequestLine.objects.get().status, RequestLine.objects.get().reason))
    assert seen == [("incomplete", "Il manque : Fiche sanitaire (Louane)."), ("pending", "")]
    assert letters(claire) == ["access_asked", "access_asked", "document_refused", "access_asked"]


def test_what_an_agent_asked_for_stays_asked_while_another_piece_is_validated(claire, louane, strict, sheet, agent):
    given = give(claire, sheet, louane)
    line(strict, claire.guardian.family, louane, "incomplete", reason="La page 2 est illisible.")
    decide_document(agent=agent, document=given, accept=True)
    assert (RequestLine.objects.get().status, RequestLine.objects.get().reason) == (
        "incomplete",
        "La page 2 est illisible.",
    )


@pytest.mark.seed("S2-41", "S2-48")
def test_a_validated_mandate_becomes_the_familys_sepa_mandate(claire, louane):
    mandate = DocumentTypeFactory(name="Mandat", kind="mandate")
    service = service_asking(optional=(mandate,))
    family, agent = claire.guardian.family, AgentFactory(communes=[service.commune])
    ask(claire, service)
    given = give(claire, mandate)
    with pytest.raises(IbanMissing):
        decide_document(agent=agent, document=given, accept=True)
    assert SupportingDocument.objects.get(type=mandate).status == "pending"
    text(family, "iban", IBAN)
    for _ in range(2):
        decide_document(agent=agent, document=given, accept=True)
    stands = SepaMandate.objects.get()
    assert (stands.family, stands.rum, stands.iban, stands.holder) == (
        family,
        f"{family.reference}-M1",
        IBAN,
        "Claire Dupont",
    )
    assert stands.signed_on == TODAY


def test_a_validated_attestation_becomes_the_familys_quotient(claire):
    attestation = DocumentTypeFactory(kind="quotient")
    service = service_asking(attestation)
    ask(claire, service)
    given = give(claire, attestation, declared_value=640)
    agent = AgentFactory(communes=[service.commune])
    decide_document(agent=agent, document=given, accept=True, effective_from=date(2026, 12, 1))
    quotient = claire.guardian.family.quotients.get()
    assert (quotient.value, quotient.effective_from, quotient.recorded_by) == (640, date(2026, 12, 1), agent)
