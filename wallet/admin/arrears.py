"""What agents see and decide of families that owe."""

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse

from common.refusals import Refusal
from common.writing.once import make_key
from wallet.actions.arrears import exempt
from wallet.forms.purses import ExemptionForm
from wallet.models import Wallet


class ArrearsFilter(admin.SimpleListFilter):
    """Who owes, whose bookings are suspended, who is exempted."""

    title = "reste dû"
    parameter_name = "reste"

    def lookups(self, request, model_admin):
        return [("du", "Reste dû"), ("suspendue", "Suspendue"), ("dispensee", "Dispensée")]

    def queryset(self, request, queryset):
        found = {
            "du": queryset.filter(account__balance__cents__lt=0),
            "suspendue": queryset.suspended(),
            "dispensee": queryset.filter(never_blocked=True),
        }
        return found.get(self.value(), queryset)


def booking_state(wallet: Wallet) -> str:
    """Whether the family may book on this wallet, in a word."""
    if wallet.is_suspended:
        return "Suspendue"
    return "Dispensée" if wallet.never_blocked else "Permise"


def exemption_view(model_admin, request, wallet_id):
    """Let a family book whatever it owes, or no longer."""
    if not request.user.has_perm("wallet.change_wallet"):
        raise PermissionDenied
    wallet = get_object_or_404(model_admin.get_queryset(request).with_balance(), pk=wallet_id)
    form = ExemptionForm(request.POST or None, initial={"never_blocked": str(int(wallet.never_blocked))})
    back = reverse("admin:wallet_wallet_change", args=[wallet.pk])
    if form.is_valid():
        try:
            never = exempt(agent=request.user, wallet=wallet, key=request.POST.get("once_key", ""), **form.cleaned_data)
        except Refusal as refusal:
            form.add_error(None, refusal.sentences)
        else:
            done = "Dispensée de la suspension." if never else "La règle de la régie s’applique à nouveau."
            model_admin.log_change(request, wallet, done)
            messages.success(request, f"{wallet.family} : {done}")
            return redirect(back)
    key = make_key(request.user.owner, f"exempt:{wallet.pk}")
    context = {"title": f"Reste dû : {wallet}", "form": form, "wallet": wallet, "once_key": key, "back": back}
    context |= {**model_admin.admin_site.each_context(request), "opts": model_admin.opts}
    return TemplateResponse(request, "admin/wallet/exemption.html", context)
