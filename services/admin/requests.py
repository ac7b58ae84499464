"""« Demandes d’accès »: an agent reads a request with its pieces, decides, and the next one comes."""

from collections.abc import Callable
from dataclasses import dataclass

from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponseNotAllowed, QueryDict
from django.shortcuts import redirect
from django.urls import path, reverse

from common.addresses import read_id
from common.admin import CommunesAdmin
from common.refusals import Refusal
from common.values.dates import date_short
from families.admin.asked import AskedByFamily
from families.models import Family
from services import actions, emails
from services.admin.forms import AcceptForm, AskForm, ReasonForm, RefuseForm
from services.models import RequestLine, Service
from services.reads.desk import desk_of, missing_text, next_of, queue_of, recipients
from services.reads.pieces import lacking_pieces, undecided_pieces

Status = RequestLine.Status
REASON_EXAMPLE = "(votre motif)"
NOTHING_NEW = "Ces demandes étaient déjà décidées : rien n’a changé."


@dataclass(frozen=True)
class Decision:
    """What an agent may answer to the lines of a request."""

    status: Status
    title: str
    button: str
    done: str  # of one person
    action: Callable
    form: type[AcceptForm]
    is_dangerous: bool = False

    def may_take(self, lines):
        return [line for line in lines if self.status in RequestLine.ARROWS.get(line.status, ())]


DECISIONS = {
    "accepter": Decision(
        Status.ACCEPTED, "Accepter la demande", "Accepter", "accès accepté", actions.accept_lines, AcceptForm
    ),
    "refuser": Decision(
        Status.REFUSED, "Refuser la demande", "Refuser", "accès refusé", actions.refuse_lines, RefuseForm, True
    ),
    "pieces": Decision(
        Status.INCOMPLETE,
        "Demander des pièces",
        "Demander ces pièces",
        "pièces demandées",
        actions.ask_for_documents,
        AskForm,
    ),
}


class StatusFilter(admin.SimpleListFilter):
    """What waits for an agent unless something else is asked."""

    title, parameter_name = "statut", "statut"
    first = "En attente"

    def lookups(self, request, model_admin):
        return [*self.statuses[1:], ("toutes", "Toutes")]

    statuses = Status.choices

    def choices(self, changelist):
        first, *others = super().choices(changelist)
        return [first | {"display": self.first}, *others]

    def queryset(self, request, queryset):
        if self.value() == "toutes":
            return queryset
        return queryset.filter(status=self.value() or self.statuses[0][0])


class ServiceFilter(admin.SimpleListFilter):
    """The agent's services, by name."""

    title, parameter_name = "service", "service"

    def lookups(self, request, model_admin):
        return [(str(row.pk), str(row)) for row in Service.objects.of_agent(request.user).select_related("commune")]

    def queryset(self, request, queryset):
        known = {value for value, _ in self.lookup_choices}
        return self.of_service(queryset, self.value()) if self.value() in known else queryset

    def of_service(self, queryset, service):
        return queryset.filter(request__service=service)


class LinesList(ChangeList):
    """Tells of each line on the page how its pieces stand, in as many queries for one line as for hundreds."""

    def get_results(self, request):
        super().get_results(request)
        _tell_pieces(self.result_list)


def _tell_pieces(lines) -> None:
    """Each line's ``lacking`` and ``undecided`` pieces."""
    lacking, undecided = lacking_pieces(lines), undecided_pieces(lines)
    for line in lines:
        line.lacking, line.undecided = lacking[line.pk], undecided[line.pk]


def _first(lines, line, prefer_lacking: bool) -> list[RequestLine]:
    """Whom a decision most likely is for: those who wait (of them those who lack a piece, to ask for it), else ``line``."""
    waiting = [each for each in lines if each.status == Status.PENDING]
    lacking = [each for each in waiting if each.lacking] if prefer_lacking else []
    return lacking or waiting or [each for each in lines if each == line]


