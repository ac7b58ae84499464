"""Pieces: which ones services ask for, and the agents' decision about each one that families gave."""

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse

from common.addresses import read_id
from common.admin import CommunesAdmin, ManagersOnly, RowForm
from common.documents.kinds import kind_of
from common.documents.serving import document_response
from common.refusals import Refusal
from common.values.dates import date_short
from common.values.sepa import in_fours, key_warning
from families.admin.asked import AskedByFamily
from services import actions, emails
from services.actions.documents import read_blank
from services.admin.forms import BlankForm, RefusePieceForm, ValidatePieceForm
from services.admin.requests import REASON_EXAMPLE, ServiceFilter, StatusFilter
from services.models import DocumentType, RequestLine, RequiredDocument, SupportingDocument
from services.reads.catalogue import dress
from services.reads.desk import drawn_the_old_way, expiring, recipients

OLD_COPIES = (
    "Ces PDF ont été reçus avant la mise à jour du portail. Si la famille avait rempli un formulaire à l’écran, des lettres "
    "ou des lignes peuvent manquer dans la copie gardée ; une note, un surlignage ou une signature tracée à la main "
    "peuvent y être absents. Le fichier d’origine n’est pas gardé et rien ne dit lesquels étaient des formulaires : "
    "ouvrez-les, et redemandez la pièce en la refusant si ses réponses semblent vides, coupées ou avec des « ? »."
)


class RequiredDocumentRows(admin.TabularInline):
    model, form, extra = RequiredDocument, RowForm, 1


class PieceStatusFilter(StatusFilter):
    """What waits to be validated unless something else is asked."""

    first = "À valider"
    statuses = SupportingDocument.Status.choices


class PieceServiceFilter(ServiceFilter):
    def of_service(self, queryset, service):
        return queryset.filter(type__required_by__service=service, family__access_requests__service=service)


class ExpiryFilter(admin.SimpleListFilter):
    """Pieces whose last day is near."""

    title, parameter_name = "échéance", "echeance"

    def lookups(self, request, model_admin):
        return [("30", "Dans les 30 jours")]

    def queryset(self, request, queryset):
        return expiring(queryset) if self.value() == "30" else queryset


class OldCopyFilter(admin.SimpleListFilter):
    """PDFs whose kept copy may lack words that the family had typed; the page of the list says what is known."""

    title, parameter_name = "copie gardée", "copie"

    def lookups(self, request, model_admin):
        return [("ancienne", "PDF d’avant la mise à jour, à relire")]

    def queryset(self, request, queryset):
        return drawn_the_old_way(queryset) if self.value() == "ancienne" else queryset


