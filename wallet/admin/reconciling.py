"""« Rapprochement Stripe »: what differs between the portal and Stripe, why, and one button that mends what it can."""

from urllib.parse import urlencode

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponseNotAllowed
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse

from wallet.actions.reconciling import reconciliation, resume
from wallet.forms.reconciling import SpanForm
from wallet.gateways import stripe as gateway

SILENT = "Stripe ne répond pas pour le moment. Rien n’a changé : réessayez dans quelques minutes."
OFF = "Le paiement par carte n’est pas en service sur ce portail : il n’y a rien à rapprocher."


def stripe_page(request):
    """Compare some days with Stripe; nothing is written."""
    require_manager(request)
    form, found, notice = SpanForm(request.GET), None, "" if gateway.is_set_up() else OFF
    if form.is_valid() and not notice:
        try:
            found = reconciliation(*form.span)
        except gateway.CardsUnavailable:
            notice = SILENT
    context = {"title": "Rapprochement Stripe", "form": form, "found": found, "notice": notice}
    context["span"] = form.span if form.is_valid() else ()
    return TemplateResponse(request, "admin/wallet/reconciling.html", admin.site.each_context(request) | context)


def stripe_resume(request):
    """« Reprendre ces paiements »: ask Stripe again for each that differs, and book what it says, once."""
    require_manager(request)
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    form = SpanForm(request.POST)
    if not form.is_valid():
        return redirect("admin:accounting_stripe")
    try:
        _tell(request, *resume(*form.span))
    except gateway.CardsUnavailable:
        messages.error(request, SILENT)
    first, last = form.span
    return redirect(f"{reverse('admin:accounting_stripe')}?{urlencode({'du': first, 'au': last})}")


def _tell(request, taken: int, failed: int) -> None:
    done = taken - failed
    plural = "s" if done > 1 else ""
    if done:
        messages.success(request, f"{done} paiement{plural} repris : la page ci-dessous montre ce qui reste.")
    if failed:
        messages.error(request, f"Sans succès pour {failed} : le détail est dans le journal du serveur.")
    if not taken:
        messages.info(request, "Rien n’était à reprendre.")


def require_manager(request) -> None:
    """Refuse who does not manage the portal: the page names every family."""
    if not request.user.is_superuser:
        raise PermissionDenied


def pages() -> list:
    """The addresses of these pages; the site of the agents lets only agents in."""
    return [
        path("comptabilite/stripe/", stripe_page, name="accounting_stripe"),
        path("comptabilite/stripe/reprendre/", stripe_resume, name="accounting_stripe_resume"),
    ]
