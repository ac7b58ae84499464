"""A funder's monthly file: read line by line, shown, imported once; new people get a code."""

from datetime import date, timedelta
from pathlib import Path

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from cesu.access import FUNDER_STAFF
from cesu.aid.actions.rights.imports import apply_import, forget_sheets, importing, keep_sheet
from cesu.aid.sheets.rights import read_rights
from cesu.models import AidAccount, AidPlan, CesuHolder, RightsImport
from common.files.workbooks import UnreadableFile
from common.values.cells import month
from common.writing.once import make_key
from portal.desk.reads.worklist import worklist
from tests.cesu.aid.admin.test_rights import agent_of, url
from tests.client import once_keys
from tests.concurrency import someone_else
from tests.factories.aid import aid_account_of, aid_user, funder_with, holder_with, left

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("exact_books")]
HEAD = "Code CESU;Nom;Prénom;Date de naissance;Compte;Mois;Heures;Montant;E-mail;Téléphone"
NOVEMBER = date(2026, 11, 1)


@pytest.fixture(autouse=True)
def _on_a_day():
    with time_machine.travel("2026-11-21T10:00:00+01:00", tick=True):
        yield


@pytest.fixture
def funder(db):
    return funder_with()


@pytest.fixture
def agent(funder):
    return agent_of(FUNDER_STAFF, funder)


def read(*lines):
    return read_rights("\n".join([HEAD, *lines]).encode())


def keep(agent, funder, *lines):
    read_lines, faults = read(*lines)
    return keep_sheet(agent=agent, funder=funder, file_name="novembre.csv", lines=read_lines, faults=faults)


def bring(agent, funder, *lines):
    """Read and import; how many lines did what, those that did nothing left out."""
    imported = keep(agent, funder, *lines)
    done = apply_import(agent=agent, imported=imported, key=make_key(agent.owner, importing(imported)))
    return {word: count for word, count in done.items() if count}


def said(imported):
    return [row[3] for row in RightsImport.objects.get(pk=imported.pk).report["lines"]]


ODETTE = ";Lacoste;Odette;14/05/1938;APA;11/2026;42:00;;odette@famille.example;05 61 00 00 00"


@pytest.mark.seed("S1-57", "S1-77")
def test_the_same_file_five_times_gives_once_and_a_new_person_gets_one_code(agent, funder):
    lines = [ODETTE, ";Lacoste;Odette;14/05/1938;PCH;2026-11;10h30;100,00;;"]
    done = [bring(agent, funder, *lines) for _ in range(5)]
    assert done == [{"new": 2}] + [{"unchanged": 2}] * 4
    holder = CesuHolder.objects.get()
    assert (len(holder.code), holder.contact_email, holder.contact_phone) == (
        8,
        "odette@famille.example",
        "05 61 00 00 00",
    )
    rights = {account.kind: left(account.rights.get()) for account in AidAccount.objects.all()}
    assert rights == {"apa": (2520, 201_94), "pch": (630, 100_00)}


def test_a_file_that_says_something_else_corrects_by_the_code_or_by_the_name(agent, funder):
    bring(agent, funder, ODETTE)
    code = CesuHolder.objects.get().code
    assert bring(agent, funder, f"{code};LACOSTE;odette;14/05/1938;apa emploi direct;novembre 2026;40;;;") == {
        "corrected": 1
    }
    imported = keep(agent, funder, ODETTE)
    assert said(imported) == ["Corrigé : 42 h 00, soit 201,94\u00a0€, au lieu de 40 h 00, soit 192,32\u00a0€."]
    assert left(AidAccount.objects.get().rights.get()) == (2400, 192_32)


LIBREOFFICE = Path(__file__).parents[3] / "common" / "data" / "libreoffice"


@pytest.mark.parametrize("name", ["utf8.csv", "cp1252.csv", "droits.ods", "droits.xlsx"])
def test_the_model_saved_by_a_french_libreoffice_is_what_was_typed(name):
    lines, faults = read_rights((LIBREOFFICE / name).read_bytes())
    assert faults == {}
    assert [
        (line.code, line.last_name, line.birth_date, line.month, line.minutes, line.cents, line.phone) for line in lines
    ] == [
        ("12345678", "Lacoste", "1938-05-14", "2026-11-01", 2520, None, ""),
        ("", "Vidal", "1941-09-02", "2026-11-01", 1830, None, "05 61 00 00 00"),
        ("02345678", "Lebœuf", "1921-09-02", "2026-11-01", 750, 201_94, "06 12 34 56 78"),
        ("", "Morel", "1955-09-02", "2026-11-01", 495, None, "06 12 34 56 78"),
    ]


