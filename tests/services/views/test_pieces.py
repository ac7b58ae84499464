"""The document step, the mandate, « Mes documents », and who sees what."""

import io
import re
from datetime import date

import pypdf
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from common.documents import quota
from common.documents.limits import BLOCK, MIB
from common.models import Authority, authority
from families.models import Membership
from services.models import DocumentReading, SupportingDocument
from tests.factories.accounts import CommuneFactory, UserFactory
from tests.factories.families import GuardianFactory, MemberFactory, parent_of
from tests.factories.reservations import ActivityFactory
from tests.factories.sepa import JOINED, KEYLESS, OUTSIDE
from tests.factories.services import (
    BIC,
    IBAN,
    DocumentTypeFactory,
    document,
    line,
    service_asking,
    text,
)
from tests.services.giving import letters, photo, word
from tests.services.reading import DOCUMENTS, PDF_FILE, SERVICES, errors, give_pieces, told, words

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _today(time_machine):
    time_machine.move_to("2026-11-10T09:00:00+01:00")


# --- Pieces -----------------------------------------------------------------------------------------------------------
@pytest.fixture
def asked(canteen, family, louane):
    return line(canteen, family, louane, "incomplete")


@pytest.fixture
def pieces(canteen):
    return f"{SERVICES}{canteen.pk}/pieces/"


@pytest.mark.seed("S2-28", "S2-29", "S2-31", "S2-32", "S2-33", "S2-34", "S2-35", "S2-36")
def test_the_document_step_carries_the_phraseof_the_guide(visitor, claire, asked, sheet, pieces, louane):
    page = visitor(claire).get(pieces)
    html = page.content.decode()
    assert (
        "Fiche de renseignements relative à la santé de l’enfant (Louane) * "
        "Saisir ici la fiche complétée. 1 fiche par enfant. "
        "Merci de nous signaler tout changement en cours d’année scolaire. "
        "Télécharger le formulaire vierge pour Louane Choisir un fichier Aucun fichier choisi Validité : 12 mois"
    ) in words(page)
    assert f'href="/mes-services/formulaires/{sheet.pk}/"' in html
    field = f'<input type="file" name="piece-{sheet.pk}-{louane.pk}"'
    assert html.count(field) == 1
    assert re.search(r'<button class="btn btn-primary">.*?Valider</button>', html)


@pytest.mark.seed("S2-37", "S2-39", "S2-41", "S2-44")
def test_pieces_are_files_or_texts_mandatory_or_not(visitor, claire, asked, pieces):
    form = visitor(claire).get(pieces).context["form"]
    shown = [(field.label, field.widget.input_type) for field in form.fields.values()]
    assert shown == [
        ("Fiche de renseignements relative à la santé de l’enfant (Louane) *", "file"),
        ("IBAN", "text"),
        ("BIC", "text"),
        ("Mandat de prélèvement", "file"),
    ]


@pytest.mark.seed("S2-29", "S2-45", "S3-114")
def test_giving_the_mandatory_piece_sends_the_request(visitor, claire, asked, pieces, sheet, louane):
    client = visitor(claire)
    response = give_pieces(client, pieces, **{f"piece-{sheet.pk}-{louane.pk}": photo()})
    assert response.url == SERVICES
    assert told(client.get(SERVICES))[0].startswith("Votre demande est envoyée au service concerné.")
    asked.refresh_from_db()
    assert (asked.status, letters(claire)) == ("pending", ["access_asked"])
    (given,) = SupportingDocument.objects.all()
    assert (given.type, given.member, given.given_by, given.label) == (sheet, louane, claire, "fiche.png")


def test_each_good_piece_is_kept_even_when_another_is_refused(visitor, claire, asked, pieces, sheet, iban, louane):
    client = visitor(claire)
    field = f"piece-{sheet.pk}-{louane.pk}"
    response = give_pieces(client, pieces, **{field: word(), f"piece-{iban.pk}-0": IBAN})
    assert errors(response) == {
        field: [
            "Ce fichier vient d’un traitement de texte ou d’un tableur. Ouvrez-le, choisissez « Enregistrer au format "
            "PDF » ou « Exporter en PDF », puis envoyez le PDF."
        ]
    }
    assert told(response) == ["C’est enregistré : IBAN."]
    assert [row.type for row in SupportingDocument.objects.all()] == [iban]
    html = response.content.decode()
    assert f'aria-describedby="id_{field}_helptext id_{field}_error"' in html
    assert f'id="id_{field}_error"' in html
    assert "Déjà données IBAN FR14 •••• 2606 Valable jusqu’au 10-11-2027 En attente" in words(response)


