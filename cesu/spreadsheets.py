"""Spreadsheets that employers send: CSV or XLSX read into rows with their line numbers; formulas are never computed.

``columns`` maps a name of ours to the headings under which issuers' files know it; other columns are ignored.
"""

import csv
import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import NamedTuple

from openpyxl import load_workbook

from portal.lib.dates import date_numeric
from portal.lib.money import parse_euros
from portal.lib.refusals import Refusal
from portal.lib.sheets import AMOUNT, FORMULA
from portal.lib.words import unaccented

MAX_BYTES = 1_000_000
MAX_LINES = 5_000
MAX_UNPACKED = 30_000_000  # bytes of an XLSX once unzipped: 5,000 lines of 30 columns take about 10 MB
MAX_ROWS = 4 * MAX_LINES  # empty ones included: a cell in the millionth row is a million rows to walk
MAX_COLUMNS = 100
MAX_CELL = 300  # characters
SPREADSHEET, OLD_EXCEL = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
ENCODINGS = ("utf-8-sig", "cp1252")
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
DATES = ("%d/%m/%Y", "%Y-%m-%d", "%d-%m-%Y", "%d.%m.%Y", "%d/%m/%y")

TOO_HEAVY = "Ce fichier est trop lourd : 1 Mo au plus. Partagez-le en plusieurs."
TOO_LONG = "Ce fichier compte plus de 5 000 lignes. Partagez-le en plusieurs."
BAD_ENCODING = "L’encodage de ce fichier n’est pas reconnu. Dans le tableur, enregistrez-le en XLSX, ou en CSV UTF-8."
OLD_FORMAT = "Ce fichier est à l’ancien format d’Excel (.xls). Enregistrez-le en XLSX ou en CSV."
BROKEN = "Ce fichier XLSX n’est pas lisible. Ouvrez-le dans le tableur et enregistrez-le de nouveau."
EMPTY = "Ce fichier est vide : la première ligne nomme les colonnes, une ligne suit pour chaque salarié."
COMPUTED = "C’est une formule : remplacez-la par sa valeur."
IN_ERROR = "Le tableur affiche une erreur dans cette cellule."
CELL_TOO_LONG = f"Plus de {MAX_CELL} caractères."
BEYOND = "Une cellule est remplie au-delà de la dernière colonne nommée."


@dataclass(frozen=True)
class Limits:
    """How much a file may hold, and how it is said."""

    size: int = MAX_BYTES
    lines: int = MAX_LINES
    too_heavy: str = TOO_HEAVY
    too_long: str = TOO_LONG
    csv_only: str = ""  # why, when it is


class UnreadableFile(Refusal):
    """The file as a whole cannot be read."""


class Fault(NamedTuple):
    """What is wrong in a cell: ``column`` is the heading as the file writes it, empty for the whole line."""

    line: int
    column: str
    sentence: str


@dataclass
class Rows:
    """What was read: (line number, {name: text}) for each line that is not empty.

    ``headings`` maps the names that the file has to its own headings; ``ignored`` are the headings of nobody.
    """

    lines: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    headings: dict[str, str] = field(default_factory=dict)
    ignored: list[str] = field(default_factory=list)


class _Cell(NamedTuple):
    text: str
    fault: str = ""


def read_rows(content: bytes, columns: dict[str, tuple[str, ...]], limits: Limits | None = None) -> Rows:
    """Read a CSV (UTF-8 or cp1252; semicolons, commas or tabs) or the first sheet of an XLSX. Raise UnreadableFile.

    A row has every name that the file has a column for; a cell that is at fault is empty in it.
    """
    limits = limits or Limits()
    if len(content) > limits.size:
        raise UnreadableFile(limits.too_heavy)
    if limits.csv_only and content.startswith(SPREADSHEET):
        raise UnreadableFile(limits.csv_only)
    lines = _xlsx_lines(content) if content.startswith(SPREADSHEET) else _csv_lines(content)
    filled = ((number, cells) for number, cells in lines if any(cell.text or cell.fault for cell in cells))
    _, header = next(filled, (0, None))
    if header is None:
        raise UnreadableFile(EMPTY)
    names, rows = _names([cell.text for cell in header], columns)
    for number, cells in filled:
        if number > limits.lines + 1:
            raise UnreadableFile(limits.too_long)
        _add(rows, number, cells, [cell.text for cell in header], names)
    if not rows.lines:
        raise UnreadableFile(EMPTY)
    return rows


def _names(header: list[str], columns: dict[str, tuple[str, ...]]) -> tuple[list[str], Rows]:
    """The name of ours for each column ("" for none), and the rows to fill. Raise UnreadableFile for one twice."""
    known = {bare(alias): name for name, aliases in columns.items() for alias in aliases}
    names, rows, twice = [], Rows(), []
    for heading in header:
        name = known.get(bare(heading), "")
        names.append(name)
        if name in rows.headings:
            twice.append(f"Les colonnes « {rows.headings[name]} » et « {heading} » disent la même chose.")
        elif name:
            rows.headings[name] = heading
        elif heading:
            rows.ignored.append(heading)
    if twice:
        raise UnreadableFile(*twice)
    return names, rows


