"""« Journal des actes »: of a family, of one row, or of the whole portal for who manages it; nothing can be changed here."""

from datetime import date, datetime

from django.apps import apps
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from common.addresses import read_id
from common.files.sheets import csv_response
from common.values.dates import date_short, moment_short
from families.models import Family
from portal.desk.reads.journal import PAGE, Act, Asked, acts, histories, kinds


def journal(request):
    """Filtered by the address: ``famille``, ``objet`` (« families.family:12 »), ``agent``, ``jour``, ``type``, ``avant``."""
    asked, title = _asked(request)
    found = acts(request.user, asked)
    if request.GET.get("format") == "csv":
        return csv_response(f"Journal des actes {date_short(timezone.localdate())}.csv", _rows(found))
    context = {
        "title": title,
        "acts": found[:PAGE],
        "asked": asked,
        "kinds": kinds(request.user),
        "query": _kept(request),
    }
    context["next"] = found[PAGE - 1].at.isoformat() if len(found) > PAGE else ""
    return TemplateResponse(request, "admin/portal/journal.html", admin.site.each_context(request) | context)


def _asked(request) -> tuple[Asked, str]:
    family, row = read_id(request.GET.get("famille", "")), _row(request)
    kind = request.GET.get("type", "")
    filters = {
        "agent": read_id(request.GET.get("agent", "")),
        "day": _day(request.GET.get("jour", "")),
        "kind": kind if kind in histories() else "",
        "before": _moment(request.GET.get("avant", "")),
    }
    if row:
        return Asked(row=row, **filters), "Historique"
    if family:
        return Asked(family=family, **filters), f"Journal : {_family(request, family).named}"
    if not request.user.is_superuser:
        raise PermissionDenied
    return Asked(**filters | {"day": filters["day"] or timezone.localdate()}), "Journal des actes"


def _family(request, pk: int) -> Family:
    family = Family.objects.of_agent(request.user).filter(pk=pk).first()
    if family is None or not request.user.has_perm("families.view_family"):
        raise Http404
    return family


def _row(request) -> tuple[str, str] | None:
    """A row that the agent may open on its own page."""
    label, _, key = request.GET.get("objet", "").partition(":")
    if not label:
        return None
    if label not in histories() or not key:
        raise Http404
    page = admin.site.get_model_admin(apps.get_model(label))
    row = page.get_object(request, key)
    if row is None or not page.has_view_or_change_permission(request, row):
        raise Http404
    return label, str(row.pk)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _moment(text: str) -> datetime | None:
    try:
        return parse_datetime(text)
    except ValueError:
        return None


def _kept(request) -> str:
    query = request.GET.copy()
    for name in ("avant", "format"):
        query.pop(name, None)
    return query.urlencode()


def _rows(found: list[Act]) -> list[list[str]]:
    head = ["Quand", "Qui", "Quoi", "Acte", "Champ", "Avant", "Après", "D’où"]
    return [head] + [
        [moment_short(act.at), act.who, act.kind, act.verb, *row, act.where]
        for act in found
        for row in ([(each.label, each.before, each.after) for each in act.changes] or [("", "", "")])
    ]
