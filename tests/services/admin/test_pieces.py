"""Pieces: agents open, validate and refuse what their services asked for; managers keep the types of pieces."""

from datetime import date, timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db.migrations.recorder import MigrationRecorder
from django.urls import reverse
from django.utils import timezone

from common.models import OutgoingEmail
from families.actions.mandates import SignedInTheFuture
from families.models import Quotient, SepaMandate
from services.actions.documents import read_blank
from services.models import DocumentReading, DocumentType, SupportingDocument
from services.reads.desk import SINCE
from tests.factories.accounts import AgentFactory, CommuneFactory, ManagerFactory
from tests.factories.families import MemberFactory, parent_of
from tests.factories.sepa import KEYLESS
from tests.factories.services import IBAN, PDF, DocumentTypeFactory, document, line, service_asking, text
from tests.forms import fields_of
from tests.services.agents import Desk, faults, letters, page_of, status_of, statuses, told, words

pytestmark = pytest.mark.django_db
LIST = reverse("admin:services_supportingdocument_changelist")
TYPES = reverse("admin:services_documenttype_changelist")
LIST_QUERIES, PAGE_QUERIES = 7, 7
TODAY = timezone.localdate
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108020000009077"
    "53de0000000c49444154789c63606060000000040001f61738550000000049454e44ae426082"
)


@pytest.fixture
def desk():
    return Desk(piece="pending")


@pytest.fixture
def browser(visitor, desk):
    return visitor(desk.agent)


def piece_of(desk, kind, **fields):
    """A piece of another kind that the service asks for too."""
    type = DocumentTypeFactory(name=f"Pièce {kind}", kind=kind)
    desk.service.required_documents.create(type=type, is_mandatory=False)
    return document(desk.family, type, **fields)


def decide(browser, piece, word, query: str = "", **fields):
    """Open the page of a decision and confirm it."""
    page = page_of(piece, word) + query
    return browser.post(page, fields_of(browser.get(page)) | fields, follow=True)


def found(response) -> list:
    return list(response.context["cl"].result_list)


# --- The list -----------------------------------------------------------------------------------------------------------
def test_the_list_shows_what_is_to_validate_oldest_first(browser, desk):
    older = piece_of(desk, "file", given_at=timezone.now() - timedelta(3))
    piece_of(desk, "mandate", status="validated")
    document(desk.family, DocumentTypeFactory(name="Que personne ne demande"))
    assert found(browser.get(LIST)) == [older, desk.piece]


def test_a_piece_that_a_newer_one_replaced_is_not_there(browser, desk):
    SupportingDocument.objects.filter(pk=desk.piece.pk).update(replaced_at=timezone.now())
    assert found(browser.get(LIST)) == []
    assert browser.get(page_of(desk.piece)).status_code == 404


@pytest.mark.parametrize(("days", "listed"), [(-1, False), (0, True), (30, True), (31, False)])
def test_pieces_whose_last_day_comes_within_30_days_are_found(browser, desk, days, listed):
    expires_on = TODAY() + timedelta(days)
    piece = piece_of(desk, "file", status="validated", expires_on=expires_on)
    assert found(browser.get(LIST, {"statut": "validated", "echeance": "30"})) == ([piece] if listed else [])


def test_pieces_are_found_by_service_and_by_name(browser, desk):
    garderie = service_asking(DocumentTypeFactory(name="Certificat"), commune=desk.commune, name="Garderie")
    child = MemberFactory(first_name="Malo", last_name="Roux")
    family = parent_of(child, first_name="Yann").guardian.family
    line(garderie, family, child, "pending")
    theirs = document(family, DocumentType.objects.get(name="Certificat"))
    assert found(browser.get(LIST, {"service": garderie.pk})) == [theirs]
    assert [found(browser.get(LIST, {"q": term})) for term in ("yann", family.reference)] == [[theirs], [theirs]]


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_and_the_page_cost_the_same_whatever_there_is(browser, desk, count, django_assert_num_queries):
    for number in range(count - 1):
        desk.another(f"Enfant{number}", piece="pending")
        DocumentReading.objects.create(document=desk.piece, by=desk.agent)
        line(desk.service, desk.family, MemberFactory(), "pending")
    browser.get(LIST)
    with django_assert_num_queries(LIST_QUERIES):
        browser.get(LIST)
    with django_assert_num_queries(PAGE_QUERIES):
        browser.get(page_of(desk.piece))