def _add(rows: Rows, number: int, cells: list[_Cell], header: list[str], names: list[str]) -> None:
    row = dict.fromkeys(rows.headings, "")
    for heading, name, cell in zip(header, names, cells, strict=False):
        if name and cell.fault:
            rows.faults.append(Fault(number, heading, cell.fault))
        elif name:
            row[name] = cell.text
    if any(cell.text or cell.fault for cell in cells[len(header) :]):
        rows.faults.append(Fault(number, "", BEYOND))
    rows.lines.append((number, row))


# --- CSV -------------------------------------------------------------------------------------------------------------
def _csv_lines(content: bytes) -> Iterator[tuple[int, list[_Cell]]]:
    text = _decode(content)
    first = text.lstrip().partition("\n")[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(";,\t", key=first.count), strict=True)
    try:
        for cells in reader:
            yield reader.line_num, [_typed(cell) for cell in cells]
    except csv.Error as error:
        raise UnreadableFile(f"Ligne {reader.line_num} : les guillemets ne sont pas bien fermés.") from error


def _decode(content: bytes) -> str:
    if content.startswith(OLD_EXCEL):
        raise UnreadableFile(OLD_FORMAT)
    for encoding in ENCODINGS:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if not CONTROL.search(text):
            return text
    raise UnreadableFile(BAD_ENCODING)


def _typed(text: str) -> _Cell:
    text = " ".join(text.split())
    if FORMULA.match(text) and not AMOUNT.fullmatch(text.replace(".", ",").rstrip("€% ")):
        return _Cell("", COMPUTED)
    return _Cell("", CELL_TOO_LONG) if len(text) > MAX_CELL else _Cell(text)


# --- XLSX ------------------------------------------------------------------------------------------------------------
def _xlsx_lines(content: bytes) -> Iterator[tuple[int, list[_Cell]]]:
    try:
        _check_size(content)
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=False, keep_links=False)
        sheet = book.worksheets[0]
        sheet.reset_dimensions()  # what the file says of itself may be wrong
        for number, cells in enumerate(sheet.iter_rows(max_col=MAX_COLUMNS), start=1):
            if number > MAX_ROWS:
                raise UnreadableFile(TOO_LONG)
            yield number, _without_tail([_read(cell) for cell in cells])
    except Refusal:
        raise
    except Exception as error:  # a broken archive may fail in any way of zipfile, the XML parser or openpyxl
        raise UnreadableFile(BROKEN) from error


def _check_size(content: bytes) -> None:
    """Refuse an archive that unpacks to much more than it weighs: zipfile never reads beyond the sizes stated."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        if sum(part.file_size for part in archive.infolist()) > MAX_UNPACKED:
            raise UnreadableFile("Une fois décompressé, ce fichier est trop lourd. Partagez-le en plusieurs.")


def _without_tail(cells: list[_Cell]) -> list[_Cell]:
    """The cells up to the last that is filled: a sheet is padded on its right."""
    filled = [place for place, cell in enumerate(cells, start=1) if cell.text or cell.fault]
    return cells[: filled[-1]] if filled else []


def _read(cell) -> _Cell:
    value = cell.value
    if cell.data_type in ("f", "e"):
        return _Cell("", COMPUTED if cell.data_type == "f" else IN_ERROR)
    if isinstance(value, bool):
        return _Cell("oui" if value else "non")
    if isinstance(value, datetime | date):
        return _Cell(date_numeric(date(value.year, value.month, value.day)))  # a sheet has no time zones
    if isinstance(value, int | float):
        return _Cell(_number(value * 100 if "%" in (cell.number_format or "") else value))
    return _typed(str(value)) if value is not None else _Cell("")


def _number(value: float) -> str:
    return f"{round(value, 6):f}".rstrip("0").rstrip(".").replace(".", ",") if value % 1 else str(int(value))


# --- What cells say --------------------------------------------------------------------------------------------------
def bare(text: str) -> str:
    """Return a heading or a word as it is compared: no case, accents or punctuation, single spaces."""
    return " ".join(re.sub(r"[^a-z0-9]+", " ", unaccented(text)).split())


def whole(text: str) -> int | None:
    """Return the whole number that a cell says (« 12 », « 1 200 », « 50 % »), or None."""
    plain = re.sub(r"[\s%]", "", text)
    plain = re.sub(r"[.,]0+$", "", plain)
    return int(plain) if re.fullmatch(r"-?[0-9]{1,9}", plain, re.ASCII) else None


def cents(text: str) -> int | None:
    """Return the amount that a cell says in euros (« 15 », « 15,50 € », « 1 200.00 »), in cents; None for anything else."""
    try:
        return parse_euros(text)
    except ValueError:
        return None


def day(text: str) -> date | None:
    """Return the day that a cell says (« 31/12/1985 »), or None."""
    for pattern in DATES:
        try:
            return datetime.strptime(text, pattern).date()
        except ValueError:
            continue
    return None
