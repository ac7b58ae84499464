"""« Mes services » and « Mes documents » as a family sees them."""

import io
import re
from datetime import date
from html import unescape

import pypdf
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from families.models import Membership
from portal.lib.documents import vault
from portal.lib.models import Authority, authority
from services.actions.documents import BLANKS
from services.models import AccessRequest, DocumentReading, RequestLine, SupportingDocument
from tests.client import once_keys
from tests.factories.accounts import CommuneFactory, UserFactory
from tests.factories.families import GuardianFactory, MemberFactory, parent_of
from tests.factories.reservations import ActivityFactory
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
from tests.services.giving import letters, photo, word

pytestmark = pytest.mark.django_db
SERVICES, DOCUMENTS = "/mes-services/", "/mes-services/documents/"
PDF_FILE = b"%PDF-1.7\n%minimal"


@pytest.fixture(autouse=True)
def _today(time_machine):
    time_machine.move_to("2026-11-10T09:00:00+01:00")


@pytest.fixture
def louane():
    return MemberFactory(first_name="Louane")


@pytest.fixture
def commune():
    return CommuneFactory(name="Saint-Marcel")


@pytest.fixture
def claire(louane, commune):
    user = parent_of(louane, first_name="Claire")
    family = user.guardian.family
    family.commune = commune
    family.save()
    return user


@pytest.fixture
def family(claire):
    return claire.guardian.family


@pytest.fixture
def sheet():
    """As in guide 002."""
    return DocumentTypeFactory(
        name="Fiche de renseignements relative à la santé de l’enfant",
        per_member=True,
        is_health=True,
        help_text="Saisir ici la fiche complétée. 1 fiche par enfant.\n\n"
        "Merci de nous signaler tout changement en cours d’année scolaire.",
        blank_key=vault.store(PDF_FILE, BLANKS),
        blank_label="Fiche vierge.pdf",
    )


@pytest.fixture
def iban():
    return DocumentTypeFactory(name="IBAN", kind="iban")


@pytest.fixture
def canteen(commune, sheet, iban):
    """Guide 002: the sheet is mandatory; IBAN, BIC and mandate are not."""
    bic = DocumentTypeFactory(name="BIC", kind="bic")
    mandate = DocumentTypeFactory(name="Mandat de prélèvement", kind="mandate")
    audiences = ("Hors commune", "Résident commune")
    return service_asking(sheet, optional=(iban, bic, mandate), commune=commune, audiences=audiences)


@pytest.fixture
def residents(canteen):
    return canteen.audiences.get(name="Résident commune")


def words(response) -> str:
    """The text of a page, without markup, with single spaces."""
    page = re.sub(r"<(script|style|head).*?</\1>", " ", response.content.decode(), flags=re.S)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).replace("\u00a0", " ").split())


def told(response) -> list[str]:
    return [str(message) for message in response.context["messages"]]


def errors(response) -> dict:
    found = response.context["form"].errors.items()
    return {name: [each.replace("\u00a0", " ") for each in sentences] for name, sentences in found}


# --- The table --------------------------------------------------------------------------------------------------------
@pytest.mark.seed("S2-18", "S2-19", "S2-20", "S2-21", "S2-22", "S3-58", "S3-62", "S3-65")
def test_the_table_has_the_columns_of_the_guides_and_a_row_a_member(visitor, claire, family, louane, commune):
    coubon = CommuneFactory(name="Mairie Coubon")
    adults = service_asking(name="Cantine", commune=coubon, audiences=("Adulte",))
    line(adults, family, louane, "pending")
    page = visitor(claire).get(SERVICES)
    html = page.content.decode()
    assert '<a href="/mes-services/" aria-current="page">Mes services</a>' in html
    headings = ["Nom du Service", "Commune", "Statut", "Acheter"]
    assert "".join(f'<th scope="col">{each}</th>' for each in headings) in html
    assert "Mes Services Nom du Service Commune Statut Acheter Cantine Louane Dupont Mairie Coubon / Adulte" in words(
        page
    )