# --- Whose pieces -------------------------------------------------------------------------------------------------------
def strangers(desk):
    """Agents of another commune, and of another service by name."""
    other = service_asking(commune=desk.commune, name="Garderie")
    named = AgentFactory(communes=[desk.commune])
    other.agents.set([named])
    return [AgentFactory(communes=[CommuneFactory()]), named]


def test_agents_of_another_commune_or_service_find_open_and_decide_nothing(visitor, desk):
    for agent in strangers(desk):
        browser = visitor(agent)
        assert found(browser.get(LIST, {"statut": "toutes"})) == []
        looks = [
            browser.get(page_of(desk.piece, page)).status_code for page in ["change", "history", "valider", "refuser"]
        ]
        sends = [
            browser.post(page_of(desk.piece, word), {"seen": "pending", "reason": "Non."}).status_code
            for word in ["ouvrir", "valider", "refuser"]
        ]
        assert looks + sends == [404] * 7
    assert (status_of(desk.piece), DocumentReading.objects.count(), letters()) == ("pending", 0, [])


def test_pieces_are_neither_added_nor_deleted_nor_edited_as_fields(visitor, desk):
    browser = visitor(ManagerFactory())
    assert browser.get(reverse("admin:services_supportingdocument_add")).status_code == 403
    assert browser.post(page_of(desk.piece, "delete"), {"post": "yes"}).status_code == 403
    assert browser.post(page_of(desk.piece), {"status": "validated"}).status_code == 405
    assert status_of(desk.piece) == "pending"


# --- Opening ------------------------------------------------------------------------------------------------------------
def test_opening_gives_a_download_that_nothing_keeps_and_inscribes_the_reading(browser, desk):
    response = browser.post(page_of(desk.piece, "ouvrir"))
    assert (response.content, response["Content-Type"]) == (PDF, "application/pdf")
    assert response["Content-Disposition"] == 'attachment; filename="fiche.pdf"'
    assert "no-store" in response["Cache-Control"]
    assert list(DocumentReading.objects.values_list("document", "by")) == [(desk.piece.pk, desk.agent.pk)]
    assert "Agnès Martin, le" in words(browser.get(page_of(desk.piece)))


def test_a_piece_is_not_opened_by_a_link(browser, desk):
    """Reading is inscribed, so that looking ahead or a restored tab must not do it."""
    assert browser.get(page_of(desk.piece, "ouvrir")).status_code == 405
    assert DocumentReading.objects.count() == 0


def test_a_text_is_shown_on_a_page_and_its_reading_inscribed(browser, desk):
    piece = text(desk.family, "iban", IBAN, label="FR14 •••• 2606")
    desk.service.required_documents.create(type=piece.type)
    assert "FR14 2004" not in words(browser.get(page_of(piece)))
    response = browser.post(page_of(piece, "ouvrir"))
    assert "FR14 2004 1010 0505 0001 3M02 606" in words(response)
    assert "no-store" in response["Cache-Control"]
    assert DocumentReading.objects.count() == 1


def test_the_agent_who_reads_an_iban_is_warned_of_its_rib_key(browser, desk):
    piece = text(desk.family, "iban", KEYLESS)
    desk.service.required_documents.create(type=piece.type)
    assert "La clé RIB de l’IBAN FR84 •••• 2607" in words(browser.post(page_of(piece, "ouvrir")))


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"is_quarantined": True}, "Ce fichier attend l’analyse de l’antivirus : réessayez un peu plus tard."),
        ({"blob_key": ""}, "Ce document n’est plus disponible."),
        ({"blob_key": "0" * 32}, "Ce document n’est plus disponible."),
    ],
)
def test_a_piece_that_cannot_be_opened_says_why(browser, desk, fields, sentence):
    SupportingDocument.objects.filter(pk=desk.piece.pk).update(**fields)
    answer = browser.post(page_of(desk.piece, "ouvrir"), follow=True)
    assert told(answer)[0].startswith(sentence)
    assert DocumentReading.objects.count() == 0


