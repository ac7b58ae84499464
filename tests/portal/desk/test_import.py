"""Families that agents create or import."""

import io
from datetime import date

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from openpyxl import Workbook

from accounts.models import ActivationCode, User
from common.files.sheet_rows import BEYOND, EMPTY, MAX_BYTES
from common.files.workbooks import COMPUTED, UnreadableFile
from common.refusals import StalePage
from common.writing.once import make_key
from families.models import Family, Member
from portal.desk.actions.imports import IMPORT, AlreadyThere, import_families
from portal.desk.family_sheet import COLUMNS, MAX_LINES, read_sheet
from tests.accounts.pages import emails_to, member, words
from tests.client import once_keys
from tests.factories.accounts import AgentFactory, CommuneFactory, UserFactory

pytestmark = pytest.mark.django_db
PAGE, CONFIRM, NEW = "/admin/familles/importer/", "/admin/familles/importer/confirmer/", "/admin/familles/nouvelle/"
HEADER = "nom;prenom;email;code_insee;enfant_prenom;enfant_naissance;filiation\n"
LOUANE = "Dupont;Claire;claire@example.org;01371;Louane;10/05/2018;Mère\n"
THEO = "Dupont;Claire;claire@example.org;01371;Théo;12/07/2013;Mère\n"
PAUL = "Martin;Paul;;01371;Zoé;2020-02-02;\n"


@pytest.fixture
def commune():
    return CommuneFactory(name="Saint-Marcel", insee_code="01371")


@pytest.fixture
def agent(commune):
    return AgentFactory(communes=[commune])


def read(agent, text):
    return read_sheet(text.encode(), agent)


def faults(agent, line, header=HEADER):
    return [fault for _, fault in read(agent, header + line).faults]


def upload(browser, content):
    content = content.encode() if isinstance(content, str) else content
    return browser.post(PAGE, {"file": SimpleUploadedFile("familles.csv", content)})


def rows_of(page):
    return page.content.decode().partition('name="rows" value="')[2].partition('"')[0]


# --- Reading ---------------------------------------------------------------------------------------------------------
def test_the_lines_of_one_adult_make_one_family(agent):
    sheet = read(agent, HEADER + LOUANE + PAUL + THEO)
    assert sheet.faults == []
    assert [(family.name, family.email, [m["first_name"] for m in family.members]) for family in sheet.families] == [
        ("Claire Dupont", "claire@example.org", ["Louane", "Théo"]),
        ("Paul Martin", "", ["Zoé"]),
    ]
    assert sheet.families[0].members[0] == {
        "first_name": "Louane",
        "last_name": "Dupont",
        "birth_date": "2018-05-10",
        "kinship": "mother",
    }


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
@pytest.mark.parametrize("delimiter", [";", ","])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_the_file_is_read_as_spreadsheets_write_it(agent, encoding, delimiter, newline):
    text = (HEADER + THEO).replace(";", delimiter).replace("\n", newline)
    (family,) = read_sheet(text.encode(encoding), agent).families
    assert [m["first_name"] for m in family.members] == ["Théo"]


def test_column_names_are_known_with_accents_and_capitals(agent):
    sheet = read(agent, "Nom;Prénom;Code postal\nDupont;Claire;1330\n")
    assert (sheet.faults, sheet.families[0].person["postcode"]) == ([], "01330")


def test_an_insee_code_that_lost_its_zero_is_found(agent):
    assert read(agent, HEADER + LOUANE.replace("01371", "1371")).families[0].commune == "01371"


def test_without_a_code_the_agents_only_commune_is_meant(agent):
    assert read(agent, HEADER + LOUANE.replace("01371", "")).families[0].commune == "01371"
    agent.communes.add(CommuneFactory())
    assert faults(agent, LOUANE.replace("01371", "")) == ["Le code INSEE de la commune manque."]


