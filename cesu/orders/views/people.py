"""« Profil gestionnaire » and « Données financeur »: the managers of an employer, then its beneficiaries."""

from django.contrib import messages
from django.core import signing
from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from cesu.access import manager_required
from cesu.models import Beneficiary, Manager
from cesu.orders.actions import beneficiaries as people
from cesu.orders.actions.access import managers
from cesu.orders.forms.access import PersonForm
from cesu.orders.forms.people import BeneficiaryForm, FileForm
from cesu.orders.reads.certificates import years_of
from cesu.orders.sheets.beneficiaries import EXAMPLE, MODEL, frozen, read_people, thawed
from cesu.rules.people import ChangedMeanwhile, NumberTaken, WrongBeneficiary
from common.files.sheets import csv_response
from common.refusals import Refusal, StalePage, told_on
from common.writing.once import MAX_AGE, make_key

A_PAGE = SHOWN = 50  # rows


# --- « Coordonnées » -------------------------------------------------------------------------------------------------
@manager_required
def profile(request):
    """« Coordonnées » (S0-53): the employer, one's own details, the managers."""
    manager = request.user.manager
    details = {name: getattr(request.user, name) for name in ("first_name", "last_name", "phone")}
    form = PersonForm(request.POST or None, initial=details | {"email": manager.email})
    if request.method == "POST" and form.is_valid() and _updated(request, form):
        messages.success(request, "Vos coordonnées sont enregistrées.")
        return redirect("cesu:profile")
    everyone = Manager.objects.of(request.user).current().select_related("user")
    rows = [(each, make_key(request.user.owner, managers.resending(each))) for each in everyone]
    context = {"form": form, "manager": manager, "employer": request.employer, "rows": rows}
    return render(request, "cesu/profile.html", context)


def _updated(request, form) -> bool:
    return bool(told_on(form, managers.update_details, user=request.user, person=form.cleaned_data))


@manager_required
def manager_add(request):
    """« Ajouter un gestionnaire » (S0-54, S0-55)."""
    get_object_or_404(Manager, user=request.user, is_primary=True)
    form = PersonForm(request.POST or None)
    key = request.POST.get("once_key") or make_key(request.user.owner, managers.ADDING)
    if request.method == "POST" and form.is_valid():
        added = told_on(form, managers.add_manager, by=request.user, person=form.cleaned_data, key=key)
        if added:
            messages.success(request, f"{added.user} a reçu un e-mail avec l’identifiant {added.user.identifier}.")
            return redirect("cesu:profile")
    return render(request, "cesu/manager_add.html", {"form": form, "once_key": key})


@manager_required
def manager_remove(request, pk):
    """Remove a secondary manager, confirmed on a page of its own."""
    manager = _colleague(request, pk)
    if request.method == "POST":
        managers.remove_manager(by=request.user, manager=manager, key=request.POST.get("once_key", ""))
        messages.success(request, f"{manager.user} n’est plus gestionnaire.")
        return redirect("cesu:profile")
    key = make_key(request.user.owner, managers.removal(manager))
    return render(request, "cesu/manager_remove.html", {"manager": manager, "once_key": key})


@require_POST
@manager_required
def manager_resend(request, pk):
    """Send a colleague the link that sets their password again."""
    manager = _colleague(request, pk, removed_at=None)
    managers.resend_link(by=request.user, manager=manager, key=request.POST.get("once_key", ""))
    messages.success(request, f"Un nouveau lien est parti à {manager.email}.")
    return redirect("cesu:profile")


def _colleague(request, pk, **state) -> Manager:
    """A secondary manager of the primary manager who asks; removed too, so that a second click finds them."""
    get_object_or_404(Manager, user=request.user, is_primary=True)
    colleagues = Manager.objects.of(request.user).filter(is_primary=False, **state).select_related("user")
    return get_object_or_404(colleagues, pk=pk)


# --- « Bénéficiaires » -----------------------------------------------------------------------------------------------
@require_safe
@manager_required
def beneficiaries(request):
    """« Bénéficiaires » (S0-44): in alphabetical order, searched by name or number, current or archived."""
    words, archived = request.GET.get("q", "").split(), "archives" in request.GET
    rows = Beneficiary.objects.of(request.user).found(words)
    counts = rows.aggregate(current=Count("pk", filter=Q(archived_at=None)), archived=Count("archived_at"))
    page = Paginator(rows.filter(archived_at__isnull=not archived), A_PAGE).get_page(request.GET.get("page"))
    context = {"page": page, "counts": counts, "archived": archived, "q": " ".join(words)}
    return render(request, "cesu/beneficiaries.html", context)


