"""Beneficiaries imported from the file of an issuer: what is wrong is said cell by cell, then all or nothing."""

import io
from datetime import date

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from openpyxl import Workbook

from cesu.models import Beneficiary
from cesu.orders.actions import beneficiaries as people
from cesu.orders.actions.beneficiaries import import_beneficiaries, person_of
from cesu.orders.sheets.beneficiaries import frozen, read_people, thawed
from cesu.rules.people import ChangedMeanwhile
from common.files import sheet_rows, workbooks
from common.models import OutgoingEmail
from common.refusals import StalePage
from common.writing.once import make_key
from tests.cesu.orders.test_beneficiaries import LOU, add
from tests.client import PortalClient, once_keys
from tests.factories.cesu import employer_with, manager_of

EDENRED = (
    "code produit;code client;point de livraison;matricule;civilité;nom;prénom;adresse 1;adresse 2;code postal;ville;"
    "email bénéficiaire;nombre de titres;montant attribué;part patronale;date de naissance;stat 1;dématérialisé\n"
)


@pytest.fixture
def nadia(db):
    """The primary manager of « Mairie de Cestas »."""
    return manager_of(employer_with())


@pytest.fixture
def page(nadia):
    client = PortalClient()
    client.force_login(nadia)
    return client


def read(nadia, text: str):
    return read_people(text.encode(), nadia.manager.employer)


def faults(nadia, text: str) -> list[tuple]:
    return [tuple(fault) for fault in read(nadia, text).faults]


def send(page, content: bytes, name: str = "salaries.csv"):
    return page.post(reverse("cesu:beneficiary_import"), {"file": SimpleUploadedFile(name, content)})


def confirm(page, preview):
    said = {"people": preview.context["people"], "once_key": once_keys(preview)[-1]}
    return page.post(reverse("cesu:beneficiary_import_confirm"), said, follow=True)


def test_an_issuer_s_file_is_shown_then_written_once(page, nadia):
    add(nadia, employee_number="77", city="Pessac", usual_share=80)
    text = EDENRED + (
        "P1;D1;Mairie;77;MME;Bézu;Lou;;;33610;Cestas;;20;300,00;;12/04/1985;RH;non\n"
        "P1;D1;École;78;M;Benali;Karim;8 rue du Four;bât. B;1330;Ars;k@salarie.example;10;150;50;30/09/1990;;\n"
    )
    preview = send(page, text.encode("cp1252"))
    sheet = preview.context["sheet"]
    assert (sheet.new, sheet.updated, sheet.ignored) == (1, 1, ["code produit", "code client", "civilité"])
    assert Beneficiary.objects.count() == 1
    for _ in range(2):
        answer = confirm(page, preview)
    assert "1 bénéficiaire créé, 1 mis à jour." in answer.content.decode()
    karim, lou = Beneficiary.objects.of(nadia)
    assert person_of(lou) == LOU | {
        "delivery_point": "Mairie",
        "department": "RH",
        "usual_vouchers": 20,
        "usual_share": 80,
    }
    assert (karim.address, karim.postcode, karim.usual_face_cents) == ("8 rue du Four bât. B", "01330", 1500)
    assert not OutgoingEmail.objects.exists()


def test_a_workbook_does_as_well_and_the_model_can_be_imported(page, nadia):
    book, out = Workbook(), io.BytesIO()
    book.active.append(["Matricule", "Nom", "Prénom", "Date de naissance", "Part patronale", "Valeur faciale"])
    book.active.append([78, "Bruno", "Paola", date(1990, 9, 30), 0.5, 12.5])
    book.active["E2"].number_format = "0 %"
    book.save(out)
    confirm(page, send(page, out.getvalue(), "salaries.xlsx"))
    paola = Beneficiary.objects.get()
    assert (paola.employee_number, paola.usual_share, paola.usual_face_cents) == ("78", 50, 1250)
    model = send(page, page.get(reverse("cesu:beneficiary_import_model")).content)
    assert (model.context["sheet"].faults, model.context["sheet"].ignored) == ([], [])
    confirm(page, model)
    told = OutgoingEmail.objects.get(template="cesu/holder_code")
    assert (told.to, Beneficiary.objects.count()) == ("karim.benali@salarie.example", 3)


def test_a_number_that_lost_its_zeros_in_a_spreadsheet_is_still_that_employee(page, nadia):
    add(nadia, employee_number="00123")
    preview = send(page, b"matricule;nom;prenom;ville\n123;BEZU;Lou;Pessac\n")
    assert (preview.context["sheet"].new, preview.context["sheet"].updated) == (0, 1)
    confirm(page, preview)
    one = Beneficiary.objects.get()
    assert (one.employee_number, one.city) == ("00123", "Pessac")