# --- Deciding -----------------------------------------------------------------------------------------------------------
def test_a_piece_is_validated_in_one_click_from_the_page_of_the_request(browser, desk):
    page = browser.get(page_of(desk.line))
    address = f"{page_of(desk.piece, 'valider')}?demande={desk.line.pk}"
    assert f'action="{address}"' in page.content.decode()
    answer = browser.post(address, {"seen": "pending"}, follow=True)
    assert answer.redirect_chain == [(f"{page_of(desk.line)}?", 302)]
    assert (status_of(desk.piece), told(answer), letters()) == (
        "validated",
        ["Attestation – Famille Dupont : pièce validée."],
        [],
    )
    assert 'value="Accepter"' in answer.content.decode()
    assert "Pièce validée" in words(browser.get(page_of(desk.piece, "history"), follow=True))


def test_a_piece_is_refused_with_the_email_that_was_shown_and_the_request_waits_for_another(browser, desk):
    shown = browser.get(page_of(desk.piece, "refuser")).context["email"]
    assert letters() == []
    answer = decide(browser, desk.piece, "refuser", f"?demande={desk.line.pk}", reason="Illisible.")
    assert answer.redirect_chain[0][0] == f"{page_of(desk.line)}?"
    assert (status_of(desk.piece), statuses(desk.line)) == ("refused", ["incomplete"])
    sent = OutgoingEmail.objects.get(template="services/document_refused")
    assert (sent.to, sent.context["reason"]) == ("claire@example.org", "Illisible.")
    assert shown[0] == "Une pièce est refusée : Attestation – Famille Dupont"
    assert "pour cette raison : (votre motif)" in " ".join(shown[1].split())


@pytest.mark.parametrize(
    ("word", "fields", "becomes"), [("valider", {}, "validated"), ("refuser", {"reason": "Non."}, "refused")]
)
def test_a_decision_confirmed_twice_is_one_and_says_the_same(browser, desk, word, fields, becomes):
    sent = fields_of(browser.get(page_of(desk.piece, word))) | fields
    answers = [browser.post(page_of(desk.piece, word), sent, follow=True) for _ in range(2)]
    assert told(answers[0]) == told(answers[1])
    assert (status_of(desk.piece), len(letters())) == (becomes, int(becomes == "refused"))


def test_what_another_agent_decided_meanwhile_is_told_and_stays(browser, desk):
    sent = fields_of(browser.get(page_of(desk.piece, "refuser"))) | {"reason": "Illisible."}
    SupportingDocument.objects.filter(pk=desk.piece.pk).update(status="validated", decided_at=timezone.now())
    answer = browser.post(page_of(desk.piece, "refuser"), sent)
    assert faults(answer) == ["Cette étape n’est plus possible : l’état a changé entre-temps. Rechargez la page."]
    assert (status_of(desk.piece), letters()) == ("validated", [])


def test_a_refusal_needs_its_reason(browser, desk):
    answer = decide(browser, desk.piece, "refuser", reason=" ")
    assert faults(answer) == ["Indiquez le motif : la famille le lira."]
    assert status_of(desk.piece) == "pending"


def test_a_file_that_no_antivirus_has_seen_is_not_validated(browser, desk):
    SupportingDocument.objects.filter(pk=desk.piece.pk).update(is_quarantined=True)
    answer = decide(browser, desk.piece, "valider")
    assert faults(answer) == ["Ce fichier attend l’analyse de l’antivirus : réessayez un peu plus tard."]
    assert status_of(desk.piece) == "pending"


def test_a_validated_piece_found_wrong_is_refused_later(visitor):
    desk = Desk()
    decide(visitor(desk.agent), desk.piece, "refuser", reason="C’est celle de l’an dernier.")
    assert status_of(desk.piece) == "refused"


@pytest.mark.parametrize("line_named", ["x", "9" * 30, "²"])
def test_a_forged_way_back_leads_to_the_list(browser, desk, line_named):
    answer = decide(browser, desk.piece, "valider", f"?demande={line_named}")
    assert answer.redirect_chain[0][0].startswith(LIST)


