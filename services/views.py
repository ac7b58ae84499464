"""« Mes services » and « Mes documents »: a family asks for a service, gives its pieces, finds them again."""

from django.contrib import messages
from django.http import HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from common.documents import quota
from common.documents.kinds import Kind, kind_of
from common.documents.serving import document_response
from common.files.pdf import render_pdf
from common.models import authority
from common.refusals import told_on
from common.values.sepa import in_fours
from common.writing.once import make_key
from families.access import family_required
from families.actions.mandates import next_rum
from services.actions import ask_access, read_document
from services.actions.documents import account_of, read_blank
from services.forms import PiecesForm, ServiceForm, SituationsForm
from services.models import AccessRequest, DocumentType, RequestLine, RequiredDocument, Service, SupportingDocument
from services.reads.catalogue import asked_services, candidates, catalogue, dress, pieces_page, vault_of, wants_pieces
from services.reads.pieces import Slot

read_or_post = require_http_methods(["GET", "HEAD", "POST"])


def before_validation(view):
    """Let in a person whose account waits for an agent: a request may be completed meanwhile."""
    view.before_validation = True
    return view


@read_or_post
@family_required
def services(request):
    """The table « Mes Services » and the block « Ajouter un service »."""
    form = ServiceForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        return redirect("services:ask", pk=form.cleaned_data["service"].pk)
    groups = asked_services(request.user)
    communes = catalogue(request.user.guardian.family, groups)
    return render(request, "services/services.html", {"form": form, "groups": groups, "communes": communes})


@read_or_post
@family_required
def ask(request, pk):
    """Each member's situation for a service; « Valider » sends the request, or leads to its pieces."""
    service = get_object_or_404(Service.objects.on_demand().select_related("commune"), pk=pk)
    people = candidates(request.user, service)
    form = SituationsForm(request.POST if request.method == "POST" else None, candidates=people)
    key = request.POST.get("once_key", "")
    asked = {"user": request.user, "service": service, "key": key}
    if form.is_valid() and told_on(form, ask_access, choices=form.choices(), **asked):
        return redirect("services:pieces", pk=pk) if wants_pieces(request.user, service) else _sent(request, service)
    key = key or make_key(request.user.owner, f"ask:{service.pk}")
    return render(request, "services/ask.html", {"service": service, "people": people, "form": form, "once_key": key})


SENT = (
    "Votre demande est envoyée au service concerné. Vous serez alerté par e-mail, dès que votre dossier aura été "
    "accepté. Vous aurez alors accès aux réservations."
)


@before_validation
@never_cache
@read_or_post
@family_required
def pieces(request, pk):
    """The document step: what stands, what is to be given; each good piece is kept even when another is refused."""
    mine = AccessRequest.objects.of(request.user).select_related("service__commune", "family")
    page = pieces_page(request.user, get_object_or_404(mine, service=pk))
    form = _pieces_form(request, page.wanted)
    if form.is_bound:
        if _gave(request, form):
            return _after_pieces(request, form, page.service)
        page = pieces_page(request.user, page.request)
    context = {"page": page, "form": form, "documents_a_day": authority().documents_a_day}
    return render(request, "services/pieces.html", context)


def _pieces_form(request, wanted) -> PiecesForm:
    posted = (request.POST, request.FILES) if request.method == "POST" else ()
    return PiecesForm(*posted, slots=wanted, user=request.user)


def _gave(request, form) -> bool:
    form.give()
    used = quota.warning(request.user.guardian.family.owner) if form.given else None
    for warning in filter(None, [*form.warnings, used]):
        messages.warning(request, warning)
    if form.errors and form.given:
        messages.success(request, f"C’est enregistré : {', '.join(slot.name for slot in form.given)}.")
    return not form.errors


def _after_pieces(request, form, service):
    if any(slot.required.type.kind == DocumentType.Kind.IBAN for slot in form.given) and form.wants_mandate:
        messages.success(request, "Votre IBAN est enregistré : vous pouvez maintenant télécharger le mandat prérempli.")
        return redirect("services:pieces", pk=service.pk)
    return _sent(request, service)


def _sent(request, service):
    waits = RequestLine.objects.of(request.user).to_decide().filter(request__service=service).exists()
    messages.success(request, SENT if waits else "Vos pièces sont enregistrées.")
    return redirect("services:services" if request.user.may_enter else "waiting")


@require_safe
@family_required
def documents(request):
    """« Mes documents »: what the family gave, each piece once for all the services that ask for it."""
    return render(request, "services/documents.html", {"documents": vault_of(request.user)})


@never_cache
@read_or_post
@family_required
def replace(request, pk):
    """Give a newer piece in the place of one."""
    mine = SupportingDocument.objects.of(request.user).select_related("type", "member")
    document = dress(get_object_or_404(mine, pk=pk))
    slot = Slot(RequiredDocument(type=document.type), document.member, document)
    form = _pieces_form(request, [slot])
    if form.is_bound and _gave(request, form):
        messages.success(request, f"C’est enregistré : {slot.name}.")
        return redirect("services:documents")
    return render(request, "services/replace.html", {"document": document, "form": form, "has_iban": True})


@read_or_post
@family_required
def download(request, pk):
    """A file that the family gave; health data by POST only, since each of their readings is inscribed."""
    mine = SupportingDocument.objects.of(request.user).current().exclude(type__kind__in=DocumentType.TEXTS)
    document = get_object_or_404(mine.select_related("type"), pk=pk)
    if document.type.is_health and request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    content = read_document(user=request.user, document=document)
    return document_response(content, document.label, kind_of(content))


@before_validation
@require_safe
def blank(request, pk):
    """The blank form of a piece."""
    type = get_object_or_404(DocumentType.objects.exclude(blank_key=""), pk=pk)
    content = read_blank(type)
    return document_response(content, type.blank_label, kind_of(content))


@before_validation
@require_safe
@family_required
def mandate(request):
    """« Télécharger le mandat prérempli »: to print, sign and give back."""
    family, it = request.user.guardian.family, authority()
    account, rum = account_of(family), next_rum(family)
    context = {
        "authority": it,
        "creditor": it.creditor_name or it.subtitle or it.name,
        "family": family,
        "rum": rum,
        "account": account,
        "iban": in_fours(account["iban"]),
        "today": timezone.localdate(),
    }
    return document_response(render_pdf("pdf/mandate.html", context), f"Mandat de prélèvement {rum}.pdf", Kind.PDF)
