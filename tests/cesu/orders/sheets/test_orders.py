"""An order file into the table: who and what each line means, what is wrong is said cell by cell, all or nothing."""

from datetime import date

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from cesu.models import Beneficiary, VoucherLine
from cesu.orders.actions.drafts import abandon_draft, start_draft
from cesu.orders.sheets.orders import read_order
from common.files.workbooks import UnreadableFile
from tests.cesu.orders.reading import plain
from tests.client import once_keys
from tests.factories.cesu import beneficiary_of, employer_with, manager_of

pytestmark = pytest.mark.django_db
IMPORT, CONFIRM = "/cesu/commandes/importer/", "/cesu/commandes/importer/confirmer/"


@pytest.fixture
def employer():
    it = employer_with()
    beneficiary_of(it, "Martin", employee_number="1024", usual_share=60, usual_vouchers=20, usual_face_cents=1250)
    beneficiary_of(it, "Élie", "Zoé", employee_number="7", form="e", form_chosen_on=date(2026, 1, 5))
    for year in (1980, 1990):
        beneficiary_of(it, "Durand", birth_date=date(year, 1, 2))
    beneficiary_of(employer_with(), "Voisin", employee_number="99")
    return it


@pytest.fixture
def manager(employer):
    user = manager_of(employer)
    start_draft(user=user)
    return user


@pytest.fixture
def browser(visitor, manager):
    return visitor(manager)


def read(employer, *lines):
    return read_order("\n".join(lines).encode(), employer)


def told(sheet):
    """(name, booklets, titles, cents, share, form) of each line."""
    names = ("booklets", "vouchers", "face_cents", "share", "form")
    return [(line.beneficiary.holder.last_name, *(line.values[name] for name in names)) for line in sheet.lines]


def test_the_file_of_an_issuer_is_understood(employer):
    code = Beneficiary.objects.get(employee_number="7").holder.code
    sheet = read(
        employer,
        "Code produit;N° CESU;Matricule;Nom;Prénom;Nombre de titres;Montant attribué;Part patronale;Dématérialisé",
        "CESU;;1024;MARTIN;Léa;40;600,00;50;non",
        f"CESU;{code};;;;7;70;100 %;oui",
        "CESU;;;elie;zoe;0;;;papier",
        "CESU;;;Élie;;20;;;",
    )
    assert told(sheet) == [
        ("Martin", 2, 20, 1500, 50, "paper"),
        ("Élie", 1, 7, 1000, 100, "e"),
        ("Élie", 0, 10, 1500, 100, "paper"),
        ("Élie", 2, 10, 1500, 100, "e"),
    ]
    assert (sheet.faults, sheet.ignored, sheet.people, sheet.cents) == ([], ["Code produit"], 2, 97000)


def test_names_and_numbers_are_known_however_a_spreadsheet_wrote_them(employer):
    beneficiary_of(employer, "Lebœuf", "Anne-Marie", employee_number="00042")
    sheet = read(employer, "Matricule;Nom;Prénom;Nombre de carnets", "42;LEBOEUF;;1", ";leboeuf;anne marie;2")
    assert (sheet.faults, [line[0] for line in told(sheet)]) == ([], ["Lebœuf", "Lebœuf"])


def test_our_own_columns_and_empty_cells_mean_what_is_usual(employer):
    sheet = read(
        employer,
        "nom,prénom,date de naissance,nombre de carnets,titres par carnet,valeur faciale,catégorie",
        "Durand,Léa,02/01/1990,3,5,8.50,Garde d’enfants",
        "Martin,Léa,,2,,,",
    )
    assert told(sheet) == [("Durand", 3, 5, 850, 100, "paper"), ("Martin", 2, 20, 1250, 60, "paper")]
    assert [line.values["category"] for line in sheet.lines] == ["childcare", "all"]
    assert sheet.lines[0].beneficiary.holder.birth_date == date(1990, 1, 2)