# --- Quotients and mandates -----------------------------------------------------------------------------------------------
def test_a_quotient_counts_from_the_day_that_the_agent_types_today_at_first(browser, desk):
    piece = piece_of(desk, "quotient", declared_value=512)
    form = browser.get(page_of(piece, "valider")).context["form"]
    assert form["effective_from"].value() == TODAY()
    decide(browser, piece, "valider", effective_from="2026-12-01")
    recorded = Quotient.objects.values_list("family", "value", "effective_from", "recorded_by")
    assert list(recorded) == [(desk.family.pk, 512, date(2026, 12, 1), desk.agent.pk)]


def test_a_quotient_validated_twice_is_recorded_once(browser, desk):
    piece = piece_of(desk, "quotient", declared_value=512)
    for day in ("2026-12-01", "2027-01-01"):
        browser.post(page_of(piece, "valider"), {"seen": "pending", "effective_from": day})
    assert [row.effective_from for row in Quotient.objects.all()] == [date(2026, 12, 1)]


def test_a_signed_mandate_becomes_the_familys_with_the_iban_they_gave(browser, desk):
    text(desk.family, "iban", IBAN)
    piece = piece_of(desk, "mandate")
    decide(browser, piece, "valider", effective_from="2026-10-05")
    mandate = SepaMandate.objects.get()
    assert (mandate.family, mandate.iban, mandate.signed_on) == (desk.family, IBAN, date(2026, 10, 5))
    assert mandate.rum == f"{desk.family.reference}-M1"


def test_a_mandate_without_an_iban_is_not_validated(browser, desk):
    piece = piece_of(desk, "mandate")
    answer = decide(browser, piece, "valider")
    assert faults(answer) == ["Donnez d’abord l’IBAN du compte à prélever."]
    assert (status_of(piece), SepaMandate.objects.count()) == ("pending", 0)


@pytest.mark.parametrize(
    ("kind", "day", "sentence"),
    [
        ("quotient", "1999-12-31", "Cette date n’est pas plausible."),
        ("quotient", "2099-01-01", "Cette date n’est pas plausible."),
        ("quotient", "demain", "Saisissez une date valide."),
        ("quotient", "", "Ce champ est obligatoire."),
        ("mandate", "1999-12-31", "Cette date n’est pas plausible."),
        ("mandate", "2099-01-01", SignedInTheFuture.sentence),
        ("mandate", str(date.today() + timedelta(1)), SignedInTheFuture.sentence),
    ],
)
def test_a_day_that_makes_no_sense_is_refused_with_a_sentence(browser, desk, kind, day, sentence):
    piece = piece_of(desk, kind, declared_value=512)
    answer = decide(browser, piece, "valider", effective_from=day)
    assert (faults(answer), status_of(piece)) == ([sentence], "pending")


@pytest.mark.parametrize("kind", ["quotient", "mandate"])
def test_a_piece_that_takes_effect_on_a_day_is_validated_on_its_own_page(browser, desk, kind):
    piece = piece_of(desk, kind, declared_value=512)
    page = browser.get(page_of(desk.line)).content.decode()
    assert f'href="{page_of(piece, "valider")}?demande={desk.line.pk}"' in page
    assert f'action="{page_of(piece, "valider")}' not in page


# --- What services ask for ------------------------------------------------------------------------------------------------
@pytest.mark.seed("S2-30")
def test_an_agent_says_what_a_service_asks_for(browser, desk):
    other = DocumentTypeFactory(name="Certificat médical", per_member=True)
    page = reverse("admin:services_service_change", args=[desk.service.pk])
    added = {
        "required_documents-1-type": other.pk,
        "required_documents-1-rank": "1",
        "required_documents-1-is_mandatory": "",
    }
    fields = {name: value for name, value in (fields_of(browser.get(page)) | added).items() if value != ""}
    assert browser.post(page, fields).status_code == 302
    asked = desk.service.required_documents.values_list("type__name", "is_mandatory")
    assert list(asked) == [("Attestation", True), ("Certificat médical", False)]