@pytest.mark.seed("S3-63", "S3-64")
@pytest.mark.parametrize(
    ("status", "shown", "link"),
    [
        ("accepted", "Valide Voir les pièces de Louane Dupont", "pieces/"),
        (
            "pending",
            "En attente Le service étudie votre demande : un e-mail vous préviendra. Voir les pièces de Louane Dupont",
            "pieces/",
        ),
        ("incomplete", "Pièces à compléter Il manque : RIB. Donner mes pièces pour Louane Dupont", "pieces/"),
        ("refused", "Refusé Hors commune. Refaire la demande pour Louane Dupont", ""),
        ("expired", "Expiré Une pièce obligatoire a expiré. Renouveler mes pièces pour Louane Dupont", "pieces/"),
    ],
)
def test_each_status_says_what_to_do_next(visitor, claire, family, louane, canteen, status, shown, link):
    line(canteen, family, louane, status)
    page = visitor(claire).get(SERVICES)
    assert shown in words(page)
    assert f'href="{SERVICES}{canteen.pk}/{link}"' in page.content.decode()


@pytest.mark.seed("S2-22", "S2-47", "S3-61")
def test_an_accepted_line_leads_to_what_can_be_booked(visitor, claire, family, louane, canteen):
    theo = MemberFactory(first_name="Théo")
    Membership.objects.create(family=family, member=theo)
    line(canteen, family, louane, "accepted")
    line(canteen, family, theo, "pending")
    client = visitor(claire)
    assert "Rien à réserver pour l’instant" in words(client.get(SERVICES))
    one = ActivityFactory(service=canteen, slug="repas")
    html = client.get(SERVICES).content.decode()
    assert re.findall(r'href="(/reservations/[^"]+)">[^R]*Réserver', html.partition("<main")[2]) == [
        f"/reservations/activite/{one.slug}/"
    ]
    ActivityFactory(service=canteen)
    assert '"/reservations/rubrique/cantine/"' in client.get(SERVICES).content.decode().partition("<main")[2]


def test_a_family_that_asked_for_nothing_is_told_how_to_begin(visitor, claire, canteen):
    assert "Aucun service demandé Choisissez ci-dessous un service de votre commune" in words(
        visitor(claire).get(SERVICES)
    )


def test_the_lines_of_the_other_parent_and_of_withdrawn_children_are_not_shown(
    visitor, claire, family, louane, canteen
):
    other = parent_of(louane)
    line(canteen, other.guardian.family, louane, "refused")
    gone = MemberFactory(first_name="Malo")
    Membership.objects.create(family=family, member=gone, withdrawn_at="2026-01-01T00:00Z")
    line(canteen, family, gone, "accepted")
    assert visitor(claire).get(SERVICES).context["groups"] == []


# --- Adding a service -------------------------------------------------------------------------------------------------
@pytest.mark.seed("S2-23", "S2-24", "S2-25", "S2-26", "S2-27", "S3-66")
def test_the_block_to_add_a_service_groups_them_by_commune_the_familys_own_first(visitor, claire, canteen):
    service_asking(name="Service cantine", commune=CommuneFactory(name="Baneins"))
    page = visitor(claire).get(SERVICES)
    html = page.content.decode()
    assert (
        "Ajouter un service Merci de choisir, dans votre commune, l’élément correspondant à votre situation puis "
        "appuyer sur le bouton « Valider », en bas de la page. "
        "Saint-Marcel 1 service Service cantine de Saint-Marcel Hors commune, Résident commune "
        "Baneins 1 service Service cantine de Baneins Enfants Valider"
    ) in words(page)
    assert re.findall(r'<details class="pv-fold"( open)?>', html) == [" open", ""]
    assert re.findall(r'<input class="form-check-input" type="radio" name="service" value="(\d+)"', html) == [
        str(row.services[0].pk) for row in page.context["communes"]
    ]


def test_an_open_service_is_booked_without_a_request_and_a_closed_one_is_not_shown(visitor, claire, commune):
    leisure = ServiceFactory(name="Centre de loisirs", commune=commune)
    ActivityFactory(service=leisure, slug="alsh")
    service_asking(name="Piscine", commune=commune, is_open=False)
    page = visitor(claire).get(SERVICES)
    assert "Centre de loisirs Ouvert à toutes les familles, sans demande. Réserver" in words(page)
    assert 'href="/reservations/activite/alsh/"' in page.content.decode()
    assert "Piscine" not in words(page)


def test_choosing_a_service_leads_to_its_situations(visitor, claire, canteen):
    assert visitor(claire).post(SERVICES, {"service": canteen.pk}).url == f"{SERVICES}{canteen.pk}/"
    assert AccessRequest.objects.count() == 0


@pytest.mark.parametrize(
    ("posted", "sentence"),
    [
        ({}, "Choisissez un service, puis appuyez sur « Valider »."),
        ({"service": "x"}, "Ce service n’est plus proposé : choisissez-en un autre."),
        ({"service": "999999999999999999999"}, "Ce service n’est plus proposé : choisissez-en un autre."),
        ({"service": "\x00"}, "Le caractère nul n’est pas autorisé."),
    ],
)
def test_no_service_or_a_forged_one_is_told(visitor, claire, canteen, posted, sentence):
    response = visitor(claire).post(SERVICES, posted)
    assert errors(response) == {"service": [sentence]}


