"""« Effectifs »: the numbers of a day for the kitchen and the staff, on screen and on paper; the children on demand."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import path
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from common.documents.kinds import Kind
from common.documents.serving import document_response
from common.files.pdf import render_pdf
from common.models import authority
from common.values.dates import date_long, day_and_month
from families.actions.alerts import alerts
from families.models import Member
from reservations.admin.accounting import page, read_day
from reservations.reads.days.attendance import open_days_around, read_sheet, sessions_of
from reservations.reads.days.headcounts import counts_of


@require_safe
def headcounts(request):
    """How many children a day, by site, school, diet and allergy: frozen at the deadline, and now."""
    day = read_day(request.GET.get("jour"))
    before, after = open_days_around(request.user, day)
    context = {"day": day, "before": before, "after": after, "counts": counts_of(request.user, day)}
    return page(request, "headcounts", "Effectifs", **context)


@require_safe
def headcounts_pdf(request):
    """The same on paper."""
    day = read_day(request.GET.get("jour"))
    return _on_paper("headcounts", f"Effectifs du {day_and_month(day)}", day=day, counts=counts_of(request.user, day))


@never_cache
@require_POST
def headcount_children(request, pk):
    """Who eats what: each child with what to know of their health, which is written down first."""
    session = get_object_or_404(sessions_of(request.user), pk=pk)
    sheet = read_sheet(session)
    lines = {line.member: line for line in sheet.lines}
    purpose = f"Régimes et allergies du {day_and_month(session.date)}"
    for member, words in alerts(Member.objects.filter(pk__in=lines), by=request.user, purpose=purpose).items():
        lines[member].alerts = " · ".join(words)
    told = {title: [line for line in group if line.alerts] for title, group in sheet.groups.items()}
    context = {"session": session, "groups": {title: group for title, group in told.items() if group}}
    if "pdf" in request.POST:
        return _on_paper("headcount_children", f"Régimes et allergies du {day_and_month(session.date)}", **context)
    title = f"Régimes et allergies, {date_long(session.date, timezone.localdate())}"
    return page(request, "headcount_children", title, **context)


def _on_paper(template: str, title: str, **context) -> HttpResponse:
    context |= {"title": title, "authority": authority(), "now": timezone.now()}
    return document_response(render_pdf(f"pdf/{template}.html", context), f"{title}.pdf", Kind.PDF)


def pages() -> list:
    """The addresses of these pages; the site of the agents lets only agents in."""
    return [
        path("effectifs/", headcounts, name="headcounts"),
        path("effectifs.pdf", headcounts_pdf, name="headcounts_pdf"),
        path("effectifs/<id:pk>/enfants/", headcount_children, name="headcount_children"),
    ]
