"""An order file into the table: read and told line by line, then written whole."""

from django.contrib import messages
from django.core import signing
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cesu.access import manager_required
from cesu.models import VoucherOrder
from cesu.orders.actions.drafts import IMPORT, import_lines
from cesu.orders.forms.people import FileForm
from cesu.orders.sheets.orders import EXAMPLE, MODEL, read_order
from cesu.rules.orders import ChangedSince, NoDraft
from common.files.sheets import csv_response
from common.refusals import Refusal, StalePage
from common.writing.once import MAX_AGE, make_key

SHOWN = 100  # lines and faults on the page


@require_http_methods(["GET", "HEAD", "POST"])
@manager_required
def order_import(request):
    """Read a file and show what it would order, or what is wrong; nothing is written yet."""
    if not VoucherOrder.objects.draft_of(request.user).exists():
        return redirect("cesu:orders")
    request.tab = "/cesu/commandes/"
    form, context = FileForm(request.POST or None, request.FILES or None), {"sheet": None}
    if request.method == "POST" and form.is_valid():
        try:
            context = _preview(request, read_order(form.cleaned_data["file"].read(), request.employer))
        except Refusal as refusal:
            form.add_error("file", refusal.sentences)
    return render(request, "cesu/order_import.html", context | {"form": form})


def _preview(request, sheet) -> dict:
    preview = {"sheet": sheet, "shown": sheet.lines[:SHOWN], "faults": sheet.faults[:SHOWN]}
    if not sheet.faults:
        read = [line.frozen() for line in sheet.lines]
        preview["lines"] = signing.dumps([request.user.pk, read], salt=IMPORT, compress=True)
        preview["once_key"] = make_key(request.user.owner, IMPORT)
    return preview


@require_POST
@manager_required
def order_import_confirm(request):
    """Write what the preview showed, all or nothing."""
    try:
        owner, lines = signing.loads(request.POST.get("lines", ""), salt=IMPORT, max_age=MAX_AGE)
        if owner != request.user.pk:
            raise StalePage
        done = import_lines(user=request.user, lines=lines, key=request.POST.get("once_key", ""))
    except signing.BadSignature:
        raise StalePage from None
    except (ChangedSince, NoDraft) as refusal:
        messages.error(request, refusal.sentence)
        return redirect("cesu:order_import")
    many = done["lines"] > 1
    messages.success(
        request, f"{done['lines']} ligne{'s' * many} du fichier {'sont' if many else 'est'} dans le tableau."
    )
    return redirect("cesu:table")


@require_safe
@manager_required
def order_import_model(request):
    """An example of the file to fill in."""
    return csv_response("commande.csv", [MODEL, EXAMPLE])
