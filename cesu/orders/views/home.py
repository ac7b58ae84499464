"""The public page of the CESU; the employers' home, « Documents utiles » and « Besoin d’aide »."""

from allauth.decorators import rate_limit
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from cesu.access import manager_required
from cesu.models import SpaceNews, UsefulDocument, VoucherOrder, issuer
from cesu.orders.actions.documents import read_useful_document
from cesu.orders.actions.help import ASKING, ask_help
from cesu.orders.forms.login import HelpForm
from common.documents.kinds import Kind
from common.documents.labels import clean_label
from common.documents.serving import document_response
from common.writing.once import make_key

NEWS = 6  # shown at most
TONES = {SpaceNews.Kind.VINTAGE: "ok", SpaceNews.Kind.REGULATION: "warn", SpaceNews.Kind.OPTIONS: "info"}


@require_safe
@login_not_required
def welcome(request):
    """The public page, with its part « Espace Commandes » (S0-8)."""
    return render(request, "cesu/welcome.html")


@require_safe
@manager_required
def home(request):
    """The home of the space: the order going on, the last one placed, the news of the CESU (S0-63)."""
    orders = VoucherOrder.objects
    shown = SpaceNews.objects.shown(timezone.localdate())[:NEWS]
    news = [(item, TONES[item.kind]) for item in shown]
    context = {
        "employer": request.employer,
        "draft": orders.draft_of(request.user).first(),
        "last": orders.of(request.user).placed().first(),
        "news": news,
    }
    return render(request, "cesu/home.html", context)


@require_safe
@manager_required
def documents(request):
    """« Documents utiles »: all that is needed to manage the CESU (S0-68)."""
    return render(request, "cesu/documents.html", {"documents": UsefulDocument.objects.offered()})


@require_safe
@manager_required
def document(request, pk):
    """One of them, as a download."""
    found = get_object_or_404(UsefulDocument.objects.offered(), pk=pk)
    return document_response(read_useful_document(found), clean_label(found.title, Kind.PDF), Kind.PDF)


@manager_required
@rate_limit(action="contact")
def help(request):
    """« Besoin d’aide »: how to call the Service Clients, and a form that reaches it (S0-77, S0-78)."""
    form = HelpForm(request.POST or None, initial={"phone": request.user.phone})
    key = request.POST.get("once_key") or make_key(request.user.owner, ASKING)
    if request.method == "POST" and form.is_valid():
        ask_help(user=request.user, employer=request.employer, key=key, **form.cleaned_data)
        messages.success(request, "Votre message est envoyé. La réponse arrivera à votre adresse e-mail.")
        return redirect("cesu:help")
    dialled = "".join(sign for sign in issuer().phone if sign.isdecimal() or sign == "+")
    context = {"form": form, "once_key": key, "issuer": issuer(), "dialled": dialled}
    return render(request, "cesu/help.html", context)