def test_the_quota_of_the_day_is_told_before_and_when_it_is_reached(
    visitor, claire, family, asked, pieces, sheet, iban, louane
):
    client, field = visitor(claire), f"piece-{sheet.pk}-{louane.pk}"
    assert "10 Mo au plus chacun, 100 Mo par jour." in words(client.get(pieces))
    quota.count(family.owner, 99 * MIB)
    response = give_pieces(client, pieces, **{field: "", f"piece-{iban.pk}-0": IBAN})
    assert "Il reste 0 Mo à envoyer aujourd’hui, sur 100 Mo de documents par jour." in told(response)
    quota.count(family.owner, MIB - BLOCK)
    [sentence] = errors(give_pieces(client, pieces, **{field: photo()}))[field]
    assert sentence.startswith("Votre famille a déjà envoyé 100 Mo de documents aujourd’hui, sur 100 Mo par jour.")
    assert [row.type for row in SupportingDocument.objects.all()] == [iban]


def test_a_missing_mandatory_piece_is_told_at_its_field_and_the_others_are_kept(
    visitor, claire, asked, pieces, sheet, iban, louane
):
    response = give_pieces(visitor(claire), pieces, **{f"piece-{iban.pk}-0": IBAN})
    assert errors(response) == {
        f"piece-{sheet.pk}-{louane.pk}": ["Cette pièce est obligatoire : sans elle, votre demande attend."]
    }
    asked.refresh_from_db()
    assert (asked.status, SupportingDocument.objects.count()) == ("incomplete", 1)


@pytest.mark.parametrize("typed", ["FR14", "FR1420041010050500013M02607", "<script>", "\x00", "1" * 500])
def test_a_wrong_iban_is_told_at_its_field(visitor, claire, asked, pieces, sheet, iban, louane, typed):
    entered = {f"piece-{iban.pk}-0": typed, f"piece-{sheet.pk}-{louane.pk}": photo()}
    response = give_pieces(visitor(claire), pieces, **entered)
    assert list(errors(response)) == [f"piece-{iban.pk}-0"]
    assert [row.type for row in SupportingDocument.objects.all()] == [sheet]


@pytest.mark.parametrize("typed", [OUTSIDE[0], KEYLESS, *JOINED])
def test_an_iban_of_the_zone_is_kept_one_outside_told_a_wrong_rib_key_warned_of(
    visitor, claire, asked, pieces, sheet, iban, louane, typed
):
    entered = {f"piece-{iban.pk}-0": typed, f"piece-{sheet.pk}-{louane.pk}": photo()}
    client = visitor(claire)
    response = give_pieces(client, pieces, **entered)
    assert SupportingDocument.objects.filter(type=iban).exists() is (typed not in OUTSIDE)
    if typed in OUTSIDE:
        assert "hors de la zone SEPA" in str(errors(response))
    else:
        assert any("clé RIB" in sentence for sentence in told(client.get(response.url))) is (typed == KEYLESS)


def test_a_piece_that_stands_is_shown_and_not_asked_for_again(visitor, claire, family, asked, pieces, sheet, louane):
    document(family, sheet, member=louane, status="validated", expires_on=date(2027, 11, 10))
    page = visitor(claire).get(pieces)
    assert "Déjà données Fiche de renseignements relative à la santé de l’enfant (Louane) fiche.pdf" in words(page)
    assert f"piece-{sheet.pk}-{louane.pk}" not in page.context["form"].fields


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"status": "refused"}, "Pièce refusée : Illisible."),
        ({"status": "validated", "expires_on": date(2026, 11, 9)}, "La pièce donnée a expiré."),
    ],
)
def test_a_refused_or_expired_piece_says_so_above_its_field(
    visitor, claire, family, asked, pieces, sheet, louane, fields, told
):
    document(family, sheet, member=louane, **fields)
    page = visitor(claire).get(pieces)
    assert told in words(page)
    assert f"piece-{sheet.pk}-{louane.pk}" in page.context["form"].fields


