"""« Chiffres »: what was booked, eaten, paid, refused and is to come, for agents who may read figures; nobody is named."""

from collections.abc import Iterator
from urllib.parse import urlencode

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.template.response import TemplateResponse
from django.urls import path, reverse

from common.files.xlsx_out import MONEY, RATE, Formatted, xlsx_response
from reservations.forms.figures import FiguresForm
from reservations.reads.figures.attendance import attendance_sheet
from reservations.reads.figures.demand import demand_sheet
from reservations.reads.figures.forecast import forecast_sheet
from reservations.reads.figures.money import money_sheet
from reservations.reads.figures.scope import Scope, activities_of, last_run, masks_for
from reservations.reads.figures.tables import Cell, Sheet, Table

PERMISSION = "reservations.view_figures"
VIEWS = {
    "frequentation": ("Fréquentation", attendance_sheet),
    "recettes": ("Recettes", money_sheet),
    "demandes": ("Demandes sans place", demand_sheet),
    "previsions": ("Prévisions", forecast_sheet),
}
FORMATS = {"money": MONEY, "rate": RATE}


def figures(request):
    """The page: what is asked, then cards, plots and tables; a question that cannot be read is told beside its field."""
    form, view = _asked(request)
    sheet = _sheet(request, form, view) if form.is_valid() else None
    context = {
        **admin.site.each_context(request),
        "title": f"Chiffres : {VIEWS[view][0].lower()}",
        "form": form,
        "view": view,
        "views": [(name, label, _address(form, vue=name)) for name, (label, _) in VIEWS.items()],
        "sheet": sheet,
        "run": last_run(),
        "is_ahead": view == "previsions",
    }
    if sheet:
        period = form.cleaned_data["period"]
        context |= {
            "period": period,
            "before": _address(form, vue=view, du=period.beside(-1).first, au=period.beside(-1).last),
            "after": _address(form, vue=view, du=period.beside(1).first, au=period.beside(1).last),
            "xlsx": _address(form, page="admin:figures_xlsx", vue=view),
        }
    return TemplateResponse(request, "admin/reservations/figures.html", context)


def figures_xlsx(request):
    """The same tables for a spreadsheet, one a sheet; a question that cannot be read leads back to the page."""
    form, view = _asked(request)
    if not form.is_valid():
        return figures(request)
    sheet = _sheet(request, form, view)
    period = form.cleaned_data["period"]
    sheets = [("À lire", [[sheet.title, period.title], *([sentence] for sentence in sheet.sentences)])]
    sheets += [(table.title, _rows(table)) for table in sheet.tables]
    return xlsx_response(f"chiffres-{view}-{period.first}-{period.last}.xlsx", sheets)


def _asked(request) -> tuple[FiguresForm, str]:
    """The form as it was sent, for an agent who may read figures, and which page of them."""
    if not request.user.has_perm(PERMISSION):
        raise PermissionDenied
    form = FiguresForm(request.GET, activities=activities_of(request.user), masks=masks_for(request.user))
    view = request.GET.get("vue", "")
    return form, view if view in VIEWS else next(iter(VIEWS))


def _sheet(request, form: FiguresForm, view: str) -> Sheet:
    chosen = form.chosen
    books = request.user.is_superuser and not form.cleaned_data.get("activite")
    scope = Scope(chosen, form.cleaned_data["period"], form.step, form.masks, books)
    return VIEWS[view][1](scope)


def _address(form: FiguresForm, page: str = "admin:figures", **changed) -> str:
    """The page for the same question, some of it changed."""
    asked = {name: form.data.get(name, "") for name in form.fields} | changed
    return f"{reverse(page)}?{urlencode({name: value for name, value in asked.items() if value and (name in form.fields or name == 'vue')})}"


def _rows(table: Table) -> Iterator[list]:
    """A table for a spreadsheet, its titles first."""
    lines = [*table.rows, *([table.total] if table.total else [])]
    yield [table.heading, *(cell.title for cell in lines[0].cells)]
    for line in lines:
        yield [line.label, *map(_plain, line.cells)]


def _plain(cell: Cell):
    value = cell.plain
    return Formatted(value, FORMATS[cell.kind]) if cell.kind in FORMATS and isinstance(value, int | float) else value


def pages() -> list:
    """The addresses of these pages; the site of the agents lets only agents in."""
    return [
        path("chiffres/", figures, name="figures"),
        path("chiffres/tableaux.xlsx", figures_xlsx, name="figures_xlsx"),
    ]