@pytest.mark.parametrize(
    ("header", "line", "column", "sentence"),
    [
        ("matricule;carnets", "99;1", "matricule", "Ce matricule n’est celui d’aucun de vos bénéficiaires."),
        ("n° cesu;carnets", "1;1", "n° cesu", "Ce n° CESU n’est celui d’aucun de vos bénéficiaires."),
        ("nom;prénom;carnets", "Inconnu;Léa;1", "nom", "Aucun de vos bénéficiaires ne porte ce nom."),
        (
            "nom;prénom;carnets",
            "Durand;Léa;1",
            "nom",
            "Plusieurs bénéficiaires portent ce nom\u00a0: donnez le matricule ou le n° CESU.",
        ),
        (
            "matricule;nom;carnets",
            "1024;Durand;1",
            "nom",
            "Ce n’est pas le nom de Martin Léa, que désigne cette ligne.",
        ),
        ("matricule;nom;carnets", ";;1", "matricule", "Dites de qui il s’agit."),
        ("matricule;carnets", "1024;", "carnets", "Le nombre de carnets ou de titres manque."),
        ("matricule;carnets", "1024;deux", "carnets", "Écrivez un nombre entier."),
        ("matricule;carnets", "1024;-1", "carnets", "Indiquez un nombre entier de 0 à 100."),
        ("matricule;carnets", "1024;101", "carnets", "Indiquez un nombre entier de 0 à 100."),
        ("matricule;carnets", "1024;=1+1", "carnets", "C’est une formule : remplacez-la par sa valeur."),
        ("matricule;nombre de titres", "1024;10001", "nombre de titres", "Indiquez un nombre entier de 0 à 10000."),
        (
            "matricule;nombre de titres",
            "1024;111",
            "nombre de titres",
            "111 titres ne se partagent pas en carnets égaux.",
        ),
        (
            "matricule;carnets;titres par carnet",
            "1024;1;0",
            "titres par carnet",
            "Indiquez un nombre entier de 1 à 100.",
        ),
        (
            "matricule;carnets;valeur faciale",
            "1024;1;cent",
            "valeur faciale",
            "Écrivez un montant en euros, comme 15,00.",
        ),
        (
            "matricule;carnets;valeur faciale",
            "1024;1;100,01",
            "valeur faciale",
            "La valeur faciale va de 1,00\u00a0€ à 100,00\u00a0€.",
        ),
        (
            "matricule;nombre de titres;montant attribué",
            "1024;7;100,00",
            "montant attribué",
            "Ce montant ne se partage pas en 7 titres égaux.",
        ),
        (
            "matricule;nombre de titres;valeur faciale;montant attribué",
            "1024;20;15;100,00",
            "montant attribué",
            "20 titres à 15,00\u00a0€ font 300,00\u00a0€.",
        ),
        ("matricule;carnets;part patronale", "1024;1;101", "part patronale", "La part patronale va de 1 à 100 %."),
        (
            "matricule;carnets;part patronale",
            "1024;1;0,5",
            "part patronale",
            "Écrivez un pourcentage entier, comme 50.",
        ),
        (
            "matricule;carnets;dématérialisé",
            "1024;1;oui",
            "dématérialisé",
            "L’e-CESU est le choix du salarié, qui a choisi le papier.",
        ),
        (
            "matricule;carnets;dématérialisé",
            "1024;1;bof",
            "dématérialisé",
            "« bof » n’est pas connu\u00a0: oui ou non, papier ou e-CESU.",
        ),
    ],
)
def test_what_is_wrong_is_said_at_its_cell(employer, header, line, column, sentence):
    assert read(employer, header, line).faults == [(2, column, sentence)]


def test_a_line_twice_is_said_and_other_lines_of_a_person_are_taken(employer):
    sheet = read(employer, "matricule;carnets;valeur faciale", "1024;1;15", "1024;1;20", "1024;1;15,00")
    assert sheet.faults == [(4, "matricule", "Cette ligne répète la ligne 2\u00a0: Martin Léa.")]
    sheet = read(employer, "matricule;carnets;valeur faciale", *(f"1024;1;{face}" for face in range(10, 31)))
    assert sheet.faults == [(22, "matricule", "Un bénéficiaire a au plus 20 lignes dans une commande.")]


