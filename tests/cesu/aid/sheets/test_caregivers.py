"""The register of caregivers: a file is read, what it changes is shown, then written once; an affiliation ends."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from cesu.access import FUNDER_STAFF, STAFF
from cesu.aid.sheets.caregivers import read_register
from cesu.models import Caregiver
from common.files.workbooks import UnreadableFile
from tests.cesu.aid.admin.test_rights import agent_of, url
from tests.client import once_keys
from tests.factories.aid import caregiver_with, funder_with
from tests.factories.sepa import JOINED, KEYLESS, OUTSIDE

pytestmark = pytest.mark.django_db
HEAD = "Type;NAN;Nom;Prénom;Date de naissance;E-mail;Titulaire du compte;IBAN;BIC"
BESSON = "personne;12345*1;Besson;Fatima;03/02/1979;;Mme Fatima BESSON;{};"
OLD, NEW = "FR7630006000011234567890189", "FR14 2004 1010 0505 0001 3M02 606"
ORGANISATION = f"organisme;0054321*2;Aide 31;;;contact@aide31.example;AIDE 31;{OLD};AGRIFRPPXXX"


@pytest.fixture
def browser(visitor):
    return visitor(agent_of(STAFF))


def show(browser, *lines):
    file = SimpleUploadedFile("registre.csv", "\n".join([HEAD, *lines]).encode())
    return browser.post(url("caregiver_bring"), {"file": file})


def bring(browser, *lines, times=2):
    shown = show(browser, *lines)
    sent = {"lines": shown.context["lines"], "once_key": once_keys(shown)[0]}
    return shown.content.decode(), [browser.post(url("caregiver_bring_confirm"), sent) for _ in range(times)][-1]


def test_a_file_brings_the_register_up_to_date_once_and_a_changed_iban_is_read_before(browser):
    _, done = bring(browser, BESSON.format(OLD), ORGANISATION)
    assert done.url == url("caregiver_changelist")
    assert sorted(Caregiver.objects.values_list("nan", "kind")) == [
        ("0012345*1", "person"),
        ("0054321*2", "organisation"),
    ]
    page, _ = bring(browser, BESSON.format(NEW), ORGANISATION)
    assert "IBAN : FR76 •••• 0189 → FR14 •••• 2606" in page
    assert "Nouveaux : 0. Modifiés : 1. Inchangés : 1." in page
    caregiver = Caregiver.objects.get(nan="0012345*1")
    assert caregiver.iban == "FR1420041010050500013M02606"
    assert list(caregiver.events.order_by("pgh_id").values_list("iban", flat=True)) == [OLD, caregiver.iban]


def test_an_affiliation_ends_once_and_the_register_gives_it_back(browser):
    caregiver = caregiver_with(nan="0012345*1")
    address = url("caregiver_end", caregiver.pk)
    sent = {"once_key": once_keys(browser.get(address))[0]}
    assert [browser.post(address, sent).status_code for _ in range(2)] == [302, 302]
    assert not Caregiver.objects.payable().exists()
    page, _ = bring(browser, BESSON.format(OLD))
    assert "L’affiliation reprend." in page
    assert Caregiver.objects.payable().count() == 1


def test_what_is_wrong_is_told_line_by_line_and_nothing_is_written(browser):
    lines = [
        "dame;12345;;;;pas une adresse;;FR00;XX",
        "personne;12345*1;Besson;;03/02/2979;;B;" + OLD + ";",
        "organisme;12345*1;Aide;Luc;;;AIDE;" + OLD + ";",
        "personne;12346*1;=A1;Luc;03/02/1979;;B;" + OLD + ";",
    ]
    register = read_register("\n".join([HEAD, *lines]).encode())
    found = [(fault.line, fault.column) for fault in register.faults]
    assert sorted(found) == [
        (2, "BIC"),
        (2, "E-mail"),
        (2, "IBAN"),
        (2, "NAN"),
        (2, "Nom"),
        (2, "Titulaire du compte"),
        (2, "Type"),
        (3, "Date de naissance"),
        (3, "Prénom"),
        (4, "NAN"),
        (4, "Prénom"),
        (5, "Nom"),
        (5, "Nom"),
    ]
    page = show(browser, *lines).content.decode()
    assert "Corrigez le fichier (13 erreurs)" in page
    assert not Caregiver.objects.exists()
    with pytest.raises(UnreadableFile, match="La colonne « NAN » manque"):
        read_register(b"Nom;Type\nA;personne")


def test_an_account_outside_sepa_is_refused_one_of_who_joined_taken_a_wrong_rib_key_warned_of(browser):
    assert "Ce compte (TN) est hors de la zone SEPA" in show(browser, BESSON.format(OUTSIDE[0])).content.decode()
    assert not Caregiver.objects.exists()
    page, _ = bring(browser, BESSON.format(JOINED[4]))
    assert (Caregiver.objects.get().iban, "La clé RIB" in page) == (JOINED[4], False)
    page, _ = bring(browser, BESSON.format(KEYLESS))
    assert "À vérifier :</b> La clé RIB de l’IBAN FR84 •••• 2607" in page
    assert Caregiver.objects.get().iban == KEYLESS


def test_only_the_issuer_s_staff_keeps_the_register(visitor):
    client = visitor(agent_of(FUNDER_STAFF, funder_with()))
    pages = ["changelist", "bring", "bring_confirm", "sample"]
    assert [client.get(url(f"caregiver_{page}")).status_code for page in pages] == [403] * 4


def test_a_page_made_by_somebody_else_is_refused(browser, visitor):
    shown = show(browser, BESSON.format(OLD))
    other = visitor(agent_of(STAFF))
    answer = other.post(
        url("caregiver_bring_confirm"), {"lines": shown.context["lines"], "once_key": once_keys(shown)[0]}
    )
    assert (answer.url, Caregiver.objects.count()) == (url("caregiver_bring"), 0)
