"""« Exporter »: what an agents' list shows, as filtered, in a spreadsheet; each export is written down first."""

import re
from collections.abc import Callable, Iterator
from datetime import date, datetime, time
from html import unescape

from django.contrib.admin.utils import display_for_field, label_for_field
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import HttpResponse
from django.utils import timezone
from django.utils.html import strip_tags
from django.utils.text import capfirst

from common.files.sheets import amount, csv_response
from common.files.xlsx_out import MONEY, Formatted, xlsx_response
from common.values.dates import date_short, moment_short
from portal.desk.plain_words import PlainWords
from portal.models import ListExport

BUTTON = "_exporter"
CHUNK = 2000  # rows in memory at once
EUROS = re.compile(r"([-−–]?)([0-9\s]+),([0-9]{2})\s*€")
FORMATS = {"xlsx": "XLSX", "csv": "CSV"}


class Exports(PlainWords):
    """The site puts it behind each table's own class: its list leaves with the columns it shows.

    A table that hands out more says which columns and what they hold: ``extra_columns`` and ``extra_cells``.
    """

    extra_columns: list[str] = []

    def prepare_rows(self, rows: list) -> None:
        """What the columns need beside the rows of the query."""

    def extra_cells(self, request, rows: list) -> dict[int, list]:
        """The cells of the extra columns by row; what is personal is written down here."""
        return {}

    def changelist_view(self, request, extra_context=None):
        """A POST of « Exporter » answers with the file."""
        form = request.POST.get(BUTTON) if request.method == "POST" else None
        if form not in FORMATS:
            return super().changelist_view(request, extra_context)
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        rows = self.get_changelist_instance(request).queryset
        note = {"by": request.user, "table": self.table_words, "asked": request.META["QUERY_STRING"][:500]}
        ListExport.objects.create(rows=rows.order_by().count(), form=form, **note)
        return self._file(request, rows, form)

    def _file(self, request, rows: QuerySet, form: str) -> HttpResponse:
        title = self.table_words
        name = f"{title} {date_short(timezone.localdate())}.{form}"
        lines = self._lines(request, rows)
        if form == "csv":
            return csv_response(name, ([_text(cell) for cell in line] for line in lines))
        return xlsx_response(name, [(title, lines)])

    def _lines(self, request, rows: QuerySet) -> Iterator[list]:
        names = [name for name in self.get_list_display(request) if name != "action_checkbox"]
        yield [*(capfirst(str(label_for_field(name, self.model, self))) for name in names), *self.extra_columns]
        columns = [self._column(name) for name in names]
        for part in _parts(rows):
            self.prepare_rows(part)
            extra = self.extra_cells(request, part)
            for row in part:
                yield [*(column(row) for column in columns), *extra.get(row.pk, [])]

    def _column(self, name: str) -> Callable[[Model], object]:
        """What a column holds of a row: a date, an amount in euros or a number where it is one, else the text of the list."""
        if name == "__str__":
            return str
        field = {each.name: each for each in self.model._meta.fields}.get(name)
        if field is None:
            shown = getattr(self, name)
            path = getattr(shown, "admin_order_field", None)
            return lambda row: typed(_read(shown(row)), _followed(row, path))
        if field.is_relation:
            return lambda row: typed(str(getattr(row, name) or ""), None)
        return lambda row: typed(_read(display_for_field(getattr(row, name), field, "")), getattr(row, name))


def _read(shown) -> str:
    """What is read of a cell, its links left aside."""
    text = "" if shown is None else str(shown)
    return unescape(strip_tags(text)) if "<" in text or "&" in text else text


def typed(text: str, value) -> object:
    """The cell of a text that stands for a value: dates and amounts as such, anything else as it is read."""
    if isinstance(value, datetime):
        return timezone.localtime(value).replace(tzinfo=None)
    if isinstance(value, date | time):
        return value
    if text.endswith("€") and (found := EUROS.fullmatch(text)):
        sign, whole, cents = found.groups()
        number = int(re.sub(r"\s", "", whole) + cents)
        return Formatted((-number if sign else number) / 100, MONEY)
    if isinstance(value, int) and not isinstance(value, bool) and text == str(value):
        return value
    return text or None


def _text(cell) -> str:
    """A cell as CSV has it: dates as they are said here, amounts as a French spreadsheet reads them."""
    if isinstance(cell, Formatted):
        return amount(round(cell.value * 100))
    if isinstance(cell, datetime):
        return moment_short(timezone.make_aware(cell))
    if isinstance(cell, date):
        return date_short(cell)
    return "" if cell is None else str(cell)


def _followed(row, path):
    """What the list sorts the column by: « session__date »; None for what is no plain path."""
    if not isinstance(path, str):
        return None
    for step in path.lstrip("-").split("__"):
        row = getattr(row, step, None)
    return row


def _parts(rows: QuerySet) -> Iterator[list]:
    part = []
    for row in rows.iterator(chunk_size=CHUNK):
        part.append(row)
        if len(part) == CHUNK:
            yield part
            part = []
    if part:
        yield part