# --- Situations -------------------------------------------------------------------------------------------------------
@pytest.mark.seed("S3-59", "S3-80")
def test_each_member_is_offered_the_situations_that_suit_them(visitor, claire, family, louane, canteen):
    adults = AudienceFactory(service=canteen, name="Adultes", people="adults")
    canteen.audiences.exclude(pk=adults.pk).update(people="children")
    marc = MemberFactory(first_name="Marc", birth_date=date(1985, 1, 1))
    Membership.objects.create(family=family, member=marc)
    form = visitor(claire).get(f"{SERVICES}{canteen.pk}/").context["form"]
    offered = {field.label: [label for _, label in field.choices] for field in form.fields.values()}
    assert offered == {
        "Marc Dupont": ["Adultes", "Ne pas demander"],
        "Louane Dupont": ["Hors commune", "Résident commune", "Ne pas demander"],
    }


def ask(client, service, **choices):
    address = f"{SERVICES}{service.pk}/"
    key = once_keys(client.get(address))[0]
    return client.post(address, {"once_key": key} | choices)


@pytest.mark.seed("S2-28", "S3-60")
def test_asking_for_a_service_leads_to_its_pieces(visitor, claire, louane, canteen, residents):
    response = ask(visitor(claire), canteen, **{f"member-{louane.pk}": residents.pk})
    assert response.url == f"{SERVICES}{canteen.pk}/pieces/"
    mine = RequestLine.objects.get()
    assert (mine.member, mine.audience, mine.status) == (louane, residents, "incomplete")


@pytest.mark.seed("S2-45")
def test_a_service_that_asks_for_no_piece_gets_the_request_at_once(visitor, claire, louane):
    service = service_asking(audiences=("Enfants",))
    client = visitor(claire)
    response = ask(client, service, **{f"member-{louane.pk}": service.audiences.get().pk})
    assert response.url == SERVICES
    assert told(client.get(SERVICES)) == [
        "Votre demande est envoyée au service concerné. Vous serez alerté par e-mail, dès que votre dossier aura été "
        "accepté. Vous aurez alors accès aux réservations."
    ]


def test_the_same_body_posted_twice_asks_once(visitor, claire, louane, canteen, residents):
    client, address = visitor(claire), f"{SERVICES}{canteen.pk}/"
    body = {"once_key": once_keys(client.get(address))[0], f"member-{louane.pk}": residents.pk}
    assert [client.post(address, body).url for _ in range(2)] == [f"{address}pieces/"] * 2
    assert (RequestLine.objects.count(), letters(claire)) == (1, ["access_asked"])


def test_nobody_chosen_is_told_on_top(visitor, claire, canteen):
    response = ask(visitor(claire), canteen)
    assert errors(response) == {"__all__": ["Choisissez au moins une personne et sa situation."]}


@pytest.mark.parametrize("forged", ["0", "x", "999999999999999999999", "\x00"])
def test_a_forged_situation_is_told_at_its_person(visitor, claire, louane, canteen, forged):
    response = ask(visitor(claire), canteen, **{f"member-{louane.pk}": forged})
    assert errors(response) == {f"member-{louane.pk}": ["Choisissez une situation proposée par ce service."]}
    assert AccessRequest.objects.count() == 0


def test_another_familys_child_cannot_be_slipped_in(visitor, claire, louane, canteen, residents):
    stranger = parent_of(MemberFactory()).guardian.family.members.get()
    ask(visitor(claire), canteen, **{f"member-{stranger.pk}": residents.pk, f"member-{louane.pk}": residents.pk})
    assert [row.member for row in RequestLine.objects.all()] == [louane]


def test_who_is_asked_for_already_is_shown_and_not_asked_again(visitor, claire, family, louane, canteen):
    line(canteen, family, louane, "pending")
    page = visitor(claire).get(f"{SERVICES}{canteen.pk}/")
    assert "Louane Dupont En attente Déjà demandé." in words(page)
    assert page.context["form"].fields == {}


def test_the_only_situation_of_an_only_child_is_chosen_beforehand(visitor, claire, louane):
    service = service_asking(audiences=("Enfants",))
    field = visitor(claire).get(f"{SERVICES}{service.pk}/").context["form"][f"member-{louane.pk}"]
    assert field.value() == str(service.audiences.get().pk)