FAULTS = {
    "no name": (";Claire;;01371;;;\n", "« nom » est vide."),
    "no first name": ("Dupont;;;01371;;;\n", "« prenom » est vide."),
    "300 characters": (f"{'x' * 300};Claire;;01371;;;\n", "« nom » compte plus de 80 caractères."),
    "a child of 300 characters": (
        f"Dupont;Claire;;01371;{'x' * 150};10/05/2018;\n",
        "Le prénom compte au plus 80 caractères.",
    ),
    "a broken address": ("Dupont;Claire;claire@;01371;;;\n", "« claire@ » n’est pas une adresse e-mail."),
    "another's commune": ("Dupont;Claire;;33122;;;\n", "La commune 33122 n’est pas une de vos communes."),
    "no birth date": ("Dupont;Claire;;01371;Louane;;\n", "La date de naissance du bénéficiaire manque."),
    "no such date": (
        "Dupont;Claire;;01371;Louane;31/02/2018;\n",
        "« enfant_naissance » : « 31/02/2018 » n’est pas une date de naissance\u00a0: écrivez-la en entier, comme 31/12/1938.",
    ),
    "a date in the future": (
        "Dupont;Claire;;01371;Louane;01/01/2999;\n",
        "« enfant_naissance » : La date de naissance 01/01/2999 est dans le futur.",
    ),
    "a date long ago": (
        "Dupont;Claire;;01371;Louane;01/01/1801;\n",
        "« enfant_naissance » : La date de naissance 01/01/1801 n’est pas plausible\u00a0: 225 ans.",
    ),
    "a child without a first name": ("Dupont;Claire;;01371;;10/05/2018;\n", "Le prénom du bénéficiaire manque."),
    "an unknown kinship": ("Dupont;Claire;;01371;Louane;10/05/2018;Roi\n", "La filiation « Roi » n’est pas connue."),
    "a formula": ("=1+1;Claire;;01371;;;\n", f"« nom » : {COMPUTED}"),
    "a wide formula": ("＝1;Claire;;01371;;;\n", f"« nom » : {COMPUTED}"),
    "too many cells": ("Dupont;Claire;;01371;;;;x\n", BEYOND),
}


@pytest.mark.parametrize(("line", "fault"), FAULTS.values(), ids=FAULTS.keys())
def test_each_fault_is_told_with_its_line(agent, line, fault):
    assert read(agent, HEADER + LOUANE + line).faults == [(3, fault)]


def test_all_the_faults_of_a_line_are_told_at_once(agent):
    assert faults(agent, ";;x@;99999;Louane;x;\n") == [
        "« nom » est vide.",
        "« prenom » est vide.",
        "La commune 99999 n’est pas une de vos communes.",
        "« x@ » n’est pas une adresse e-mail.",
    ]


def test_an_address_is_used_by_one_account(agent):
    UserFactory(email="claire@example.org")
    assert faults(agent, LOUANE) == ["Un compte existe déjà avec l’adresse claire@example.org."]
    assert faults(agent, LOUANE.replace("claire@", "c@") + "Durand;Paul;C@example.org;01371;;;\n") == [
        "L’adresse c@example.org figure déjà à la ligne 2."
    ]


def test_a_person_who_has_an_account_in_the_commune_is_not_created_twice(agent, commune):
    known = UserFactory(first_name="Paul", last_name="MARTIN", commune=commune, identifier="F0000012")
    assert faults(agent, PAUL) == ["Un compte existe déjà pour Paul MARTIN à Saint-Marcel (F0000012)."]
    known.birth_date = date(1950, 1, 1)
    known.save()
    header = "nom;prenom;naissance\n"
    assert faults(agent, "Martin;Paul;01/01/1990\n", header) == []
    assert len(faults(agent, "Martin;Paul;01/01/1950\n", header)) == 1


def test_a_person_is_known_whatever_the_accents_case_hyphens_and_ligatures(agent, commune):
    UserFactory(first_name="Hélène", last_name="Lefèvre", commune=commune, identifier="F0000012")
    UserFactory(first_name="Marie-Ève", last_name="Lebœuf", commune=commune, identifier="F0000013")
    text = "nom;prenom\nLEFEVRE;HELENE\nLeboeuf;marie eve\n"
    assert [fault for _, fault in read(agent, text).faults] == [
        "Un compte existe déjà pour Hélène Lefèvre à Saint-Marcel (F0000012).",
        "Un compte existe déjà pour Marie-Ève Lebœuf à Saint-Marcel (F0000013).",
    ]


def test_a_telephone_is_kept_in_one_form(agent):
    text = "nom;prenom;telephone\nDupont;Claire;612345678\nMartin;Paul;+33 6 12 34 56 78\n"
    assert [family.person["phone"] for family in read(agent, text).families] == ["06 12 34 56 78"] * 2
    assert faults(agent, "Dupont;Claire;06 12 34 56\n", "nom;prenom;telephone\n")[0].startswith(
        "« telephone » : Un téléphone"
    )