def test_a_name_is_known_however_it_is_typed(agent, funder):
    bring(agent, funder, ";Lebœuf;Hélène;14/05/1938;APA;11/2026;42:00;;;")
    assert bring(agent, funder, ";LEBOEUF;HELENE;14/05/38;APA;11/2026;42:00:00;;;") == {"unchanged": 1}
    assert CesuHolder.objects.count() == 1


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ("02/09/2021;APA;11/2026;42;;;", "Un bénéficiaire de 5 ans n’est pas possible"),
        ("02/09/18;APA;11/2026;42;;;", "L’année de « 02/09/18 » peut être 1918 ou 2018"),
        ("02/09/2027;APA;11/2026;42;;;", "La date de naissance 02/09/2027 est dans le futur."),
        ("14/05/1938;APA;11/2026;42;;;06 12 34 56", "Un téléphone français a 10 chiffres"),
        ("14/05/1938;APA;11/2026;42;;;6,12E+08", "Téléphone : Le tableur a arrondi ce nombre"),
        ("14/05/1938;APA;11/2026;42:00:30;;;", "Écrivez des heures comme 42:00"),
    ],
)
def test_a_birth_or_a_telephone_that_is_not_sure_is_refused_at_its_line(cells, reason):
    _, faults = read(ODETTE, f";Vidal;Henri;{cells}")
    assert list(faults) == [3]
    assert faults[3][0].startswith(reason)


def test_each_line_at_fault_is_told_and_left_out(agent, funder):
    known, other = holder_with(code="12345678"), funder_with()
    planned = aid_account_of(holder_with("Vidal", "Henri", code="22345678"), funder)
    AidPlan.objects.create(aid_account=planned, since=NOVEMBER, minutes=600)
    aid_account_of(holder_with("Faure", "Inès", code="32345678"), other)
    lines = [
        "99999999;Inconnu;Jean;14/05/1938;APA;11/2026;42;;;",
        "12345678;Lacoste;Odile;14/05/1938;APA;10/2026;42;;;",
        "12345678;Lacoste;Odette;15/05/1938;APA;09/2026;42;;;",
        "22345678;Vidal;Henri;14/05/1938;APA;11/2026;42;;;",
        "32345678;Faure;Inès;14/05/1938;APA;11/2026;42;;;",
        "12345678;Lacoste;Odette;14/05/1938;APA;12/2026;42;;;",
        "12345678;Lacoste;Odette;14/05/1938;APA;01/2026;42;;;",
        "12345678;Lacoste;Odette;14/05/1938;APA;11/2026;42;0,10;;",
        "12345678;Lacoste;Odette;14/05/1938;PCH;10/2026;=1+1;;;",
        "12345678;Lacoste;Odette;14/05/1938;AGE;10/2026;745;x;pas une adresse;",
        "12345678;Lacoste;Odette;14/05/1938;PCH;11/2026;10;;;",
        "12345678;Lacoste;Odette;14/05/1938;PCH;11/2026;10;;;",
    ]
    imported = keep(agent, funder, *lines)
    assert [sentence[:46] for sentence in said(imported)] == [
        "Ce code CESU n’existe pas. Laissez-le vide pou",
        "Ce code CESU n’est pas celui d’une personne de",
        "Ce code CESU n’est pas celui d’une personne de",
        "Les droits de ce mois viennent de son plan d’a",
        "Un autre financeur donne déjà l’aide APA à cet",
        "Ce mois n’a pas commencé : importez-le à parti",
        "Ce droit serait déjà expiré.",
        "Des heures ont un montant, d’un centime la min",
        "Heures : C’est une formule : remplacez-la par ",
        "Écrivez des heures comme 42:00, 42h30 ou 42,5.",
        "Crédité : 10 h 00, soit 48,08\u00a0€.",
        "Cette ligne répète la ligne 12 : même personne",
    ]
    done = apply_import(agent=agent, imported=imported, key=make_key(agent.owner, importing(imported)))
    assert (done["credited"], done["refused"]) == (1, 11)
    assert left(known.aid_accounts.get().rights.get()) == (600, 48_08)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "est vide"),
        (b"Nom;Mois\nA;11/2026", "La colonne « pr"),
        (b"PK\x03\x04xlsx", "enregistrez-le en CSV"),
        (b"x" * 10_000_001, "10 Mo au plus"),
    ],
)
def test_a_file_that_is_none_is_refused(content, sentence):
    with pytest.raises(UnreadableFile, match=sentence):
        read_rights(content)


def test_months_are_read_as_people_write_them():
    assert {month(text) for text in ("11/2026", "2026-11", "novembre 2026", "Novembre 2026", "01/11/2026")} == {
        NOVEMBER
    }
    assert [month(text) for text in ("", "13/2026", "2026", "brumaire 2026", "11/26/2026")] == [None] * 5


@pytest.mark.django_db(transaction=True)
def test_two_people_who_import_the_same_file_at_once_create_nobody_twice(agent, funder):
    imports = [keep(agent, funder, ODETTE) for _ in range(2)]
    rivals = [
        someone_else(apply_import, agent=agent, imported=each, key=make_key(agent.owner, importing(each)))
        for each in imports
    ]
    done = [rival.result() for rival in rivals]
    assert sorted((each["new"], each["unchanged"]) for each in done) == [(0, 1), (1, 0)]
    assert CesuHolder.objects.count() == 1


