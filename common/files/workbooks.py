"""Workbooks as rows of cells: the first sheet of an XLSX (ECMA-376) or of an ODS (OpenDocument 1.3). Formulas are never computed."""

import re
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from io import BytesIO
from typing import NamedTuple
from xml.etree import ElementTree

from openpyxl import load_workbook
from openpyxl.styles.numbers import is_datetime
from openpyxl.utils.datetime import to_excel

from common.refusals import Refusal
from common.values.dates import date_numeric

MAX_UNPACKED = 30_000_000  # bytes once unzipped: 5,000 lines of 30 columns take about 10 MB
MAX_COLUMNS = 100
ARCHIVE = b"PK\x03\x04"
ODS = b"application/vnd.oasis.opendocument.spreadsheet"

COMPUTED = "C’est une formule : remplacez-la par sa valeur."
IN_ERROR = "Le tableur affiche une erreur dans cette cellule."
SWOLLEN = "Une fois décompressé, ce fichier est trop lourd. Partagez-le en plusieurs."
BROKEN = "Ce classeur n’est pas lisible. Ouvrez-le dans le tableur et enregistrez-le en CSV."
OTHER = "Ce fichier n’est pas une feuille de calcul. Enregistrez-la en CSV, XLSX ou ODS."


class UnreadableFile(Refusal):
    """The file as a whole cannot be read."""


class Cell(NamedTuple):
    """What a cell shows, and what is wrong with it."""

    text: str
    fault: str = ""


class Line(NamedTuple):
    """A row of a sheet, counted from 1; ``hidden`` by a filter or by hand."""

    number: int
    cells: list[Cell]
    hidden: bool = False


def workbook_lines(content: bytes, most: int, too_long: str) -> Iterator[Line]:
    """The rows of the first sheet that hold anything; raise UnreadableFile, ``too_long`` beyond row ``most``.

    Dates are « 31/12/1985 », hours « 42:00:00 », percents « 50 », numbers « 1234,5 ».
    """
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            _check_size(archive)
            for line in _ods_lines(archive) if _is_ods(archive) else _xlsx_lines(content, archive):
                if line.number > most:  # a cell in the millionth row is a million rows to walk
                    raise UnreadableFile(too_long)
                if any(cell.text or cell.fault for cell in line.cells):
                    yield line
    except Refusal:
        raise
    except Exception as error:  # a broken archive may fail in any way of zipfile, the XML parser or openpyxl
        raise UnreadableFile(BROKEN) from error


def _check_size(archive: zipfile.ZipFile) -> None:
    """Refuse an archive that unpacks to much more than it weighs: zipfile never reads beyond the sizes stated."""
    if sum(part.file_size for part in archive.infolist()) > MAX_UNPACKED:
        raise UnreadableFile(SWOLLEN)


def _is_ods(archive: zipfile.ZipFile) -> bool:
    if "mimetype" not in archive.namelist():
        return False
    if not archive.read("mimetype").startswith(ODS):
        raise UnreadableFile(OTHER)
    return True


def number(value: float) -> str:
    """A number as a French spreadsheet shows it, with six decimals at most."""
    return f"{round(value, 6):f}".rstrip("0").rstrip(".").replace(".", ",") if value % 1 else str(int(value))


def clock(seconds: int) -> str:
    """So many seconds as « 42:00:00 »."""
    return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def plain(text: str) -> Cell:
    """A text on one line, without doubled spaces."""
    return Cell(" ".join(text.split()))


# --- XLSX ---------------------------------------------------------------------------------------------------------------
def _xlsx_lines(content: bytes, archive: zipfile.ZipFile) -> Iterator[Line]:
    book = load_workbook(BytesIO(content), read_only=True, data_only=False, keep_links=False)
    sheet = book.worksheets[0]
    hidden = _hidden_rows(archive, sheet._worksheet_path)  # openpyxl tells it in no other way when it streams
    sheet.reset_dimensions()  # what the file says of itself may be wrong
    for rank, cells in enumerate(sheet.iter_rows(max_col=MAX_COLUMNS), start=1):
        yield Line(rank, [_xlsx_cell(cell) for cell in cells], rank in hidden)


def _hidden_rows(archive: zipfile.ZipFile, path: str) -> set[int]:
    found, rank = set(), 0
    with archive.open(path) as part:
        for _, element in ElementTree.iterparse(part):
            if element.tag.endswith("}row"):
                rank = int(element.get("r", rank + 1))
                if element.get("hidden") in ("1", "true"):
                    found.add(rank)
                element.clear()
    return found


