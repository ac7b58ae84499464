"""Spreadsheets of employers: what is read, what is refused and where."""

import io
import zipfile
from datetime import date, time
from pathlib import Path

import pytest
from openpyxl import Workbook

from common.files import sheet_rows, workbooks
from common.files.sheet_rows import Fault, read_rows
from common.files.sheets import to_csv
from common.files.workbooks import UnreadableFile
from common.values import cells

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
    formula = [Fault(2, "nom", workbooks.COMPUTED)]
    assert read_rows(xlsx(["matricule", "nom"], [1, "=1+1"]), COLUMNS).faults == formula
    assert read_rows(b"matricule;nom\n1;@SUM(A1)\n", COLUMNS).faults == formula
    assert read_rows(b"matricule;nom\n-1,5;a\n", COLUMNS).faults == []


def test_a_cell_beyond_the_columns_or_too_long_is_a_fault():
    rows = read_rows(b"matricule;nom\n1;" + b"x" * 301 + b"\n2;b;c\n", COLUMNS)
    assert rows.faults == [Fault(2, "nom", sheet_rows.CELL_TOO_LONG), Fault(3, "", sheet_rows.BEYOND)]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"x" * 1_000_001, sheet_rows.TOO_HEAVY),
        (b"nom\n" + b"a\n" * 100_000, sheet_rows.TOO_LONG),
        (xlsx(["nom"], *[["a"]] * 5_001), sheet_rows.TOO_LONG),
        (CSV.encode("utf-16"), sheet_rows.BAD_ENCODING),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x81", sheet_rows.BAD_ENCODING),
        (sheet_rows.OLD_EXCEL + b"\0" * 600, sheet_rows.OLD_FORMAT),
        (b"PK\x03\x04 and nothing", workbooks.BROKEN),
        (b"", sheet_rows.EMPTY),
        (b"matricule;nom\n;\n", sheet_rows.EMPTY),
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
    said = [cells.cents(text) for text in ("15", "15,50 €", "1 200.00", "0,005", "-3", "1e3", "quinze")]
    assert said == [1500, 1550, 120000, None, -300, None, None]
    assert [cells.whole(text) for text in ("12", "50 %", "1 200", "1,5", "")] == [12, 50, 1200, None, None]
    assert [cells.day(text) for text in ("31/12/1985", "1985-12-31", "31/02/1985", "")] == [
        date(1985, 12, 31),
        date(1985, 12, 31),
        None,
        None,
    ]


# --- Workbooks ----------------------------------------------------------------------------------------------------------
LIBREOFFICE = Path(__file__).parent.parent / "data" / "libreoffice"
ANY = {"name": ("nom",), "hours": ("heures",), "born": ("date de naissance",)}


def ods(rows: str) -> bytes:
    """An ODS whose first sheet has these rows."""
    out = io.BytesIO()
    names = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "table", "text")
    )
    content = (
        f"<office:document-content {names}><office:body><office:spreadsheet><table:table>{rows}</table:table>"
        "<table:table><table:table-row><table:table-cell><text:p>autre feuille</text:p></table:table-cell>"
        "</table:table-row></table:table></office:spreadsheet></office:body></office:document-content>"
    )
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", content)
    return out.getvalue()


def row(*cells: str, times: int = 1) -> str:
    return f'<table:table-row table:number-rows-repeated="{times}">{"".join(cells)}</table:table-row>'


def text(words: str) -> str:
    return f"<table:table-cell office:value-type='string'><text:p>{words}</text:p></table:table-cell>"


def value(kind: str, name: str, said: str, more: str = "") -> str:
    return f"<table:table-cell office:value-type='{kind}' office:{name}='{said}' {more}/>"


HEAD = row(text("Nom"), text("Heures"), text("Date de naissance"))


