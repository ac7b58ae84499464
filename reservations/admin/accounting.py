"""« Comptabilité »: the pages where the authority's books are read, exported and printed; nothing is written here.

Managers read everything; an agent reads the months of their own services.
"""

from datetime import date, timedelta

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.template.response import TemplateResponse
from django.urls import path
from django.utils import timezone

from common.documents.kinds import Kind
from common.documents.serving import document_response
from common.files.pdf import render_pdf
from common.files.sheets import csv_response
from common.models import authority
from common.values.dates import date_long, month_after, month_title
from reservations.forms.bookings import read_days, read_month
from reservations.reads.books.accounting import Month, month_of, month_of_services, month_rows
from reservations.reads.books.journal import entries, journal_rows, totals_of, transfers_of

PAGE = 100  # lines of the journal


def page(request, template: str, title: str, **context) -> TemplateResponse:
    """A page of the agents' side, with the site's frame around it."""
    context = {**admin.site.each_context(request), "title": title, **context}
    return TemplateResponse(request, f"admin/reservations/{template}.html", context)


def require_manager(request) -> None:
    """Refuse who does not manage the portal: the journal names every family."""
    if not request.user.is_superuser:
        raise PermissionDenied


def read_day(text: str | None) -> date:
    """« 2026-11-03 »; today for anything else."""
    return next(iter(read_days([text or ""])), timezone.localdate())


def journal(request):
    """« Journal du jour »: every transfer of a day, and what it makes by kind of account."""
    require_manager(request)
    day = read_day(request.GET.get("jour"))
    transfers = transfers_of(day)
    totals = totals_of(transfers)
    lines = Paginator(range(totals.lines), PAGE).get_page(request.GET.get("page"))
    first = (lines.number - 1) * PAGE
    return page(
        request,
        "journal",
        f"Journal du {date_long(day, timezone.localdate())}",
        day=day,
        before=day - timedelta(days=1),
        after=day + timedelta(days=1) if day < timezone.localdate() else None,
        totals=totals,
        lines=lines,
        entries=list(entries(transfers[first : first + PAGE])),
    )


def journal_csv(request):
    """The whole journal of a day, for a spreadsheet."""
    require_manager(request)
    day = read_day(request.GET.get("jour"))
    return csv_response(f"journal-{day}.csv", journal_rows(day))


def month(request):
    """« Récapitulatif mensuel »: services, means of payment, what families hold."""
    first = read_month(request.GET.get("mois"))
    return page(
        request,
        "month",
        f"Récapitulatif de {month_title(first).lower()}",
        month=_month(request.user, first),
        before=month_after(first, -1),
        after=month_after(first) if first < timezone.localdate().replace(day=1) else None,
    )


def month_csv(request):
    """The same for a spreadsheet."""
    first = read_month(request.GET.get("mois"))
    return csv_response(f"recapitulatif-{first:%Y-%m}.csv", month_rows(_month(request.user, first)))


def month_pdf(request):
    """The same on paper."""
    first = read_month(request.GET.get("mois"))
    context = {"month": _month(request.user, first), "authority": authority(), "today": timezone.localdate()}
    title = month_title(first)
    pdf = render_pdf("pdf/accounting_month.html", context | {"title": title})
    return document_response(pdf, f"Récapitulatif {title.lower()}.pdf", Kind.PDF)


def _month(agent, first: date) -> Month:
    return month_of(first) if agent.is_superuser else month_of_services(first, agent)


def pages() -> list:
    """The addresses of these pages; the site of the agents lets only agents in."""
    return [
        path("comptabilite/journal/", journal, name="accounting_journal"),
        path("comptabilite/journal.csv", journal_csv, name="accounting_journal_csv"),
        path("comptabilite/mois/", month, name="accounting_month"),
        path("comptabilite/mois.csv", month_csv, name="accounting_month_csv"),
        path("comptabilite/mois.pdf", month_pdf, name="accounting_month_pdf"),
    ]