# --- The pages ------------------------------------------------------------------------------------------------------------
def test_the_agent_reads_what_the_file_does_then_imports_it_once_and_takes_the_codes(agent, funder, visitor):
    browser = visitor(agent)
    content = "\n".join([HEAD, ODETTE, ";=HYPERLINK();Odette;14/05/1938;APA;11/2026;42;;;"]).encode()
    file = SimpleUploadedFile("novembre.csv", content)
    answer = browser.post(url("rightsimport_add"), {"funder": funder.pk, "file": file})
    imported = RightsImport.objects.get()
    assert answer.url == url("rightsimport_sheet", imported.pk)
    page = browser.get(answer.url)
    text = page.content.decode()
    assert "Personne nouvelle : 42 h 00, soit 201,94\u00a0€." in text
    assert "<b>Refusé.</b> Nom : C’est une formule" in text
    assert not CesuHolder.objects.exists()
    key = once_keys(page)[0]
    done = [browser.post(answer.url, {"once_key": key}, follow=True) for _ in range(2)]
    assert "Le fichier est importé : personnes nouvelles : 1, refusés : 1." in done[1].content.decode()
    holder = CesuHolder.objects.get()
    codes = browser.get(url("rightsimport_codes", imported.pk)).content.decode("utf-8-sig")
    assert codes.splitlines()[1] == f"{holder.code};Lacoste;Odette;14-05-1938;Novembre 2026"
    assert "Importé" in browser.get(url("rightsimport_changelist")).content.decode()


def test_another_funder_s_agent_sees_no_import_and_imports_nothing_for_it(agent, funder, visitor):
    imported, stranger = keep(agent, funder, ODETTE), visitor(agent_of(FUNDER_STAFF, funder_with()))
    pages = [url(f"rightsimport_{page}", imported.pk) for page in ("sheet", "codes", "change")]
    assert [stranger.get(page).status_code for page in pages] == [404, 404, 404]
    assert stranger.post(pages[0], {"once_key": "x"}).status_code == 404
    file = SimpleUploadedFile("novembre.csv", "\n".join([HEAD, ODETTE]).encode())
    assert stranger.post(url("rightsimport_add"), {"funder": funder.pk, "file": file}).status_code == 200
    assert RightsImport.objects.count() == 1


# --- Who opens the accounts -------------------------------------------------------------------------------------------------
def test_who_signed_up_waits_on_the_first_page_until_the_agent_confirms(agent, funder, visitor):
    account = aid_account_of(holder_with(), funder)
    access = aid_user(account.holder, confirmed=False).aid_accesses.get()
    AidPlan.objects.create(aid_account=account, since=NOVEMBER, minutes=600)
    tasks = [(task.label, task.count) for task in worklist(agent)]
    assert tasks == [("Accès de bénéficiaires à confirmer", 1), ("Droits du mois pas encore donnés", 1)]
    browser, address = visitor(agent), url("aidaccount_confirm", access.pk)
    assert account.holder.code in browser.get(url("aidaccount_changelist") + "?acces=a-confirmer").content.decode()
    assert browser.post(address, {"once_key": once_keys(browser.get(address))[0]}).status_code == 302
    access.refresh_from_db()
    assert access.pays
    stranger = visitor(agent_of(FUNDER_STAFF, funder_with()))
    assert [stranger.get(url(f"aidaccount_{page}", access.pk)).status_code for page in ("confirm", "revoke")] == [
        404,
        404,
    ]


def test_the_agent_invites_a_guardian_and_takes_an_access_back(agent, funder, visitor):
    account = aid_account_of(holder_with(), funder)
    access = aid_user(account.holder).aid_accesses.get()
    browser, address = visitor(agent), url("aidaccount_authorise", account.pk)
    person = {"first_name": "Luc", "last_name": "Roy", "email": "luc@tutelle.example", "role": "2", "may_pay": "on"}
    answer = browser.post(address, person | {"once_key": once_keys(browser.get(address))[0]})
    assert (answer.status_code, account.holder.invitations.get().role) == (302, "2")
    address = url("aidaccount_revoke", access.pk)
    browser.post(address, {"once_key": once_keys(browser.get(address))[0]})
    access.refresh_from_db()
    assert access.revoked_by == agent


def test_what_a_file_says_of_people_is_forgotten_in_time_the_counts_of_what_was_done_stay(agent, funder):
    bring(agent, funder, ODETTE)
    keep(agent, funder, ODETTE)
    assert forget_sheets(timezone.now() - timedelta(minutes=1)) == 0
    assert forget_sheets(timezone.now()) == 2
    applied = RightsImport.objects.get()
    assert (applied.report["lines"], applied.report["counts"]["new"]) == ([], 1)
    assert forget_sheets(timezone.now()) == 0
