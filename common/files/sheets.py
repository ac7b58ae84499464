"""Tables for a spreadsheet: CSV as a French Excel opens it, in which no cell is ever a formula.

What a spreadsheet sent to us says is read in ``sheet_rows``.
"""

import csv
import io
import re
from collections.abc import Iterable

from django.http import HttpResponse
from django.utils.http import content_disposition_header

# What makes a spreadsheet compute, full-width signs and characters that it drops before looking included.
FORMULA = re.compile(r"[\s\x00-\x1f\ufeff\u200b-\u200f]*[=+\-@|%\u2212\uff1d\uff0b\uff0d\uff20]")
AMOUNT = re.compile(r"-?[0-9]+(,[0-9]+)?", re.ASCII)
# What begins as a formula and is none: a dash for nothing, a telephone whose spaces no formula has (« +33 5 61 00 00 00 »).
HARMLESS = re.compile(r"[-\u2212]|\+[0-9]{1,3}([ \u00a0\u202f.][0-9]{1,4}){2,7}", re.ASCII)

# What a spreadsheet takes for a number, and shows otherwise: first zeros, and all digits after the fifteenth, are lost.
CHANGED = re.compile(r"0[0-9]+|[0-9]{16,}", re.ASCII)


def amount(cents: int) -> str:
    """Return cents as a French spreadsheet reads a number: « 1234,50 », « -46,05 »."""
    whole, rest = divmod(abs(cents), 100)
    return f"{'-' if cents < 0 else ''}{whole},{rest:02}"


def is_formula(cell: str) -> bool:
    """Whether a spreadsheet would compute a text rather than show it."""
    if not FORMULA.match(cell):
        return False
    return not (AMOUNT.fullmatch(cell) or HARMLESS.fullmatch(cell.strip(" ")))


def to_csv(rows: Iterable[Iterable[str]]) -> bytes:
    """Return the rows as UTF-8 with its mark, « ; » between cells; a text that would be computed or cut begins with « ' »."""
    out = io.StringIO()
    csv.writer(out, delimiter=";", lineterminator="\r\n").writerows([_plain(str(cell)) for cell in row] for row in rows)
    return out.getvalue().encode("utf-8-sig")


def csv_response(name: str, rows: Iterable[Iterable[str]]) -> HttpResponse:
    """Answer with the rows as a file to download."""
    response = HttpResponse(to_csv(rows), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = content_disposition_header(True, name)
    return response


def _plain(cell: str) -> str:
    return f"'{cell}" if is_formula(cell) or CHANGED.fullmatch(cell) else cell


def unquoted(cell: str) -> str:
    """Return an identifier as it was before ``to_csv`` kept its digits (« '0012345 »), any other cell as it stands."""
    return cell[1:] if cell[:1] == "'" and CHANGED.fullmatch(cell, 1) else cell
