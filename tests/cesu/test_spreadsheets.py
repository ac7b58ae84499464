"""Spreadsheets of employers: what is read, what is refused and where."""

import io
import zipfile
from datetime import date

import pytest
from openpyxl import Workbook

from cesu import spreadsheets
from cesu.spreadsheets import Fault, UnreadableFile, read_rows

COLUMNS = {"number": ("matricule", "n° matricule"), "last_name": ("nom",), "share": ("part patronale",)}
CSV = "Matricule;NOM;Part patronale\n12;Bézu;50\n"
READ = [(2, {"number": "12", "last_name": "Bézu", "share": "50"})]


def xlsx(*rows) -> bytes:
    book, out = Workbook(), io.BytesIO()
    for row in rows:
        book.active.append(row)
    book.save(out)
    return out.getvalue()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_a_csv_is_read_in_the_encodings_of_french_spreadsheets(encoding):
    assert read_rows(CSV.encode(encoding), COLUMNS).lines == READ


def test_commas_empty_lines_and_other_columns_change_nothing():
    rows = read_rows(b"\n,,\nNom,Civilit\xe9,N\xb0 matricule\n\nDoe,M,7\n", COLUMNS)
    assert rows.lines == [(5, {"last_name": "Doe", "number": "7"})]
    assert (rows.ignored, rows.headings) == (["Civilité"], {"last_name": "Nom", "number": "N° matricule"})


def test_a_workbook_is_read_with_its_numbers_dates_and_percents():
    book, out = Workbook(), io.BytesIO()
    book.active.append(["matricule", "nom", "part patronale"])
    book.active.append([12.0, date(1985, 12, 31), 0.5])
    book.active["C2"].number_format = "0%"
    book.active.append([15.5, True, None])
    book.save(out)
    assert read_rows(out.getvalue(), COLUMNS).lines == [
        (2, {"number": "12", "last_name": "31/12/1985", "share": "50"}),
        (3, {"number": "15,5", "last_name": "oui", "share": ""}),
    ]


def test_formulas_are_faults_of_their_cells_and_never_computed():
    formula = [Fault(2, "nom", spreadsheets.COMPUTED)]
    assert read_rows(xlsx(["matricule", "nom"], [1, "=1+1"]), COLUMNS).faults == formula
    assert read_rows(b"matricule;nom\n1;@SUM(A1)\n", COLUMNS).faults == formula
    assert read_rows(b"matricule;nom\n-1,5;a\n", COLUMNS).faults == []


def test_a_cell_beyond_the_columns_or_too_long_is_a_fault():
    rows = read_rows(b"matricule;nom\n1;" + b"x" * 301 + b"\n2;b;c\n", COLUMNS)
    assert rows.faults == [Fault(2, "nom", spreadsheets.CELL_TOO_LONG), Fault(3, "", spreadsheets.BEYOND)]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"x" * 1_000_001, spreadsheets.TOO_HEAVY),
        (b"nom\n" + b"a\n" * 100_000, spreadsheets.TOO_LONG),
        (xlsx(["nom"], *[["a"]] * 5_001), spreadsheets.TOO_LONG),
        (CSV.encode("utf-16"), spreadsheets.BAD_ENCODING),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x81", spreadsheets.BAD_ENCODING),
        (spreadsheets.OLD_EXCEL + b"\0" * 600, spreadsheets.OLD_FORMAT),
        (b"PK\x03\x04 and nothing", spreadsheets.BROKEN),
        (b"", spreadsheets.EMPTY),
        (b"matricule;nom\n;\n", spreadsheets.EMPTY),
        (b'nom\n"a\n', "Ligne 2 : les guillemets ne sont pas bien fermés."),
        (b"nom;NOM\na;b\n", "Les colonnes « nom » et « NOM » disent la même chose."),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_a_sentence(content, sentence):
    with pytest.raises(UnreadableFile) as refused:
        read_rows(content, COLUMNS)
    assert refused.value.sentences == [sentence]


def test_an_archive_that_swells_is_refused_before_it_is_unpacked():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b" " * 40_000_000)
    with pytest.raises(UnreadableFile, match="décompressé"):
        read_rows(out.getvalue(), COLUMNS)


def test_a_cell_in_the_last_row_of_a_sheet_is_not_waited_for():
    book, out = Workbook(), io.BytesIO()
    book.active.append(["nom"])
    book.active["A1048576"] = "a"
    book.save(out)
    with pytest.raises(UnreadableFile, match="5 000 lignes"):
        read_rows(out.getvalue(), COLUMNS)


def test_what_cells_say():
    said = [spreadsheets.cents(text) for text in ("15", "15,50 €", "1 200.00", "0,005", "-3", "1e3", "quinze")]
    assert said == [1500, 1550, 120000, None, -300, None, None]
    assert [spreadsheets.whole(text) for text in ("12", "50 %", "1 200", "1,5", "")] == [12, 50, 1200, None, None]
    assert [spreadsheets.day(text) for text in ("31/12/1985", "1985-12-31", "31/02/1985", "")] == [
        date(1985, 12, 31),
        date(1985, 12, 31),
        None,
        None,
    ]