def _xlsx_cell(cell) -> Cell:
    value = cell.value
    if cell.data_type in ("f", "e"):
        return Cell("", COMPUTED if cell.data_type == "f" else IN_ERROR)
    if isinstance(value, bool):
        return Cell("oui" if value else "non")
    if isinstance(value, date | time | timedelta):
        return Cell(_moment(value, is_datetime(cell.number_format) == "time"))
    if isinstance(value, int | float):
        return Cell(number(value * 100 if "%" in (cell.number_format or "") else value))
    return plain(str(value)) if value is not None else Cell("")


def _moment(value: date | time | timedelta, is_time: bool) -> str:
    """A day, or hours: from 24 on they are one of the first days of 1900 for openpyxl, unless their format counts them."""
    if isinstance(value, datetime) and is_time:
        value = timedelta(to_excel(value))
    if isinstance(value, time):
        value = timedelta(hours=value.hour, minutes=value.minute, seconds=value.second)
    if isinstance(value, timedelta):
        return clock(round(value.total_seconds()))
    return date_numeric(date(value.year, value.month, value.day))  # a sheet has no time zones


# --- ODS ----------------------------------------------------------------------------------------------------------------
_OASIS = "{urn:oasis:names:tc:opendocument:xmlns:%s:1.0}"
TABLE, OFFICE, TEXT = (_OASIS % name for name in ("table", "office", "text"))
CALC_TYPE = "{urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0}value-type"
CELLS = {f"{TABLE}table-cell", f"{TABLE}covered-table-cell"}
BLANKS = {f"{TEXT}s", f"{TEXT}tab", f"{TEXT}line-break"}
DURATION = re.compile(r"PT(?:([0-9]+)H)?(?:([0-9]+)M)?(?:([0-9]+)(?:[.,][0-9]+)?S)?", re.ASCII)


def _ods_lines(archive: zipfile.ZipFile) -> Iterator[Line]:
    rank = 0
    with archive.open("content.xml") as part:
        for _, element in ElementTree.iterparse(part):
            if element.tag == f"{TABLE}table":  # the first sheet ends: the others are not read
                return
            if element.tag == f"{TABLE}table-row":
                cells = _ods_cells(element)
                hidden = element.get(f"{TABLE}visibility") in ("filter", "collapse")
                times = int(element.get(f"{TABLE}number-rows-repeated", 1))
                for number_ in range(rank + 1, rank + times + 1) if cells else ():
                    yield Line(number_, cells, hidden)
                rank += times
                element.clear()


def _ods_cells(row) -> list[Cell]:
    cells: list[Cell] = []
    for element in row:
        if element.tag in CELLS:
            times = int(element.get(f"{TABLE}number-columns-repeated", 1))
            cells += [_ods_cell(element)] * min(times, MAX_COLUMNS - len(cells))
    while cells and not (cells[-1].text or cells[-1].fault):
        cells.pop()
    return cells


def _ods_cell(cell) -> Cell:
    kind, value = cell.get(f"{OFFICE}value-type"), cell.get(f"{OFFICE}value")
    if cell.get(CALC_TYPE) == "error":
        return Cell("", IN_ERROR)
    if cell.get(f"{TABLE}formula"):
        return Cell("", COMPUTED)
    if kind in ("float", "currency", "percentage"):
        return Cell(number(float(value) * (100 if kind == "percentage" else 1)))
    if kind == "date":
        return Cell(date_numeric(date.fromisoformat(cell.get(f"{OFFICE}date-value")[:10])))
    if kind == "time" and (found := DURATION.fullmatch(cell.get(f"{OFFICE}time-value"))):
        hours, minutes, seconds = (int(part or 0) for part in found.groups())
        return Cell(clock(hours * 3600 + minutes * 60 + seconds))
    if kind == "boolean":
        return Cell("oui" if cell.get(f"{OFFICE}boolean-value") == "true" else "non")
    return plain(" ".join(_words(paragraph) for paragraph in cell.findall(f"{TEXT}p")))


def _words(element) -> str:
    """The text of a paragraph; what is written as an element of its own is a blank."""
    inside = (" " if child.tag in BLANKS else _words(child) for child in element)
    return (element.text or "") + "".join(
        words + (child.tail or "") for words, child in zip(inside, element, strict=True)
    )