def test_the_agents_of_a_service_are_chosen_by_managers_among_those_of_its_commune(visitor, desk):
    page = reverse("admin:services_service_change", args=[desk.service.pk])
    stranger = AgentFactory(communes=[CommuneFactory()])
    assert "agents" not in visitor(desk.agent).get(page).context["adminform"].form.fields
    visitor(desk.agent).post(page, fields_of(visitor(desk.agent).get(page)) | {"agents": [stranger.pk]})
    assert list(desk.service.agents.all()) == []
    manager = visitor(ManagerFactory())
    fields = fields_of(manager.get(page))
    refused = manager.post(page, fields | {"agents": [stranger.pk]})
    assert list(refused.context["adminform"].form.errors) == ["agents"]
    manager.post(page, fields | {"agents": [desk.agent.pk]})
    assert list(desk.service.agents.all()) == [desk.agent]


def test_types_of_pieces_are_the_managers_matter(browser, desk):
    pages = [TYPES, reverse("admin:services_documenttype_add")]
    pages += [page_of(desk.type, page) for page in ("change", "history", "formulaire", "telecharger")]
    assert [browser.get(page).status_code for page in pages] == [403] * 6
    assert browser.post(page_of(desk.type, "formulaire"), {"file": blank()}).status_code == 403


def blank(content=PNG, name="Fiche sanitaire.png"):
    return SimpleUploadedFile(name, content, "image/png")


def test_a_manager_offers_a_blank_form_that_is_cleaned_and_kept_encrypted(visitor, desk, settings):
    manager = visitor(ManagerFactory())
    answer = manager.post(page_of(desk.type, "formulaire"), {"file": blank(PNG + b"<script>")})
    desk.type.refresh_from_db()
    assert (answer.url, desk.type.blank_label) == (page_of(desk.type), "Fiche sanitaire.png")
    kept = read_blank(desk.type)
    assert kept.startswith(b"\x89PNG")
    assert b"<script>" not in kept
    download = manager.get(page_of(desk.type, "telecharger"))
    assert (download.content, download["Content-Disposition"][:10]) == (kept, "attachment")


@pytest.mark.parametrize(
    ("file", "beginning"),
    [
        (None, "Choisissez un fichier."),
        (("vide.png", b""), "Le fichier soumis est vide."),
        (("page.png", b"<html>"), "Ce fichier n’est pas un PDF ni une image"),
    ],
)
def test_a_blank_form_that_is_no_document_is_refused_with_a_sentence(visitor, desk, file, beginning):
    sent = {"file": blank(file[1], file[0])} if file else {}
    answer = visitor(ManagerFactory()).post(page_of(desk.type, "formulaire"), sent)
    assert faults(answer)[0].startswith(beginning)
    desk.type.refresh_from_db()
    assert desk.type.blank_key == ""


def test_without_a_blank_form_there_is_nothing_to_download(visitor, desk):
    assert visitor(ManagerFactory()).get(page_of(desk.type, "telecharger")).status_code == 404


def test_what_families_gave_keeps_its_meaning(visitor, desk):
    manager, unused = visitor(ManagerFactory()), DocumentTypeFactory(name="Neuve")
    for type, kind in [(desk.type, "file"), (unused, "text")]:
        page = page_of(type)
        manager.post(page, fields_of(manager.get(page)) | {"kind": "text", "name": f"{type.name} 2"})
        type.refresh_from_db()
        assert (type.name[-1], type.kind) == ("2", kind)
    assert manager.post(page_of(unused, "delete"), {"post": "yes"}).status_code == 403


def test_copies_of_forms_made_the_old_way_are_listed_and_the_page_says_what_is_known(browser, desk):
    installed = MigrationRecorder.Migration.objects.get(app="lib", name=SINCE).applied
    old = piece_of(desk, "file")
    SupportingDocument.objects.update(given_at=installed + timedelta(minutes=1))
    SupportingDocument.objects.filter(pk=old.pk).update(given_at=installed - timedelta(days=1))
    page = browser.get(LIST, {"copie": "ancienne", "statut": "toutes"})
    assert [row.pk for row in page.context["cl"].result_list] == [old.pk]
    assert "rien ne dit lesquels étaient des formulaires" in words(page)
    SupportingDocument.objects.filter(pk=old.pk).update(media_type="image/png")
    assert not browser.get(LIST, {"copie": "ancienne", "statut": "toutes"}).context["cl"].result_list
