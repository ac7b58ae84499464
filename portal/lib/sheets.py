"""Tables for a spreadsheet: CSV as a French Excel opens it, in which no cell is ever a formula."""

import csv
import io
import re
from collections.abc import Iterable

from django.http import HttpResponse
from django.utils.http import content_disposition_header

# What makes a spreadsheet compute, full-width signs and characters that it drops before looking included.
FORMULA = re.compile(r"[\s\x00-\x1f\ufeff\u200b-\u200f]*[=+\-@|%\u2212\uff1d\uff0b\uff0d\uff20]")
AMOUNT = re.compile(r"-?[0-9]+(,[0-9]+)?", re.ASCII)


def amount(cents: int) -> str:
    """Return cents as a French spreadsheet reads a number: « 1234,50 », « -46,05 »."""
    whole, rest = divmod(abs(cents), 100)
    return f"{'-' if cents < 0 else ''}{whole},{rest:02}"


def to_csv(rows: Iterable[Iterable[str]]) -> bytes:
    """Return the rows as UTF-8 with its mark, « ; » between cells; a text that would be computed begins with « ' »."""
    out = io.StringIO()
    csv.writer(out, delimiter=";", lineterminator="\r\n").writerows([_plain(str(cell)) for cell in row] for row in rows)
    return out.getvalue().encode("utf-8-sig")


def csv_response(name: str, rows: Iterable[Iterable[str]]) -> HttpResponse:
    """Answer with the rows as a file to download."""
    response = HttpResponse(to_csv(rows), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = content_disposition_header(True, name)
    return response


def _plain(cell: str) -> str:
    return f"'{cell}" if FORMULA.match(cell) and not AMOUNT.fullmatch(cell) else cell