def test_the_same_body_posted_twice_gives_one_piece(visitor, claire, asked, pieces, sheet, louane):
    client = visitor(claire)
    page = client.get(pieces).content.decode()
    keys = dict(re.findall(r'name="(piece-[\d-]+-key)" value="([^"]+)"', page))
    for _ in range(2):
        assert client.post(pieces, keys | {f"piece-{sheet.pk}-{louane.pk}": photo()}).url == SERVICES
    assert SupportingDocument.objects.count() == 1


def test_a_piece_without_its_key_is_not_taken(visitor, claire, asked, pieces, sheet, louane):
    assert visitor(claire).post(pieces, {f"piece-{sheet.pk}-{louane.pk}": photo()}).status_code == 409
    assert SupportingDocument.objects.count() == 0


def test_a_quotient_comes_with_its_attestation(visitor, claire, family, louane):
    attestation = DocumentTypeFactory(name="Attestation de quotient familial", kind="quotient")
    service = service_asking(attestation)
    line(service, family, louane, "incomplete")
    client, address, field = visitor(claire), f"{SERVICES}{service.pk}/pieces/", f"piece-{attestation.pk}-0"
    assert list(errors(give_pieces(client, address, **{field: photo()}))) == [field]
    assert list(errors(give_pieces(client, address, **{field: photo(), f"{field}-value": "x"}))) == [f"{field}-value"]
    assert SupportingDocument.objects.count() == 0
    assert give_pieces(client, address, **{field: photo(), f"{field}-value": "640"}).url == SERVICES
    assert SupportingDocument.objects.get().declared_value == 640


def test_a_family_that_never_asked_for_the_service_has_no_document_step(visitor, asked, pieces):
    stranger = visitor(parent_of(MemberFactory()))
    assert [stranger.get(pieces).status_code, stranger.post(pieces).status_code] == [404, 404]


# --- The mandate ------------------------------------------------------------------------------------------------------
@pytest.mark.seed("S2-42")
def test_after_the_iban_the_mandate_can_be_printed_and_the_step_stays_open(
    visitor, claire, asked, pieces, sheet, iban, louane
):
    client = visitor(claire)
    assert "Validez d’abord votre IBAN" in words(client.get(pieces))
    response = give_pieces(client, pieces, **{f"piece-{sheet.pk}-{louane.pk}": photo(), f"piece-{iban.pk}-0": IBAN})
    assert response.url == pieces
    page = client.get(pieces)
    assert told(page) == ["Votre IBAN est enregistré : vous pouvez maintenant télécharger le mandat prérempli."]
    assert '<a href="/mes-services/mandat/">' in page.content.decode()
    assert "Télécharger le mandat prérempli (PDF)" in words(page)


@pytest.mark.seed("S2-42")
def test_the_mandate_is_prefilled_for_the_family(visitor, claire, family, monkeypatch):
    Authority(
        name="Dombes Connect",
        subtitle="Communauté de communes",
        address="1 place\n01400 Ville",
        creditor_id="FR72ZZZ123456",
    ).save()
    text(family, "iban", IBAN)
    text(family, "bic", BIC)
    shown = {}
    monkeypatch.setattr("services.views.render_pdf", lambda template, context: shown.update(context) or PDF_FILE)
    response = visitor(claire).get(f"{SERVICES}mandat/")
    assert (response["Content-Type"], response["Cache-Control"]) == ("application/pdf", "private, no-store")
    assert shown["iban"] == "FR14 2004 1010 0505 0001 3M02 606"
    assert shown["account"] == {"iban": IBAN, "bic": BIC, "holder": "Claire Dupont"}
    assert (shown["rum"], shown["creditor"]) == (f"{family.reference}-M1", "Communauté de communes")


def test_the_printed_mandate_names_creditor_debtor_and_reference_on_one_page(visitor, claire, family):
    Authority(name="Dombes Connect", creditor_name="CC de la Dombes", creditor_id="FR72ZZZ123456").save()
    text(family, "iban", IBAN)
    response = visitor(claire).get(f"{SERVICES}mandat/")
    (page,) = pypdf.PdfReader(io.BytesIO(response.content)).pages
    printed = " ".join(page.extract_text().split())
    for phrase in (
        "Mandat de prélèvement SEPA",
        f"Référence unique du mandat (RUM) : {family.reference}-M1",
        "vous autorisez CC de la Dombes à envoyer des instructions à votre banque",
        "FR72ZZZ123456",
        "Claire Dupont",
        "FR14 2004 1010 0505 0001 3M02 606",
        "Paiement récurrent",
        "Signature du titulaire du compte",
    ):
        assert phrase in printed