def test_a_workbook_of_families_is_read_too(agent):
    book, out = Workbook(), io.BytesIO()
    book.active.append(["nom", "prenom", "enfant_prenom", "enfant_naissance"])
    book.active.append(["Dupont", "Claire", "Louane", date(2018, 5, 10)])
    book.save(out)
    (family,) = read_sheet(out.getvalue(), agent).families
    assert family.members[0]["birth_date"] == "2018-05-10"


def test_a_family_number_joins_lines_of_the_same_adult_only(agent):
    header = "famille;nom;prenom;code_insee;enfant_prenom;enfant_naissance\n"
    same = "7;Dupont;Claire;01371;Louane;10/05/2018\n7;Dupont;Claire;01371;Théo;12/07/2013\n"
    assert len(read(agent, header + same).families) == 1
    assert faults(agent, same + "7;Durand;Paul;01371;;\n", header) == [
        "Le responsable n’est pas le même qu’à la ligne 2 de cette famille."
    ]


def test_a_beneficiary_named_twice_is_told(agent):
    assert faults(agent, LOUANE + LOUANE) == ["Ce bénéficiaire figure déjà dans cette famille."]


UNREADABLE = {
    "an unknown column": (b"nom;prenom;salaire\nDupont;Claire;12\n", ["La colonne « salaire » n’est pas connue."]),
    "a missing column": (b"nom\nDupont\n", ["La colonne « prenom » manque."]),
    "a column twice": (b"nom;prenom;nom\n", ["Les colonnes « nom » et « nom » disent la même chose."]),
    "nothing": (b"", [EMPTY]),
    "a spreadsheet file": (b"PK\x03\x04\x00\x00", None),
    "a picture": (b"\x89PNG\r\n\x1a\n\x00", None),
    "an open quote": (b'nom;prenom\n"Dupont;Claire\n', ["Ligne 2 : les guillemets ne sont pas bien fermés."]),
    "too heavy": (b"x" * (MAX_BYTES + 1), None),
    "too long": (b"nom;prenom\n" + b"Dupont;Claire\n" * (MAX_LINES + 1), None),
}


@pytest.mark.parametrize(("content", "sentences"), UNREADABLE.values(), ids=UNREADABLE.keys())
def test_a_file_that_cannot_be_read_is_refused_with_a_sentence(agent, content, sentences):
    with pytest.raises(UnreadableFile) as refusal:
        read_sheet(content, agent)
    assert sentences is None or refusal.value.sentences == sentences


# --- Writing ---------------------------------------------------------------------------------------------------------
def test_the_preview_writes_nothing_and_the_confirmation_writes_everything(visitor, agent, commune):
    browser = visitor(agent)
    preview = upload(browser, HEADER + LOUANE + THEO + PAUL)
    assert "2 familles, 3 bénéficiaires. Rien n’est encore enregistré." in words(preview)
    assert (Family.objects.count(), Member.objects.count()) == (0, 0)
    done = browser.post(CONFIRM, {"rows": rows_of(preview), "once_key": once_keys(preview)[0]})
    assert "2 familles créées." in words(done)
    claire = User.objects.get(email="claire@example.org")
    assert (claire.status, claire.decided_by, claire.commune, claire.has_usable_password()) == (
        "validated",
        agent,
        commune,
        False,
    )
    family = claire.guardian.family
    assert (family.commune, [m.first_name for m in family.members.order_by("birth_date")]) == (
        commune,
        ["Théo", "Louane"],
    )
    assert emails_to("claire@example.org") == ["accounts/account_opened"]
    paul = User.objects.get(first_name="Paul")
    assert (paul.email, paul.identifier[0], len(paul.identifier)) == (None, "F", 8)


def test_one_fault_keeps_the_whole_file_out(visitor, agent):
    page = upload(visitor(agent), HEADER + LOUANE + ";Paul;;01371;;;\n")
    assert "Rien n’est enregistré." in words(page)
    assert "3 « nom » est vide." in words(page)
    assert (rows_of(page), once_keys(page)) == ("", [])


def test_confirming_twice_creates_once(visitor, agent):
    browser = visitor(agent)
    preview = upload(browser, HEADER + LOUANE)
    posted = {"rows": rows_of(preview), "once_key": once_keys(preview)[0]}
    pages = [words(browser.post(CONFIRM, posted)) for _ in range(2)]
    assert ["1 famille créée." in page for page in pages] == [True, True]
    assert Family.objects.count() == 1


def test_the_same_file_read_again_is_refused(visitor, agent):
    browser = visitor(agent)
    preview = upload(browser, HEADER + LOUANE + PAUL)
    browser.post(CONFIRM, {"rows": rows_of(preview), "once_key": once_keys(preview)[0]})
    assert len(read(agent, HEADER + LOUANE + PAUL).faults) == 3