def test_what_is_wrong_is_said_at_its_cell_and_nothing_is_written(page, nadia):
    header = (
        "matricule;nom;prénom;date de naissance;email;nombre de titres;valeur faciale;part patronale;type de CESU\n"
    )
    text = header + (
        "1;;Lou;12/04/1985;;10;15;50;papier\n"
        "2;Zola;Émile;31/02/1985;;10;15;50;papier\n"
        "3;Zola;Paul;;paul;0;200;101;papier\n"
        "4;Zola;Jean;;;-1;quinze;50 %;peut-être\n"
        "1;Zola;Anne;;;10;15;50;\n"
        ";Zola;Paul;;;10;15;50;\n"
        "5;=A1;Luc;;;10;15;50;;trop\n"
        "6;Zola;Ève;;;10;15;50;e-CESU\n"
    )
    assert faults(nadia, text) == [
        (2, "nom", "Le nom manque."),
        (
            3,
            "date de naissance",
            "« 31/02/1985 » n’est pas une date de naissance\u00a0: écrivez-la en entier, comme 31/12/1938.",
        ),
        (4, "email", "« paul » n’est pas une adresse e-mail."),
        (4, "nombre de titres", "Un carnet compte de 1 à 100 titres."),
        (4, "valeur faciale", "La valeur faciale va de 1,00\xa0€ à 100,00\xa0€."),
        (4, "part patronale", "La part patronale va de 1 à 100 %."),
        (5, "valeur faciale", "Écrivez un montant en euros, comme 15,00."),
        (5, "type de CESU", "« peut-être » n’est pas connu : oui ou non, papier ou e-CESU."),
        (5, "nombre de titres", "Un carnet compte de 1 à 100 titres."),
        (6, "matricule", "Ce matricule figure déjà à la ligne 2."),
        (7, "nom", "Cette personne figure déjà dans le fichier."),
        (8, "nom", workbooks.COMPUTED),
        (8, "", sheet_rows.BEYOND),
        (9, "choix du salarié le", "Le type de CESU est le choix du salarié : indiquez quand il l’a fait."),
        (9, "date de naissance", "L’e-CESU demande la date de naissance du salarié."),
        (9, "email", "L’e-CESU demande l’adresse e-mail du salarié : son code lui est envoyé, à lui seul."),
    ]
    preview = send(page, text.encode())
    assert "16 erreurs à corriger" in preview.content.decode()
    assert "people" not in preview.context
    assert not Beneficiary.objects.exists()


def test_somebody_who_is_there_already_is_not_made_twice(nadia):
    add(nadia)
    [fault] = faults(nadia, "nom;prénom;date de naissance\nBEZU;Lou;12/04/1985\n")
    assert fault[2].startswith("Un bénéficiaire du même nom, né le même jour, existe déjà")
    assert faults(nadia, "matricule;nom;prénom;date de naissance\n77;Bezu-Roux;Lou;12/04/1985\n") == []
    assert faults(nadia, "matricule;nom;prénom\n1;Martin;Paul\n2;Martin;Paul\n") == []


def test_an_employee_s_choice_is_not_changed_by_a_file(nadia):
    add(nadia, form="e", form_chosen_on=date(2026, 1, 5))
    header = "matricule;nom;prénom;dématérialisé;date du choix\n"
    [fault] = faults(nadia, header + "77;Bézu;Lou;non;\n")
    assert fault == (2, "date du choix", "Le type de CESU est le choix du salarié : indiquez quand il l’a fait.")
    assert faults(nadia, header + "77;Bézu;Lou;oui;\n") == []
    assert faults(nadia, header + "77;Bézu;Lou;non;01/02/2026\n") == []


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"matricule;nom\n1;a\n", "La colonne « prénom » manque."),
        (b"nom;prenom\n" + b"a;b\n" * 100_000, sheet_rows.TOO_LONG),
        (b"x" * 1_000_001, sheet_rows.TOO_HEAVY),
        ("nom;prénom\na;b\n".encode("utf-16"), sheet_rows.BAD_ENCODING),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_at_its_field(page, content, sentence):
    assert send(page, content).context["form"].errors["file"] == [sentence]


def test_a_preview_of_another_employer_or_a_changed_one_is_stale(page, nadia):
    preview = send(page, b"nom;prenom\na;b\n")
    stranger = PortalClient()
    stranger.force_login(manager_of(employer_with()))
    assert confirm(stranger, preview).status_code == StalePage.status
    said = {"people": preview.context["people"] + "x", "once_key": once_keys(preview)[-1]}
    assert page.post(reverse("cesu:beneficiary_import_confirm"), said).status_code == StalePage.status
    assert not Beneficiary.objects.exists()


def test_what_changed_since_the_preview_writes_nothing(page, nadia):
    preview = send(page, "matricule;nom;prénom\n77;Roux;Anne\n78;Zola;Paul\n".encode())
    add(nadia)
    assert ChangedMeanwhile.sentence in confirm(page, preview).content.decode()
    assert [str(row) for row in Beneficiary.objects.all()] == ["Bézu Lou"]


def test_five_thousand_lines_are_written_in_a_few_queries(nadia):
    text = "matricule;nom;prénom\n" + "".join(f"{n};Martin;Paul\n" for n in range(5000))
    with CaptureQueriesContext(
        connection,
    ) as queries:
        sheet = read(nadia, text)
        said = [thawed(frozen(line.person)) for line in sheet.lines]
        key = make_key(nadia.owner, people.IMPORT, str(sheet.new))
        done = import_beneficiaries(by=nadia, people=said, key=key)
    assert (done.created, Beneficiary.objects.count(), len(queries) < 40) == (5000, 5000, True)