def test_a_stale_key_is_a_page_of_its_own(visitor, claire, louane, canteen, residents):
    body = {"once_key": "forged", f"member-{louane.pk}": residents.pk}
    assert visitor(claire).post(f"{SERVICES}{canteen.pk}/", body).status_code == 409
    assert AccessRequest.objects.count() == 0


@pytest.mark.parametrize("fields", [{"is_open": False}, {"access": "open"}])
def test_a_service_that_is_closed_or_open_to_all_is_not_asked_for(visitor, claire, fields):
    assert visitor(claire).get(f"{SERVICES}{service_asking(**fields).pk}/").status_code == 404


# --- Pieces -----------------------------------------------------------------------------------------------------------
@pytest.fixture
def asked(canteen, family, louane):
    return line(canteen, family, louane, "incomplete")


@pytest.fixture
def pieces(canteen):
    return f"{SERVICES}{canteen.pk}/pieces/"


def give(client, address, **entered):
    """Post the document step with the keys that its page carries."""
    page = client.get(address).content.decode()
    keys = dict(re.findall(r'name="(piece-[\d-]+-key)" value="([^"]+)"', page))
    return client.post(address, keys | entered)


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
    response = give(client, pieces, **{f"piece-{sheet.pk}-{louane.pk}": photo()})
    assert response.url == SERVICES
    assert told(client.get(SERVICES))[0].startswith("Votre demande est envoyée au service concerné.")
    asked.refresh_from_db()
    assert (asked.status, letters(claire)) == ("pending", ["access_asked"])
    (given,) = SupportingDocument.objects.all()
    assert (given.type, given.member, given.given_by, given.label) == (sheet, louane, claire, "fiche.png")


def test_each_good_piece_is_kept_even_when_another_is_refused(visitor, claire, asked, pieces, sheet, iban, louane):
    client = visitor(claire)
    field = f"piece-{sheet.pk}-{louane.pk}"
    response = give(client, pieces, **{field: word(), f"piece-{iban.pk}-0": IBAN})
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


def test_a_missing_mandatory_piece_is_told_at_its_field_and_the_others_are_kept(
    visitor, claire, asked, pieces, sheet, iban, louane
):
    response = give(visitor(claire), pieces, **{f"piece-{iban.pk}-0": IBAN})
    assert errors(response) == {
        f"piece-{sheet.pk}-{louane.pk}": ["Cette pièce est obligatoire : sans elle, votre demande attend."]
    }
    asked.refresh_from_db()
    assert (asked.status, SupportingDocument.objects.count()) == ("incomplete", 1)


@pytest.mark.parametrize("typed", ["FR14", "FR1420041010050500013M02607", "<script>", "\x00", "1" * 500])
def test_a_wrong_iban_is_told_at_its_field(visitor, claire, asked, pieces, sheet, iban, louane, typed):
    entered = {f"piece-{iban.pk}-0": typed, f"piece-{sheet.pk}-{louane.pk}": photo()}
    response = give(visitor(claire), pieces, **entered)
    assert list(errors(response)) == [f"piece-{iban.pk}-0"]
    assert [row.type for row in SupportingDocument.objects.all()] == [sheet]


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
    assert list(errors(give(client, address, **{field: photo()}))) == [field]
    assert list(errors(give(client, address, **{field: photo(), f"{field}-value": "x"}))) == [f"{field}-value"]
    assert SupportingDocument.objects.count() == 0
    assert give(client, address, **{field: photo(), f"{field}-value": "640"}).url == SERVICES
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
    response = give(client, pieces, **{f"piece-{sheet.pk}-{louane.pk}": photo(), f"piece-{iban.pk}-0": IBAN})
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
    response = give(client, address, **{f"piece-{sheet.pk}-{louane.pk}": photo("nouvelle.png")})
    assert response.url == DOCUMENTS
    (newer,) = SupportingDocument.objects.current()
    assert (newer.label, newer.status, newer.member) == ("nouvelle.png", "pending", louane)


def test_a_refused_replacement_leaves_the_piece(visitor, claire, family, sheet, louane):
    older = document(family, sheet, member=louane)
    field = f"piece-{sheet.pk}-{louane.pk}"
    response = give(visitor(claire), f"{DOCUMENTS}{older.pk}/remplacer/", **{field: SimpleUploadedFile("a.pdf", b"")})
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
@pytest.mark.parametrize(("page", "number"), [("", 7), ("{pk}/", 7), ("{pk}/pieces/", 8), ("documents/", 4)])
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