def test_an_account_created_since_the_preview_keeps_the_file_out(agent):
    rows = read(agent, HEADER + PAUL + LOUANE).as_rows()
    UserFactory(email="claire@example.org", last_name="Autre")
    with pytest.raises(AlreadyThere):
        import_families(agent=agent, rows=rows, key=make_key(agent.owner, IMPORT))
    assert Family.objects.count() == 0


def test_rows_cannot_be_forged_nor_borrowed(visitor, agent, commune):
    browser = visitor(agent)
    assert browser.post(CONFIRM, {"rows": "x", "once_key": "x"}).url == PAGE
    preview = upload(browser, HEADER + LOUANE)
    other = visitor(AgentFactory(communes=[commune]))
    posted = {"rows": rows_of(preview), "once_key": once_keys(preview)[0]}
    assert other.post(CONFIRM, posted).status_code == 403
    with pytest.raises(StalePage):
        import_families(agent=agent, rows=[], key="forged")
    assert Family.objects.count() == 0


def test_every_column_is_explained_on_the_page_and_present_in_the_model(visitor, agent):
    browser = visitor(agent)
    page = words(browser.get(PAGE))
    assert [name for name, text in COLUMNS.items() if f"{name} {text}" not in page] == []
    model = browser.get("/admin/familles/importer/modele.csv").content
    sheet = read_sheet(model, agent)
    assert (len(sheet.families), sheet.faults) == (1, [])


def test_parents_have_no_such_pages(visitor):
    browser = visitor(UserFactory())
    assert [browser.get(url).status_code for url in (PAGE, NEW, CONFIRM)] == [302, 302, 302]


# --- One family at the counter ---------------------------------------------------------------------------------------
def one_family(page, commune, **fields):
    typed = {"first_name": "Jeanne", "last_name": "Petit", "commune": commune.pk, "once_key": once_keys(page)[0]}
    rows = {"members-TOTAL_FORMS": "2", "members-INITIAL_FORMS": "0", "members-1-kinship": "father"} | member("Lou", 0)
    return typed | rows | fields


@pytest.mark.seed("S4-2")
def test_an_agent_creates_a_family_and_is_led_to_its_letter(visitor, agent, commune):
    browser = visitor(agent)
    answer = browser.post(NEW, one_family(browser.get(NEW), commune))
    jeanne = User.objects.get(last_name="Petit")
    assert answer.url == f"/admin/accounts/user/courriers/?ids={jeanne.pk}"
    assert (jeanne.email, jeanne.status, jeanne.guardian.family.members.get().first_name) == (None, "validated", "Lou")
    letter = browser.get(answer.url)
    assert f"Jeanne Petit ({jeanne.identifier})" in words(letter)
    assert not ActivationCode.objects.exists()


def test_a_second_click_creates_one_family(visitor, agent, commune):
    browser = visitor(agent)
    typed = one_family(browser.get(NEW), commune)
    assert browser.post(NEW, typed).url == browser.post(NEW, typed).url
    assert Family.objects.count() == 1


def test_a_namesake_is_told_and_created_only_when_the_agent_says_so(visitor, agent, commune):
    UserFactory(first_name="Jeanne", last_name="Petit", commune=commune, identifier="F0000012")
    browser = visitor(agent)
    answer = browser.post(NEW, one_family(browser.get(NEW), commune))
    assert "Un compte existe déjà pour Jeanne Petit à Saint-Marcel (F0000012)." in words(answer)
    assert browser.post(NEW, one_family(browser.get(NEW), commune, twin="on")).status_code == 302


def test_an_agent_creates_no_family_in_another_commune(visitor, agent, commune):
    browser, elsewhere = visitor(agent), CommuneFactory()
    answer = browser.post(NEW, one_family(browser.get(NEW), elsewhere))
    assert (answer.status_code, Family.objects.count()) == (200, 0)


@pytest.mark.parametrize(
    "fields",
    [{"last_name": "x" * 300}, {"first_name": ""}, {"birth_date": "2999-01-01"}, {"members-0-birth_date_year": "x"}],
)
def test_bad_input_at_the_counter_creates_nothing(visitor, agent, commune, fields):
    browser = visitor(agent)
    assert browser.post(NEW, one_family(browser.get(NEW), commune, **fields)).status_code == 200
    assert Family.objects.count() == 0
