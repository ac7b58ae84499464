"""« Espace Commandes »: the order being filled, its summary, the orders placed."""

from urllib.parse import urlencode

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from cesu.access import manager_required
from cesu.models import VoucherLine, VoucherOrder, issuer
from cesu.orders.actions.drafts import abandon_draft, add_line, recall_last, remove_line, save_draft, start_draft
from cesu.orders.actions.orders import PURPOSE, place_order
from cesu.orders.forms.order_table import OrderTable
from cesu.orders.forms.orders import PlaceForm
from cesu.orders.reads.drafts import lines_of, page_of, totals_of
from cesu.orders.reads.recaps import Recap, groups_of, steps_of
from cesu.rules.orders import NothingOrdered
from common.addresses import read_id
from common.refusals import Refusal, told_on
from common.writing.once import make_key
from wallet.actions import balance

LAST = 5  # orders on the first page
ORDERS_A_PAGE = 20
READ = ["GET", "HEAD", "POST"]


@require_http_methods(READ)
@manager_required
def orders(request):
    """« Commandes »: « Commander », the draft going on, the last orders."""
    if request.method == "POST":
        return _begin_or_abandon(request)
    draft = VoucherOrder.objects.draft_of(request.user).first()
    placed = VoucherOrder.objects.of(request.user).placed().select_related("by", "transport")[:LAST]
    context = {"draft": draft, "totals": draft and totals_of(draft), "orders": placed}
    return render(request, "cesu/orders.html", context)


def _begin_or_abandon(request):
    if "abandonner" in request.POST:
        abandon_draft(user=request.user)
        messages.success(request, "Le brouillon est abandonné.")
        return redirect("cesu:orders")
    start_draft(user=request.user)
    return redirect("cesu:table")


@require_http_methods(READ)
@manager_required
def table(request):
    """« tableau de commande »: every move saves what was typed; what is wrong is shown again, and nothing else moves."""
    draft = VoucherOrder.objects.draft_of(request.user).select_related("transport").first()
    if draft is None:
        return redirect("cesu:orders")
    if request.method == "POST":
        return _save_and_move(request, draft)
    return _show(request, OrderTable(draft, request.GET.get("page", "1"), request.GET.get("q", "")[:80]))


def _show(request, shown):
    live = request.htmx and request.htmx.target == "total"
    return render(request, "cesu/_order_live.html" if live else "cesu/table.html", {"table": shown})


def _save_and_move(request, draft):
    data = request.POST
    shown = OrderTable(draft, data.get("page", "1"), data.get("q_affiche", "")[:80], data)
    save_draft(user=request.user, lines=shown.to_write(), delivery=shown.delivery.chosen())
    if "rappeler" in data:
        return _recall(request)
    leaving = _pk(data, "retirer")
    right = shown.check_complete() if "suivant" in data else shown.check(but=leaving)
    if request.htmx or not right:
        return _show(request, shown)
    return _move(request, shown, leaving)


def _recall(request):
    if recall_last(user=request.user):
        messages.success(request, "Votre dernière commande est reprise. Modifiez-la si besoin.")
    else:
        messages.info(request, "Vous n’avez pas encore passé de commande.")
    return redirect("cesu:table")


def _move(request, shown, leaving):
    """Where the button leads, once all is saved."""
    data, place = request.POST, "total"
    if "suivant" in data:
        return redirect("cesu:recap")
    try:
        if leaving:
            remove_line(user=request.user, pk=leaving)
            place = "tableau"
        elif pk := _pk(data, "ajouter"):
            place = f"ligne-{add_line(user=request.user, pk=pk).pk}"
    except VoucherLine.DoesNotExist:
        raise Http404 from None
    except Refusal as refusal:
        messages.warning(request, refusal.sentences[0])
    words, number = data.get("q", "")[:80].strip(), shown.number
    if words != shown.words or "aller" in data:
        number, place = data.get("aller", "1") if words == shown.words else "1", "tableau"
    query = urlencode({"page": number} | ({"q": words} if words else {}))
    return redirect(f"{reverse('cesu:table')}?{query}#{place}")


def _pk(data, name):
    return read_id(data.get(name, ""))


@require_http_methods(READ)
@manager_required
def recap(request):
    """« récapitulatif »: what will be placed, its price and the terms of sale; « Valider la commande »."""
    draft = VoucherOrder.objects.draft_of(request.user).select_related("transport", "employer").first()
    if draft is None:
        return _without_draft(request)
    shown = Recap(draft, timezone.localdate())
    form = PlaceForm(request.POST or None)
    if request.method == "POST" and form.is_valid() and (placed := _place(request, form)):
        return _tell_placed(request, placed["order"])
    reasons = shown.reasons() if shown.totals.cents else [NothingOrdered.sentence]
    if reasons and request.method != "POST":
        for reason in reasons:
            messages.warning(request, reason)
        return redirect("cesu:table")
    context = {
        "recap": shown,
        "form": form,
        "lines": page_of(lines_of(draft).asked(), request.GET.get("page", "1")),
        "once_key": make_key(request.user.owner, PURPOSE, shown.detail()),
    }
    return render(request, "cesu/recap.html", context)


def _without_draft(request):
    """Back to the orders, unless a second click asks for the first one's answer."""
    if request.method == "POST" and (placed := _place(request, PlaceForm(request.POST))):
        return _tell_placed(request, placed["order"])
    return redirect("cesu:orders")


def _place(request, form) -> dict | None:
    said = {"means": request.POST.get("means", ""), "terms_version": request.POST.get("terms", "")}
    return told_on(form, place_order, user=request.user, key=request.POST.get("once_key", ""), **said)


def _tell_placed(request, number):
    messages.success(
        request,
        "Votre commande est enregistrée. Vous recevrez dans quelques minutes un e-mail vous confirmant la prise en "
        "charge de votre commande.",
    )
    by_card = VoucherOrder.objects.of(request.user).get(number=number).means == VoucherOrder.Means.CARD
    return redirect("cesu:pay" if by_card else "cesu:order", number)


@require_safe
@manager_required
def history(request):
    """« Historique des commandes »: all orders of the employer, whoever placed them."""
    placed = VoucherOrder.objects.of(request.user).placed().select_related("by", "transport")
    page = Paginator(placed, ORDERS_A_PAGE).get_page(request.GET.get("page"))
    return render(request, "cesu/history.html", {"page": page})


@require_safe
@manager_required
def order(request, number):
    """An order placed: how far it is, what it holds, what it costs, how to pay or to have it changed."""
    request.tab = reverse("cesu:history")
    placed = VoucherOrder.objects.of(request.user).placed()
    found = get_object_or_404(
        placed.select_related("by", "transport", "invoice", "terms", "employer__account"), number=number
    )
    context = {
        "order": found,
        "steps": steps_of(found),
        "groups": groups_of(found),
        "totals": totals_of(found),
        "lines": page_of(lines_of(found), request.GET.get("page", "1")),
        "issuer": issuer(),
        "owed": max(0, -balance(found.employer.account)),
    }
    return render(request, "cesu/order.html", context)