@manager_required
def beneficiary_add(request):
    """« Ajouter un bénéficiaire » … « Terminer » (S0-45…S0-48)."""
    form = BeneficiaryForm(request.POST or None)
    key = request.POST.get("once_key") or make_key(request.user.owner, people.ADDING)
    if request.method == "POST" and form.is_valid():
        said = {"person": form.person(), "twin": form.cleaned_data["twin"], "key": key}
        if told_on(form, people.add_beneficiary, by=request.user, **said):
            messages.success(request, "Le nouveau bénéficiaire a bien été créé. Vous pouvez lui commander des CESU.")
            return redirect("cesu:beneficiaries")
    return render(request, "cesu/beneficiary.html", {"form": form, "once_key": key, "beneficiary": None})


@manager_required
def beneficiary_edit(request, pk):
    """Correct what is known of a beneficiary."""
    beneficiary = get_object_or_404(Beneficiary.objects.of(request.user), pk=pk)
    form = BeneficiaryForm(request.POST or None, beneficiary=beneficiary)
    if request.method == "POST" and form.is_valid():
        said = {"beneficiary": beneficiary, "person": form.person(), "twin": form.cleaned_data["twin"]}
        if told_on(form, people.update_beneficiary, by=request.user, **said):
            messages.success(request, "Les informations sont enregistrées.")
            return redirect("cesu:beneficiaries")
    key = make_key(request.user.owner, people.archiving(beneficiary))
    context = {"form": form, "once_key": key, "beneficiary": beneficiary, "years": years_of(beneficiary)}
    return render(request, "cesu/beneficiary.html", context)


@manager_required
def beneficiary_archive(request, pk):
    """Order no more for somebody, confirmed on a page of its own."""
    beneficiary = get_object_or_404(Beneficiary.objects.of(request.user), pk=pk)
    if request.method == "POST":
        people.archive(by=request.user, beneficiary=beneficiary, key=request.POST.get("once_key", ""))
        messages.success(request, f"{beneficiary} est archivé : son historique reste.")
        return redirect("cesu:beneficiaries")
    key = make_key(request.user.owner, people.archiving(beneficiary))
    return render(request, "cesu/beneficiary_archive.html", {"beneficiary": beneficiary, "once_key": key})


@require_POST
@manager_required
def beneficiary_restore(request, pk):
    """Bring an archived beneficiary back."""
    beneficiary = get_object_or_404(Beneficiary.objects.of(request.user), pk=pk)
    try:
        people.restore(by=request.user, beneficiary=beneficiary, key=request.POST.get("once_key", ""))
        messages.success(request, f"{beneficiary} figure de nouveau parmi vos bénéficiaires.")
    except NumberTaken as refusal:
        messages.error(request, refusal.sentence)
    return redirect("cesu:beneficiary_edit", pk=pk)


# --- Import ----------------------------------------------------------------------------------------------------------
@manager_required
def beneficiary_import(request):
    """Read a file and say line by line what it would change, or what is wrong; nothing is written yet."""
    form, context = FileForm(request.POST or None, request.FILES or None), {}
    if request.method == "POST" and form.is_valid():
        try:
            context = _preview(request, read_people(form.cleaned_data["file"].read(), request.employer))
        except Refusal as refusal:
            form.add_error("file", refusal.sentences)
    return render(request, "cesu/beneficiary_import.html", {"sheet": None} | context | {"form": form})


def _preview(request, sheet) -> dict:
    preview = {"sheet": sheet, "shown": sheet.lines[:SHOWN], "faults": sheet.faults[:SHOWN]}
    if not sheet.faults:
        people_read = [frozen(line.person) for line in sheet.lines]
        preview["people"] = signing.dumps([request.employer.pk, people_read], salt=people.IMPORT, compress=True)
        preview["once_key"] = make_key(request.user.owner, people.IMPORT, str(sheet.new))
    return preview


@require_POST
@manager_required
def beneficiary_import_confirm(request):
    """Write what the preview showed, all or nothing."""
    try:
        employer, read = signing.loads(request.POST.get("people", ""), salt=people.IMPORT, max_age=MAX_AGE)
        if employer != request.employer.pk:
            raise StalePage
        said = {"people": [thawed(person) for person in read], "key": request.POST.get("once_key", "")}
        done = people.import_beneficiaries(by=request.user, **said)
    except signing.BadSignature:
        raise StalePage from None
    except (ChangedMeanwhile, WrongBeneficiary, NumberTaken) as refusal:
        messages.error(request, str(refusal))
        return redirect("cesu:beneficiary_import")
    plural = "s" if done.created > 1 else ""
    told = f"{done.created} bénéficiaire{plural} créé{plural}, {done.updated} mis à jour."
    messages.success(request, f"Le fichier est enregistré : {told}")
    return redirect("cesu:beneficiaries")


@require_safe
@manager_required
def beneficiary_import_model(request):
    """An example of the file to fill in."""
    return csv_response("beneficiaires.csv", [MODEL, *(row.split(";") for row in EXAMPLE)])
