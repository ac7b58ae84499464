"""« Santé et contacts » of a child: its health sheet, whom to call, who may collect, what is allowed, who read it."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from common.refusals import told_on
from common.writing.once import make_key
from families import actions
from families.actions.alerts import content_of
from families.actions.health import contact_purpose, removal_of_contact, version_of
from families.forms.health import ConsentsForm, ContactForm, HealthForm
from families.models import ADULTS, Contact, HealthSheet, Member, MemberConsent, Membership

READINGS_SHOWN = 20


def _child(request, pk) -> Member:
    """A child of the visitor's family, adults have no sheet."""
    children = Membership.objects.of(request.user).current().exclude(kinship__in=ADULTS)
    return get_object_or_404(children, member=pk).member


def _standing(child: Member) -> dict[str, MemberConsent]:
    return {row.kind: row for row in MemberConsent.objects.filter(member=child).standing().select_related("by")}


def health(request, pk):
    """All that is known of a child, and which agents read it."""
    child = _child(request, pk)
    sheet = HealthSheet.objects.filter(member=child).select_related("updated_by").first()
    standing = _standing(child)
    context = {
        "child": child,
        "sheet": sheet,
        "content": content_of(sheet),
        "contacts": list(child.contacts.all()),
        "consents": [(kind, standing.get(kind)) for kind in MemberConsent.Kind],
        "readings": child.health_readings.select_related("by")[:READINGS_SHOWN],
    }
    return render(request, "families/health.html", context)


def health_edit(request, pk):
    """Write the health sheet; what the page showed is compared with what stands under lock."""
    child = _child(request, pk)
    sheet = HealthSheet.objects.filter(member=child).first()
    said = content_of(sheet)
    form = HealthForm(request.POST or None, initial=vars(said) if said else None)
    key = request.POST.get("once_key") or make_key(request.user.owner, f"health:{child.pk}", version_of(sheet))
    if request.method == "POST" and form.is_valid():
        told = {"user": request.user, "member": child, "content": form.content(), "key": key}
        if told_on(form, actions.write_health, **told):
            messages.success(request, f"La fiche santé de {child.first_name} est enregistrée.")
            return redirect("families:health", pk)
    context = {"child": child, "form": form, "once_key": key, "unreadable": bool(sheet) and said is None}
    return render(request, "families/health_edit.html", context)


def contact_add(request, pk):
    """A new contact, called after the others."""
    return _contact(request, _child(request, pk), None)


def contact_edit(request, pk, contact):
    """Correct a contact, or take it away."""
    return _contact(
        request, _child(request, pk), get_object_or_404(Contact.objects.of(request.user), member=pk, pk=contact)
    )


def _contact(request, child, contact):
    next_rank = min(child.contacts.count() + 1, 8)
    form = ContactForm(request.POST or None, contact=contact, rank=next_rank)
    purpose = contact_purpose(child.pk, contact and contact.pk)
    key = request.POST.get("once_key") or make_key(request.user.owner, purpose)
    if request.method == "POST" and form.is_valid():
        told = {"user": request.user, "member": child, "contact": contact, "key": key, **form.cleaned_data}
        if told_on(form, actions.save_contact, **told):
            messages.success(request, f"{form.cleaned_data['name']} figure parmi les contacts de {child.first_name}.")
            return redirect("families:health", child.pk)
    context = {"child": child, "contact": contact, "form": form, "once_key": key}
    if contact:
        context["removal_key"] = make_key(request.user.owner, removal_of_contact(contact.pk))
    return render(request, "families/contact.html", context)


@require_POST
def contact_remove(request, pk, contact):
    """« Retirer ce contact »."""
    child, key = _child(request, pk), request.POST.get("once_key", "")
    known = Contact.objects.of(request.user).filter(member=child, pk=contact).first()
    if known is None:
        if not actions.contact_was_removed(user=request.user, pk=contact, key=key):
            raise Http404
        return redirect("families:health", pk)
    actions.remove_contact(user=request.user, member=child, contact=known, key=key)
    messages.success(request, f"{known.name} ne figure plus parmi les contacts de {child.first_name}.")
    return redirect("families:health", pk)


def consents(request, pk):
    """What the parents allow, each answer dated."""
    child = _child(request, pk)
    standing = {kind: row.given for kind, row in _standing(child).items()}
    form = ConsentsForm(request.POST or None, standing=standing)
    if request.method == "POST" and form.is_valid():
        actions.answer_consents(user=request.user, member=child, answers=form.answers())
        messages.success(request, f"Les autorisations de {child.first_name} sont enregistrées.")
        return redirect("families:health", pk)
    return render(request, "families/consents.html", {"child": child, "form": form})