def test_a_file_that_says_neither_who_nor_how_many_is_refused(employer):
    with pytest.raises(UnreadableFile) as refused:
        read(employer, "prénom;valeur faciale", "Léa;15")
    assert len(refused.value.sentences) == 2


def send(browser, *lines, name="commande.csv"):
    return browser.post(IMPORT, {"file": SimpleUploadedFile(name, "\n".join(lines).encode())})


def confirm(browser, page):
    lines = page.content.decode().split('name="lines" value="')[1].split('"')[0]
    return {"lines": lines, "once_key": once_keys(page)[0]}


def test_a_file_is_shown_then_written_whole_and_once(browser, manager, employer):
    assert f'href="{IMPORT}"' in browser.get(reverse("cesu:table")).content.decode()
    VoucherLine.objects.filter(beneficiary__holder__last_name="Durand").update(booklets=4)
    page = send(browser, "matricule;carnets;valeur faciale", "1024;1;15", "1024;2;20", "7;3;10")
    assert "3 lignes, 2 bénéficiaires, 1 400,00 €" in plain(page).replace("\u202f", " ")
    assert VoucherLine.objects.filter(booklets__gt=0).count() == 2
    sent = confirm(browser, page)
    for _ in range(2):
        assert browser.post(CONFIRM, sent).url == reverse("cesu:table")
    said = plain(browser.get(reverse("cesu:table")))
    assert "3 lignes du fichier sont dans le tableau." in said
    lines = VoucherLine.objects.alphabetical().values_list("beneficiary__holder__last_name", "rank", "booklets", "form")
    assert list(lines) == [
        ("Durand", 1, 4, "paper"),
        ("Durand", 1, 4, "paper"),
        ("Élie", 1, 3, "e"),
        ("Martin", 1, 1, "paper"),
        ("Martin", 2, 2, "paper"),
    ]


def test_a_file_with_a_fault_writes_nothing(browser, employer):
    page = send(browser, "matricule;carnets", "1024;1", "7;mille", "404;1")
    said = plain(page)
    assert "2 erreurs à corriger" in said
    assert "3 carnets Écrivez un nombre entier." in said
    assert 'name="lines"' not in page.content.decode()
    for content in (b"\x00\x01", b"PK\x03\x04 broken", b""):
        answer = browser.post(IMPORT, {"file": SimpleUploadedFile("x.csv", content)})
        assert answer.status_code == 200
        assert "À corriger" not in plain(answer)
    assert not VoucherLine.objects.filter(booklets__gt=0).exists()


def test_what_changed_since_the_preview_is_refused(browser, visitor, manager, employer):
    page = send(browser, "matricule;carnets;dématérialisé", "7;3;oui")
    sent = confirm(browser, page)
    assert browser.post(CONFIRM, sent | {"lines": "forged"}).status_code == 409
    colleague = visitor(manager_of(employer, primary=False))
    assert colleague.post(CONFIRM, sent).status_code == 409
    Beneficiary.objects.filter(employee_number="7").update(form="paper")
    assert browser.post(CONFIRM, sent).url == IMPORT
    assert "a changé depuis sa lecture" in plain(browser.get(IMPORT))
    Beneficiary.objects.filter(employee_number="7").update(form="e", archived_at=timezone.now())
    assert browser.post(CONFIRM, sent).url == IMPORT
    assert not VoucherLine.objects.filter(booklets__gt=0).exists()
    abandon_draft(user=manager)
    assert browser.post(CONFIRM, sent).url == IMPORT
    assert browser.get(IMPORT).url == reverse("cesu:orders")
    assert colleague.post(IMPORT).url == reverse("cesu:orders")


def test_the_model_is_a_file_that_can_be_read(browser, employer):
    sheet = read_order(browser.get(reverse("cesu:order_import_model")).content, employer)
    assert told(sheet) == [("Martin", 2, 10, 1500, 50, "paper")]
