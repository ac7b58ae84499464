"""Workbooks that leave the portal: texts stay texts, whatever they begin with; numbers are numbers, dates are dates.

What a workbook sent to us says is read in ``workbooks``.
"""

import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.http import HttpResponse
from django.utils.http import content_disposition_header
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Font

MIME = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MONEY, RATE = '#,##0.00\\ "€"', "0.0\\ %"
LONGEST_TITLE = 31  # of a sheet, as spreadsheets have it
FORBIDDEN = re.compile(r"[\[\]:*?/\\]")


@dataclass(frozen=True)
class Formatted:
    """A number and how a spreadsheet shows it: ``MONEY`` (euros), ``RATE`` (parts of one)."""

    value: float
    format: str


def to_xlsx(sheets: Iterable[tuple[str, Iterable[Sequence]]]) -> bytes:
    """Return a workbook of sheets (title, rows), its first rows in bold; a cell is a text, number, date, Formatted or None."""
    book = Workbook(write_only=True)
    for title, rows in sheets:
        sheet = book.create_sheet(FORBIDDEN.sub(" ", title)[:LONGEST_TITLE])
        sheet.column_dimensions["A"].width = 40
        for rank, row in enumerate(rows):
            sheet.append([_cell(sheet, value, bold=not rank) for value in row])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def xlsx_response(name: str, sheets: Iterable[tuple[str, Iterable[Sequence]]]) -> HttpResponse:
    """Answer with the workbook as a file to download."""
    response = HttpResponse(to_xlsx(sheets), content_type=MIME)
    response["Content-Disposition"] = content_disposition_header(True, name)
    return response


def _cell(sheet, value, bold: bool) -> WriteOnlyCell:
    shown = value.value if isinstance(value, Formatted) else value
    text = isinstance(shown, str)
    cell = WriteOnlyCell(sheet, ILLEGAL_CHARACTERS_RE.sub("", shown) if text else shown)
    if text:
        cell.data_type = "s"  # never a formula
    if isinstance(value, Formatted):
        cell.number_format = value.format
    if bold:
        cell.font = Font(bold=True)
    return cell