def test_an_ods_is_read_with_its_numbers_hours_dates_and_blanks():
    assert read_rows(
        ods(row(times=2) + HEAD + row(text("Le<text:s/>Bras"), value("time", "time-value", "PT8H5M"))), ANY
    ).lines == [(4, {"name": "Le Bras", "hours": "8:05:00", "born": ""})]
    found = read_rows(
        ods(
            HEAD
            + row(
                text("a<text:span>b<text:s/>c</text:span>d"),
                value("time", "time-value", "PT42H00M00S"),
                value("date", "date-value", "1938-05-14T00:00:00"),
            )
            + row(text("Roux"), value("float", "value", "30.5"), value("percentage", "value", "0.5"), times=2)
            + row(times=1_048_570)
        ),
        ANY,
    )
    assert found.lines == [
        (2, {"name": "ab cd", "hours": "42:00:00", "born": "14/05/1938"}),
        (3, {"name": "Roux", "hours": "30,5", "born": "50"}),
        (4, {"name": "Roux", "hours": "30,5", "born": "50"}),
    ]


def test_formulas_and_rows_without_end_of_an_ods_are_refused():
    formula = value("float", "value", "2", "table:formula='of:=1+1'")
    assert read_rows(ods(HEAD + row(text("a"), formula)), ANY).faults == [Fault(2, "Heures", workbooks.COMPUTED)]
    with pytest.raises(UnreadableFile, match="5 000 lignes"):
        read_rows(ods(HEAD + row(text("a"), times=1_000_000)), ANY)
    with pytest.raises(UnreadableFile, match="5 000 lignes"):
        read_rows(ods(HEAD + row(times=1_000_000) + row(text("a"))), ANY)


def test_a_text_document_is_no_sheet_and_advice_never_goes_in_circles():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.text")
    with pytest.raises(UnreadableFile) as refused:
        read_rows(out.getvalue(), ANY)
    assert refused.value.sentences == [workbooks.OTHER]
    with pytest.raises(UnreadableFile, match="enregistrez-le en CSV"):
        read_rows(ods("").replace(b"table", b"tab\xffe"), ANY)


@pytest.mark.parametrize("name", ["filtre.xlsx", "filtre.ods"])
def test_rows_that_a_filter_hides_are_told_and_never_taken_in_silence(name):
    with pytest.raises(UnreadableFile) as refused:
        read_rows((LIBREOFFICE / name).read_bytes(), ANY)
    (sentence,) = refused.value.sentences
    assert sentence.startswith("Les lignes 3, 5 sont masquées dans cette feuille, par un filtre ou à la main")


def test_hours_of_a_workbook_are_hours_even_beyond_a_day():
    book, out = Workbook(), io.BytesIO()
    book.active.append(["nom", "heures"])
    for rank, shape in enumerate(["[h]:mm:ss", "hh:mm:ss", "hh:mm"], start=2):
        book.active.append(["a", 1.75])
        book.active[f"B{rank}"].number_format = shape
    book.active.append(["b", time(12, 30)])
    book.active.append(["c", 1.0])
    book.active["B6"].number_format = "hh:mm"
    book.save(out)
    assert [cells["hours"] for _, cells in read_rows(out.getvalue(), ANY).lines] == ["42:00:00"] * 3 + [
        "12:30:00",
        "24:00:00",
    ]


def test_a_telephone_and_a_dash_are_no_formulas_and_lost_digits_are_told():
    rows = read_rows(b"nom;heures\n+33 5 61 00 00 00;-\n+33561000000;6,12E+08\n-2+3;(05) 61\n", ANY)
    assert [(cells["name"], cells["hours"]) for _, cells in rows.lines] == [
        ("+33 5 61 00 00 00", "-"),
        ("+33561000000", ""),
        ("", "(05) 61"),
    ]
    assert rows.faults == [Fault(3, "heures", sheet_rows.LOST_DIGITS), Fault(4, "nom", workbooks.COMPUTED)]


def test_an_identifier_kept_as_text_by_an_export_comes_back_as_it_was():
    exported = to_csv([["Matricule", "Nom"], ["0012345", "Bézu"]])
    assert read_rows(exported, COLUMNS).lines == [(2, {"number": "0012345", "last_name": "Bézu"})]
    assert read_rows(xlsx(["matricule"], ["'0012345"]), COLUMNS).lines == [(2, {"number": "0012345"})]
