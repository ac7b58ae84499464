"""« Profil gestionnaire » and « Données financeur »: the managers of an employer, then its beneficiaries."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from cesu.access import manager_required
from cesu.actions import managers
from cesu.forms_access import PersonForm
from cesu.models import Manager
from portal.lib.once import make_key
from portal.lib.refusals import told_on


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
    manager = _colleague(request, pk)
    managers.resend_link(by=request.user, manager=manager, key=request.POST.get("once_key", ""))
    messages.success(request, f"Un nouveau lien est parti à {manager.email}.")
    return redirect("cesu:profile")


def _colleague(request, pk) -> Manager:
    """A secondary manager of the primary manager who asks, removed or not: a second click finds them too."""
    get_object_or_404(Manager, user=request.user, is_primary=True)
    return get_object_or_404(Manager.objects.of(request.user).filter(is_primary=False).select_related("user"), pk=pk)
