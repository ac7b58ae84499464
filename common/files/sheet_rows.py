"""Spreadsheets that people send: CSV, XLSX or ODS read into rows with their line numbers; formulas are never computed.

``columns`` maps a name of ours to the headings under which files know it; other columns are ignored.
"""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from common.files.sheets import is_formula, unquoted
from common.files.workbooks import ARCHIVE, COMPUTED, Cell, Line, UnreadableFile, plain, workbook_lines
from common.values.cells import ROUNDED, bare

MAX_BYTES = 1_000_000
MAX_LINES = 5_000
GAPS = 4  # rows a line, empty ones included
MAX_CELL = 300  # characters
ACCEPTED = ".csv,.xlsx,.ods,text/csv"  # what a page lets people choose
OLD_EXCEL = b"\xd0\xcf\x11\xe0"
ENCODINGS = ("utf-8-sig", "cp1252")
NUMBER = re.compile(r"[+-]?[0-9][0-9 .,()]*[€%]?", re.ASCII)  # an amount below zero, a telephone: not computed
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")

TOO_HEAVY = "Ce fichier est trop lourd : 1 Mo au plus. Partagez-le en plusieurs."
TOO_LONG = "Ce fichier compte plus de 5 000 lignes. Partagez-le en plusieurs."
BAD_ENCODING = "L’encodage de ce fichier n’est pas reconnu. Dans le tableur, enregistrez-le en XLSX, ou en CSV UTF-8."
OLD_FORMAT = "Ce fichier est à l’ancien format d’Excel (.xls). Enregistrez-le en CSV, XLSX ou ODS."
EMPTY = "Ce fichier est vide : la première ligne nomme les colonnes, les suivantes les remplissent."
LOST_DIGITS = "Le tableur a arrondi ce nombre : mettez la colonne au format Texte, puis retapez-le en entier."
CELL_TOO_LONG = f"Plus de {MAX_CELL} caractères."
BEYOND = "Une cellule est remplie au-delà de la dernière colonne nommée."


@dataclass(frozen=True)
class Limits:
    """How much a file may hold, and how it is said."""

    size: int = MAX_BYTES
    lines: int = MAX_LINES
    too_heavy: str = TOO_HEAVY
    too_long: str = TOO_LONG
    too_long_a_book: str = TOO_LONG  # a workbook never holds more than the usual


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


def read_rows(content: bytes, columns: dict[str, tuple[str, ...]], limits: Limits | None = None) -> Rows:
    """Read a CSV (UTF-8 or cp1252; semicolons, commas or tabs) or the first sheet of an XLSX or ODS.

    Raise UnreadableFile: hidden rows too are told, never taken or left out unseen. A row has every name that the file has a column for; a cell that is at fault is empty in it.
    """
    limits = limits or Limits()
    if len(content) > limits.size:
        raise UnreadableFile(limits.too_heavy)
    lines = _lines(content, limits)
    header = next(lines, None)
    if header is None:
        raise UnreadableFile(EMPTY)
    headings = [cell.text for cell in header.cells]
    names, rows = _names(headings, columns)
    hidden = [header.number] if header.hidden else []
    for line in lines:
        if line.number > limits.lines + 1:
            raise UnreadableFile(limits.too_long)
        hidden += [line.number] if line.hidden else []
        _add(rows, line, headings, names)
    if hidden:
        raise UnreadableFile(_told_hidden(hidden))
    if not rows.lines:
        raise UnreadableFile(EMPTY)
    return rows


def _lines(content: bytes, limits: Limits) -> Iterator[Line]:
    """The lines that hold anything."""
    if not content.startswith(ARCHIVE):
        return _csv_lines(content)
    if len(content) > MAX_BYTES:
        raise UnreadableFile(limits.too_long_a_book)
    return workbook_lines(content, GAPS * MAX_LINES, limits.too_long_a_book)


def _told_hidden(numbers: list[int]) -> str:
    """What a filter hides is neither taken nor left out unseen: the person decides."""
    named = ", ".join(map(str, numbers[:10])) + ("…" if len(numbers) > 10 else "")
    which = f"Les lignes {named} sont masquées" if len(numbers) > 1 else f"La ligne {named} est masquée"
    return (
        f"{which} dans cette feuille, par un filtre ou à la main\u00a0: affichez toutes les lignes, supprimez celles qui sont de "
        "trop, puis enregistrez le fichier de nouveau."
    )


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


def _add(rows: Rows, line: Line, headings: list[str], names: list[str]) -> None:
    row = dict.fromkeys(rows.headings, "")
    for heading, name, cell in zip(headings, names, map(_checked, line.cells), strict=False):
        if name and cell.fault:
            rows.faults.append(Fault(line.number, heading, cell.fault))
        elif name:
            row[name] = cell.text
    if any(cell.text or cell.fault for cell in line.cells[len(headings) :]):
        rows.faults.append(Fault(line.number, "", BEYOND))
    rows.lines.append((line.number, row))


def _checked(cell: Cell) -> Cell:
    """A cell that cannot be what was typed is at fault."""
    if is_formula(cell.text) and not NUMBER.fullmatch(cell.text):
        return Cell("", COMPUTED)
    if ROUNDED.fullmatch(cell.text):
        return Cell("", LOST_DIGITS)
    return Cell("", CELL_TOO_LONG) if len(cell.text) > MAX_CELL else Cell(unquoted(cell.text), cell.fault)


# --- CSV -------------------------------------------------------------------------------------------------------------
def _csv_lines(content: bytes) -> Iterator[Line]:
    text = _decode(content)
    first = text.lstrip().partition("\n")[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(";,\t", key=first.count), strict=True)
    try:
        for cells in reader:
            if any(map(str.strip, cells)):
                yield Line(reader.line_num, [plain(cell) for cell in cells])
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
