"""« Espace Commandes »: the order being filled, its summary, the orders placed."""

from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from cesu.access import manager_required
from cesu.actions.drafts import abandon_draft, add_line, recall_last, remove_line, save_draft, start_draft
from cesu.drafts import totals_of
from cesu.models import VoucherLine, VoucherOrder
from cesu.order_table import OrderTable
from portal.lib.refusals import Refusal

LAST = 5  # orders on the first page
READ = ["GET", "HEAD", "POST"]


@require_http_methods(READ)
@manager_required
def orders(request):
    """« Commandes »: « Commander », the draft going on, the last orders."""
    if request.method == "POST":
        return _begin_or_abandon(request)
    draft = VoucherOrder.objects.draft_of(request.user).first()
    placed = VoucherOrder.objects.of(request.user).placed().select_related("by")[:LAST]
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
    text = data.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None