@admin.register(SupportingDocument)
class SupportingDocumentAdmin(AskedByFamily, CommunesAdmin):
    """The pieces that the agent's services ask for, oldest first; each has a page, and decisions on pages of their own."""

    list_display = ["type", "family_name", "member", "given", "until", "status"]
    list_filter = [PieceStatusFilter, PieceServiceFilter, ExpiryFilter, OldCopyFilter]
    list_per_page = 100
    ordering = ["given_at", "pk"]
    member_path = "member"
    actions = None

    def get_queryset(self, request):
        return super().get_queryset(request).current().select_related("type", "family", "member")

    def changelist_view(self, request, extra_context=None):
        if request.method == "GET" and OldCopyFilter.parameter_name in request.GET:
            messages.info(request, OLD_COPIES)
        return super().changelist_view(request, extra_context)

    def has_add_permission(self, request):
        return False

    @admin.display(description="famille", ordering="family__name")
    def family_name(self, document):
        return f"{document.family.name} ({document.family.reference})"

    @admin.display(description="donnée le", ordering="given_at")
    def given(self, document):
        return date_short(document.given_at)

    @admin.display(description="valable jusqu’au", ordering="expires_on", empty_value="sans limite")
    def until(self, document):
        return document.expires_on and date_short(document.expires_on)

    def get_urls(self):
        views = {"ouvrir": self.open_view, "valider": self.validate_view, "refuser": self.refuse_view}
        own = [
            path(f"<id:pk>/{word}/", self.admin_site.admin_view(view), name=f"services_supportingdocument_{word}")
            for word, view in views.items()
        ]
        return own + super().get_urls()

    def change_view(self, request, object_id, form_url="", extra_context=None):
        """A piece, who read it, the requests it serves; nothing is changed here."""
        if request.method not in ("GET", "HEAD"):
            return HttpResponseNotAllowed(["GET", "HEAD"])
        document = self._document(request, object_id, self.has_view_permission)
        lines = RequestLine.objects.of_agent(request.user).filter(
            request__family=document.family_id, request__service__required_documents__type=document.type_id
        )
        if document.member_id:
            lines = lines.filter(member=document.member_id)
        context = {
            "lines": lines.select_related("request__service__commune", "member", "audience"),
            "readings": document.readings.select_related("by")[:20],
        }
        return self._page(request, "piece", str(document), document, **context)

    def open_view(self, request, pk):
        """Give the file as a download, or show the text; by POST, since each reading is inscribed."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        document = self._document(request, pk, self.has_change_permission)
        try:
            content = actions.read_document(user=request.user, document=document)
        except Refusal as refusal:
            messages.error(request, str(refusal))
            return redirect(self._back(request, document))
        if not document.type.is_text:
            return document_response(content, document.label, kind_of(content))
        text = content.decode()
        is_iban = document.type.kind == DocumentType.Kind.IBAN
        context = {"text": in_fours(text), "warning": key_warning(text)} if is_iban else {"text": text}
        return self._page(request, "piece_text", str(document), document, **context)

    def validate_view(self, request, pk):
        """Validate a piece; of a quotient or a mandate, from which day."""
        document = self._document(request, pk, self.has_change_permission)
        form = ValidatePieceForm(request.POST if request.method == "POST" else None, document=document)
        if form.is_valid() and self._obeyed(request, document, form, "pièce validée", accept=True):
            return redirect(self._back(request, document))
        return self._page(request, "decide_piece", "Valider la pièce", document, form=form, email=None)

    def refuse_view(self, request, pk):
        """Refuse a piece with a reason; the email that will leave is shown."""
        document = self._document(request, pk, self.has_change_permission)
        form = RefusePieceForm(request.POST if request.method == "POST" else None, document=document)
        if form.is_valid() and self._obeyed(request, document, form, "pièce refusée", accept=False):
            return redirect(self._back(request, document))
        email = emails.preview_document_refused(document, form["reason"].value() or REASON_EXAMPLE)
        context = {"form": form, "email": email, "recipients": recipients(document.family)}
        return self._page(request, "decide_piece", "Refuser la pièce", document, **context)

    def _document(self, request, pk, is_allowed) -> SupportingDocument:
        if not is_allowed(request):
            raise PermissionDenied
        document = self.get_object(request, str(pk))
        return dress(document)

    def _obeyed(self, request, document, form, word, **more) -> bool:
        """Run the action; a refusal is told on the form, a second click finds it done and says the same."""
        try:
            actions.decide_document(agent=request.user, document=document, **form.cleaned_data, **more)
        except Refusal as refusal:
            form.add_error(None, refusal.sentences)
            return False
        if form.cleaned_data["seen"] == document.status:
            self.log_change(request, document, word.capitalize())
        messages.success(request, f"{document} : {word}.")
        return True

    def _back(self, request, document) -> str:
        """To the request that the agent was deciding, else to the pieces; with the list that they came from."""
        line, query = request.GET.get("demande", ""), self.get_preserved_filters(request)
        if read_id(line) is not None:
            return f"{reverse('admin:services_requestline_change', args=[line])}?{query}"
        page = reverse("admin:services_supportingdocument_changelist")
        return f"{page}?{request.GET.get('_changelist_filters', '')}"

    def _page(self, request, template, title, document, **context):
        context |= {"document": document, "back": self._back(request, document), "query": request.GET.urlencode()}
        return self.page(request, f"services/{template}", title, **context)


@admin.register(DocumentType)
class DocumentTypeAdmin(ManagersOnly, admin.ModelAdmin):
    """Types of pieces, shared by all services: only those who manage the portal change them."""

    list_display = ["name", "kind", "per_member", "validity_months", "is_health", "blank_label"]
    search_fields = ["name"]
    search_help_text = "Nom de la pièce"
    fields = ["name", "kind", "per_member", "is_health", "validity_months", "help_text", "blank_label"]
    change_form_template = "admin/services/document_type.html"

    def has_delete_permission(self, request, obj=None):
        return False

    def get_readonly_fields(self, request, obj=None):
        """What families gave already keeps its meaning."""
        given = obj is not None and obj.documents.exists()
        return ["blank_label", *(["kind", "per_member"] if given else [])]

    def get_urls(self):
        views = {"formulaire": self.blank_view, "telecharger": self.download_view}
        own = [
            path(f"<id:pk>/{word}/", self.admin_site.admin_view(view), name=f"services_documenttype_{word}")
            for word, view in views.items()
        ]
        return own + super().get_urls()

    def blank_view(self, request, pk):
        """Offer a file as the blank form: checked and cleaned as any document, outside of any transaction."""
        type = self._type(request, pk)
        form = BlankForm(request.POST, request.FILES) if request.method == "POST" else BlankForm()
        if form.is_valid() and self._kept(request, type, form):
            return redirect("admin:services_documenttype_change", pk)
        context = {**self.admin_site.each_context(request), "opts": self.opts, "type": type, "form": form}
        return TemplateResponse(request, "admin/services/blank.html", context | {"title": "Formulaire vierge"})

    def _kept(self, request, type, form) -> bool:
        try:
            actions.keep_blank(request.user, type, form.cleaned_data["file"])
        except Refusal as refusal:
            form.add_error("file", refusal.sentences)
            return False
        self.log_change(request, type, "Formulaire vierge déposé")
        messages.success(request, f"{type} : formulaire vierge déposé.")
        return True

    def download_view(self, request, pk):
        """The blank form, as families receive it."""
        type = self._type(request, pk)
        if not type.blank_key:
            raise Http404
        content = read_blank(type)
        return document_response(content, type.blank_label, kind_of(content))

    def _type(self, request, pk) -> DocumentType:
        if not self.has_change_permission(request):
            raise PermissionDenied
        return get_object_or_404(DocumentType, pk=pk)
