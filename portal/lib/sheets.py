"""Tables for a spreadsheet: CSV as a French one opens it (« ; », decimal comma, UTF-8 with its mark), without formulas."""

import csv
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from decimal import Decimal

from django.http import StreamingHttpResponse
from django.utils import timezone

BOM = "\ufeff"
FORMULA = tuple("=+-@\uff1d\uff0b\uff0d\uff20|%")  # what a spreadsheet computes, the full-width signs too

Cell = str | int | Decimal | date | datetime | None


class _Echo:
    """A file that gives back what is written to it."""

    @staticmethod
    def write(line: str) -> str:
        return line


def amount(cents: int) -> Decimal:
    """Euro cents as the euros of a cell."""
    return Decimal(cents).scaleb(-2)


def csv_response(name: str, rows: Iterable[Iterable[Cell]]) -> StreamingHttpResponse:
    """The rows as a file to download, written while it is sent; ``name`` is plain ASCII."""
    response = StreamingHttpResponse(csv_lines(rows), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def csv_lines(rows: Iterable[Iterable[Cell]]) -> Iterator[str]:
    """The lines of the file, its mark first."""
    writer = csv.writer(_Echo, delimiter=";")
    yield BOM
    for row in rows:
        yield writer.writerow([cell(each) for each in row])


def cell(value: Cell) -> str:
    """A value as a spreadsheet reads it; a text that would be computed gets an apostrophe in front."""
    if isinstance(value, datetime):
        return f"{timezone.localtime(value):%d/%m/%Y %H:%M}"
    if isinstance(value, date):
        return f"{value:%d/%m/%Y}"
    if isinstance(value, str):
        text = " ".join(value.split())
        return f"'{text}" if text.startswith(FORMULA) else text
    return "" if value is None else str(value).replace(".", ",")
