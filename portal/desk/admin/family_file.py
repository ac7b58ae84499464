"""Pages of one family: « Chercher », its file, its notes."""

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.http import require_POST

from common.background.mailing import subject_of
from common.refusals import Refusal
from common.values.asked import LONGEST
from common.writing.once import make_key
from families.actions.notes import add_note, end_note, note_purpose
from families.forms.notes import NoteForm
from families.models import Family, FamilyNote
from portal.desk.reads.family_file import family_file
from portal.desk.reads.search import find


def _page(request, template: str, title: str, **context) -> TemplateResponse:
    context = {**admin.site.each_context(request), "title": title, **context}
    return TemplateResponse(request, f"admin/portal/{template}.html", context)


def search(request):
    """What an agent typed in the box of every page; the one thing that it names is opened at once."""
    text = request.GET.get("q", "").strip()
    context = {"text": text[:LONGEST], "found": None, "refusal": ""}
    try:
        context["found"] = found = find(request.user, text)
    except Refusal as refusal:
        return _page(request, "search", "Chercher", **context | {"refusal": refusal.sentence})
    return redirect(found.only) if found.only else _page(request, "search", "Chercher", **context)


def file_page(request, pk):
    """The family file; a POST notes something."""
    family = _family(request, pk)
    form = NoteForm(request.POST or None)
    if request.method == "POST" and form.is_valid() and _noted(request, family, form):
        return redirect(f"{reverse('admin:family_file', args=[pk])}#notes")
    file = family_file(request.user, family)
    for message in file.messages:
        message.subject = subject_of(message)
    context = {"file": file, "family": family, "form": form, "acts": acts(request.user, family, file)}
    context["once_key"] = make_key(request.user.owner, note_purpose(family))
    return _page(request, "family_file", family.named, **context)


def _noted(request, family: Family, form: NoteForm) -> bool:
    if not request.user.has_perm("families.change_family"):
        raise PermissionDenied
    key = request.POST.get("once_key", "")
    try:
        add_note(agent=request.user, family=family, key=key, **form.cleaned_data)
    except Refusal as refusal:
        form.add_error(None, refusal.sentences)
        return False
    messages.success(request, "Note ajoutée.")
    return True


@require_POST
def note_end(request, pk):
    """« Retirer » a note."""
    if not request.user.has_perm("families.change_family"):
        raise PermissionDenied
    note = get_object_or_404(FamilyNote.objects.of_agent(request.user).select_related("family"), pk=pk)
    end_note(agent=request.user, note=note)
    messages.success(request, "Note retirée.")
    return redirect(f"{reverse('admin:family_file', args=[note.family_id])}#notes")


def _family(request, pk: int) -> Family:
    if not request.user.has_perm("families.view_family"):
        raise PermissionDenied
    family = Family.objects.of_agent(request.user).select_related("commune").filter(pk=pk).first()
    if family is None:
        raise Http404
    return family


def acts(agent, family: Family, file) -> list[tuple[str, str]]:
    """What an agent may do for a family from its file: (name, address)."""
    own = [
        ("Réserver ou annuler", "reservations.view_booking", "desk_family", family.pk),
        ("Créditer un porte-monnaie", "wallet.add_counterpayment", "wallet_credit", family.pk),
        ("Ajouter un bénéficiaire", "families.change_family", "families_family_beneficiaire", family.pk),
        ("Classes", "families.change_family", "families_family_classes", family.pk),
        ("Quotient familial", "families.change_family", "families_family_quotient", family.pk),
        ("Certifier les informations", "families.change_family", "families_family_certifier", family.pk),
        ("Relier un enfant", "families.change_family", "families_family_relier", family.pk),
        ("Journal des actes", "families.view_family", "journal", f"?famille={family.pk}"),
        ("Modifier la fiche", "families.change_family", "families_family_change", family.pk),
    ]
    own += [
        (f"Fermer le compte de {each.user.first_name}", "accounts.change_user", "accounts_user_fermer", each.user_id)
        for each in file.adults
        if each.user.status == "validated"
    ]
    return [(label, _address(name, of)) for label, right, name, of in own if agent.has_perm(right)]


def _address(name: str, of: int | str) -> str:
    """The page of a row, or of what a query names."""
    return reverse(f"admin:{name}", args=[of]) if isinstance(of, int) else reverse(f"admin:{name}") + of