def test_without_an_iban_there_is_no_mandate(visitor, claire):
    response = visitor(claire).get(f"{SERVICES}mandat/")
    assert response.status_code == 409
    assert "Donnez d’abord l’IBAN du compte à prélever." in words(response)


# --- Mes documents ----------------------------------------------------------------------------------------------------
@pytest.mark.seed("S3-114")
def test_the_vault_lists_every_current_piece_with_its_state(visitor, claire, family, sheet, louane):
    older = document(family, sheet, member=louane, label="ancienne.pdf", replaced_at="2026-11-01T00:00Z")
    document(family, sheet, member=louane, status="validated", expires_on=date(2027, 11, 10))
    text(family, "iban", IBAN, label="FR14 •••• 2606", expires_on=date(2026, 11, 9))
    document(family, DocumentTypeFactory(name="Assurance"), status="refused")
    page = visitor(claire).get(DOCUMENTS)
    assert (
        "Pièce Bénéficiaire Statut Validité Action "
        "Assurance fiche.pdf Toute la famille Refusée Illisible. sans limite Télécharger Assurance Remplacer Assurance "
        "Fiche de renseignements relative à la santé de l’enfant fiche.pdf Louane Dupont Validée jusqu’au 10-11-2027"
    ) in words(page)
    assert "IBAN FR14 •••• 2606 Toute la famille Expirée jusqu’au 09-11-2026 Remplacer IBAN" in words(page)
    assert older.label not in words(page)


def test_an_empty_vault_says_what_comes_there(visitor, claire):
    assert "Aucun document pour le moment" in words(visitor(claire).get(DOCUMENTS))


def test_a_file_is_downloaded_and_kept_by_no_cache(visitor, claire, family):
    given = document(family, DocumentTypeFactory(), PDF_FILE, label="Attestation d’assurance.pdf")
    response = visitor(claire).get(f"{DOCUMENTS}{given.pk}/")
    assert response.content == PDF_FILE
    assert response["Cache-Control"] == "private, no-store"
    assert response["Content-Disposition"].startswith("attachment;")
    assert response["X-Content-Type-Options"] == "nosniff"
    assert DocumentReading.objects.count() == 0


def test_health_data_are_downloaded_by_post_and_the_reading_inscribed(visitor, claire, family, sheet, louane):
    given = document(family, sheet, PDF_FILE, member=louane)
    client = visitor(claire)
    assert client.get(f"{DOCUMENTS}{given.pk}/").status_code == 405
    assert DocumentReading.objects.count() == 0
    assert client.post(f"{DOCUMENTS}{given.pk}/").content == PDF_FILE
    assert [(row.by, row.document) for row in DocumentReading.objects.all()] == [(claire, given)]


def test_what_the_antivirus_has_not_seen_is_not_downloaded(visitor, claire, family):
    given = document(family, DocumentTypeFactory(), is_quarantined=True)
    client = visitor(claire)
    assert "En attente de l’antivirus" in words(client.get(DOCUMENTS))
    response = client.get(f"{DOCUMENTS}{given.pk}/")
    assert response.status_code == 409
    assert "attend l’analyse de l’antivirus" in words(response)


@pytest.mark.parametrize("fields", [{"replaced_at": "2026-11-01T00:00Z"}, {"blob_key": ""}])
def test_what_was_replaced_or_erased_is_not_there(visitor, claire, family, fields):
    given = document(family, DocumentTypeFactory())
    SupportingDocument.objects.update(**fields)
    assert visitor(claire).get(f"{DOCUMENTS}{given.pk}/").status_code == 404


def test_a_typed_piece_is_not_downloaded(visitor, claire, family):
    assert visitor(claire).get(f"{DOCUMENTS}{text(family, 'iban', IBAN).pk}/").status_code == 404


def test_a_piece_is_replaced_by_a_newer_one(visitor, claire, family, sheet, louane):
    older = document(family, sheet, member=louane, status="validated")
    client, address = visitor(claire), f"{DOCUMENTS}{older.pk}/remplacer/"
    assert "Pièce actuelle : fiche.pdf , donnée le 10-11-2026." in words(client.get(address))
    response = give_pieces(client, address, **{f"piece-{sheet.pk}-{louane.pk}": photo("nouvelle.png")})
    assert response.url == DOCUMENTS
    (newer,) = SupportingDocument.objects.current()
    assert (newer.label, newer.status, newer.member) == ("nouvelle.png", "pending", louane)