@admin.register(RequestLine)
class RequestLineAdmin(AskedByFamily, CommunesAdmin):
    """The lines that families asked for, oldest first; a line's page is its request's."""

    list_display = ["member", "family", "service", "asked", "pieces", "status"]
    list_filter = [StatusFilter, ServiceFilter]
    list_per_page = 100
    ordering = ["asked_at", "pk"]
    family_path, member_path = "request__family", "member"
    actions = ["accept_selected", "refuse_selected"]

    def get_queryset(self, request):
        wanted = ["request__family__commune", "request__service__commune", "member", "audience"]
        return super().get_queryset(request).select_related(*wanted)

    def get_changelist(self, request, **kwargs):
        return LinesList

    def has_add_permission(self, request):
        return False

    @admin.display(description="famille", ordering="request__family__name")
    def family(self, line):
        return f"{line.request.family.name} ({line.request.family.reference})"

    @admin.display(description="service et situation", ordering="request__service__name")
    def service(self, line):
        return f"{line.request.service} / {line.audience.name}"

    @admin.display(description="demandée le", ordering="asked_at")
    def asked(self, line):
        return date_short(line.asked_at)

    def prepare_rows(self, rows):
        _tell_pieces(rows)

    @admin.display(description="pièces obligatoires")
    def pieces(self, line):
        if line.lacking:
            return f"{len(line.lacking)} manquante{'s' if len(line.lacking) > 1 else ''}"
        return f"{len(line.undecided)} à valider" if line.undecided else "Toutes validées"

    def get_urls(self):
        own = [
            path(f"<id:pk>/{word}/", self.admin_site.admin_view(self._decide_view), {"word": word}, name=name)
            for word, name in ((word, f"services_requestline_{word}") for word in DECISIONS)
        ]
        return own + super().get_urls()

    # --- One request ------------------------------------------------------------------------------------------------
    def change_view(self, request, object_id, form_url="", extra_context=None):
        """The decision page of a line's request; nothing is changed here."""
        if request.method not in ("GET", "HEAD"):
            return HttpResponseNotAllowed(["GET", "HEAD"])
        if not self.has_view_permission(request):
            raise PermissionDenied
        line = self.get_object(request, object_id)
        desk = desk_of(line)
        easy = desk.easy
        decision = DECISIONS["accepter"]
        context = {
            "desk": desk,
            "line": line,
            "form": decision.form(lines=easy, ticked=easy) if easy else None,
            "email": emails.preview_decided(desk.request, easy, decision.status, "") if easy else None,
            "may_open_family": Family.objects.of_agent(request.user).filter(pk=desk.request.family_id).exists(),
            "guardians": desk.request.family.guardians.select_related("user"),
            "piece_query": "&".join(filter(None, [f"demande={line.pk}", self.get_preserved_filters(request)])),
            "may": {word: bool(each.may_take(desk.lines)) for word, each in DECISIONS.items()},
            **self._around(request, line),
        }
        return self.page(request, "services/request", self._title(desk.request), **context)

    def _decide_view(self, request, pk, word):
        """Accept, refuse or ask for pieces: the people, the reason, and the email that will leave."""
        decision, line = DECISIONS[word], self._line(request, pk)
        desk = desk_of(line)
        lines = decision.may_take(desk.lines)
        ticked = _first(lines, line, prefer_lacking=word == "pieces")
        told = {"lines": lines, "ticked": ticked, "reason": missing_text(ticked) if word == "pieces" else ""}
        form = decision.form(request.POST if request.method == "POST" else None, **told)
        if form.is_valid() and self._obeyed(request, decision, line, form):
            return self._go_on(request, line)
        reason = (form["reason"].value() or REASON_EXAMPLE) if "reason" in form.fields else ""
        context = {
            "desk": desk,
            "line": line,
            "form": form,
            "decision": decision,
            "email": emails.preview_decided(desk.request, ticked, decision.status, reason),
            "recipients": recipients(desk.request.family),
            **self._around(request, line),
        }
        return self.page(request, "services/decide", decision.title, **context)

    def _line(self, request, pk) -> RequestLine:
        if not self.has_change_permission(request):
            raise PermissionDenied
        return self.get_object(request, str(pk))

    def _obeyed(self, request, decision, line, form) -> bool:
        """Run the action; a refusal is told on the form, a second click finds it done and says the same."""
        chosen = form.cleaned_data["lines"]
        if RequestLine.objects.filter(pk__in=chosen, request=line.request_id).count() != len(chosen):
            raise Http404
        more = {"reason": form.cleaned_data["reason"]} if "reason" in form.cleaned_data else {}
        try:
            changed = decision.action(agent=request.user, lines=chosen, seen=chosen, **more)
        except Refusal as refusal:
            form.add_error(None, refusal.sentences)
            return False
        if changed:
            self._log(request, chosen, decision.done)
        messages.success(request, f"{line.request.family} : {decision.done}.")
        return True

    def _log(self, request, pks, word):
        lines = RequestLine.objects.filter(pk__in=pks).select_related("request__service__commune", "member", "audience")
        LogEntry.objects.log_actions(request.user.pk, list(lines), CHANGE, word.capitalize())

    def _go_on(self, request, line):
        """To the next request that waits, else to the list."""
        following = next_of(request.user, line, self._service(request))
        if following:
            return redirect(self._address("change", following, request))
        messages.info(request, "Plus aucune demande n’attend.")
        return redirect(f"{reverse('admin:services_requestline_changelist')}?{self._list_query(request)}")

    def _around(self, request, line) -> dict:
        """The next request, how many wait, and what every address carries: the list that the agent came from."""
        service = self._service(request)
        following = next_of(request.user, line, service)
        return {
            "next_address": self._address("change", following, request) if following else "",
            "others": queue_of(request.user, service).exclude(request=line.request_id).count(),
            "query": self.get_preserved_filters(request),
            "list_query": self._list_query(request),
        }

    def _address(self, page, line, request) -> str:
        query = self.get_preserved_filters(request)
        return reverse(f"admin:services_requestline_{page}", args=[line.pk]) + (f"?{query}" if query else "")

    def _list_query(self, request) -> str:
        return request.GET.get("_changelist_filters", "")

    def _service(self, request) -> int | None:
        return read_id(QueryDict(self._list_query(request)).get("service", ""))

    def _title(self, request) -> str:
        return f"{request.family} – {request.service}"

    # --- Many requests ----------------------------------------------------------------------------------------------
    @admin.action(description="Accepter les demandes choisies", permissions=["change"])
    def accept_selected(self, request, queryset):
        """Accept the easy ones after a page that names them; the others are named and left."""
        lines = list(queryset.to_decide())
        lacking, undecided = lacking_pieces(lines), undecided_pieces(lines)
        easy = [line for line in lines if not lacking[line.pk] and not undecided[line.pk]]
        if "confirmed" in request.POST:
            return self._decided_many(request, DECISIONS["accepter"], easy)
        _tell_pieces(lines)
        context = {"lines": easy, "left": [line for line in lines if line not in easy], "form": None}
        return self._many_page(request, "accepter", queryset.count() - len(lines), **context)

    @admin.action(description="Refuser les demandes choisies", permissions=["change"])
    def refuse_selected(self, request, queryset):
        """Refuse several with one reason, after a page that names them."""
        lines, form = list(queryset.to_decide()), ReasonForm(request.POST if "confirmed" in request.POST else None)
        if form.is_valid():
            return self._decided_many(request, DECISIONS["refuser"], lines, reason=form.cleaned_data["reason"])
        return self._many_page(request, "refuser", queryset.count() - len(lines), lines=lines, left=[], form=form)

    def _decided_many(self, request, decision, lines, **more):
        chosen = {line.pk: Status.PENDING for line in lines}
        try:
            changed = decision.action(agent=request.user, lines=chosen, seen=chosen, **more)
        except Refusal as refusal:
            messages.error(request, str(refusal))
            return
        if changed:
            self._log(request, chosen, decision.done)
            messages.success(request, f"{decision.done.capitalize()} : {changed} demande{'s' if changed > 1 else ''}.")
        else:
            messages.info(request, NOTHING_NEW)

    def _many_page(self, request, word, decided, *, lines, left, form):
        decision = DECISIONS[word]
        email = None
        if lines:
            example = REASON_EXAMPLE if form else ""
            email = emails.preview_decided(lines[0].request, lines[:1], decision.status, example)
        context = {"lines": lines, "left": left, "decided": decided, "form": form, "decision": decision, "email": email}
        name = "accept_selected" if word == "accepter" else "refuse_selected"
        return self.page(
            request, "services/decide_selected", f"{decision.button} les demandes choisies", action_name=name, **context
        )