def test_a_refused_replacement_leaves_the_piece(visitor, claire, family, sheet, louane):
    older = document(family, sheet, member=louane)
    field = f"piece-{sheet.pk}-{louane.pk}"
    response = give_pieces(
        visitor(claire), f"{DOCUMENTS}{older.pk}/remplacer/", **{field: SimpleUploadedFile("a.pdf", b"")}
    )
    assert list(errors(response)) == [field]
    assert list(SupportingDocument.objects.current()) == [older]


@pytest.mark.seed("S2-32")
def test_the_blank_form_is_downloaded_and_unknown_ones_are_not_there(visitor, claire, sheet, iban):
    client = visitor(claire)
    response = client.get(f"{SERVICES}formulaires/{sheet.pk}/")
    assert (response.content, response["Content-Type"]) == (PDF_FILE, "application/pdf")
    assert client.get(f"{SERVICES}formulaires/{iban.pk}/").status_code == 404


# --- Whose is what ----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("page", ["", "remplacer/"])
def test_a_stranger_finds_nothing_at_the_address_of_another_familys_piece(visitor, family, page):
    given = document(family, DocumentTypeFactory())
    stranger = visitor(parent_of(MemberFactory()))
    address = f"{DOCUMENTS}{given.pk}/{page}"
    assert [stranger.get(address).status_code, stranger.post(address).status_code] == [404, 404]
    assert SupportingDocument.objects.current().get() == given


def test_the_other_parent_of_a_shared_child_does_not_see_this_ones_pieces(visitor, family, sheet, louane):
    given = document(family, sheet, member=louane)
    other = visitor(parent_of(louane))
    assert other.get(DOCUMENTS).context["documents"] == []
    assert other.post(f"{DOCUMENTS}{given.pk}/").status_code == 404


def test_both_guardians_of_a_family_see_the_same(visitor, claire, family, sheet, louane):
    given = document(family, sheet, member=louane)
    father = visitor(GuardianFactory(family=family).user)
    assert father.get(DOCUMENTS).context["documents"] == [given]


ADDRESSES = ["", "documents/", "mandat/"]


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_person_without_a_family_is_led_to_where_one_opens(visitor, address):
    assert visitor(UserFactory()).get(f"{SERVICES}{address}").url == "/mon-compte/"


@pytest.mark.parametrize("address", [*ADDRESSES, "1/", "1/pieces/", "documents/1/", "formulaires/1/"])
def test_a_visitor_who_is_not_signed_in_is_asked_to(client, address):
    assert client.get(f"{SERVICES}{address}").url.startswith("/comptes/login/")


# --- Queries ----------------------------------------------------------------------------------------------------------
def queries(client, page) -> int:
    authority()
    with CaptureQueriesContext(connection) as captured:
        assert client.get(page).status_code == 200
    return len(captured)


@pytest.mark.parametrize("rows", [1, 3])
@pytest.mark.parametrize(("page", "number"), [("", 8), ("{pk}/", 7), ("{pk}/pieces/", 8), ("documents/", 4)])
def test_each_page_takes_a_constant_number_of_queries(visitor, claire, family, canteen, sheet, rows, page, number):
    for each in range(rows):
        child = MemberFactory(first_name=f"Enfant {each}")
        Membership.objects.create(family=family, member=child)
        line(canteen, family, child, "accepted")
        document(family, sheet, member=child)
        other = service_asking(sheet, name=f"Service {each}", commune=CommuneFactory())
        line(other, family, child, "pending")
        ActivityFactory(service=canteen)
    assert queries(visitor(claire), SERVICES + page.format(pk=canteen.pk)) == number


@pytest.mark.parametrize("page", ["", "{pk}/", "{pk}/pieces/", "documents/", "documents/{piece}/remplacer/"])
def test_reading_a_page_writes_nothing(visitor, claire, asked, family, canteen, iban, page):
    piece = text(family, "iban", IBAN)
    with CaptureQueriesContext(connection) as captured:
        visitor(claire).get(SERVICES + page.format(pk=canteen.pk, piece=piece.pk))
    written = [query["sql"] for query in captured if query["sql"].split()[0] in ("INSERT", "UPDATE", "DELETE")]
    assert [
        sql for sql in written if "django_session" not in sql and "lib_authority" not in sql and "last_login" not in sql
    ] == []
