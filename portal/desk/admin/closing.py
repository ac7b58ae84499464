"""« Fermer ce compte »: what the family leaves behind is said, its money decided upon, then all is settled at once."""

from django import forms
from django.contrib import admin, messages
from django.shortcuts import redirect

from accounts.models import User
from accounts.standing import standing_of
from common.refusals import Refusal
from portal.desk.actions.closing import close_account
from portal.desk.reads.closing import leaving_of

KEEP = "Je garde ces sommes au compte de la famille : elles ne sont ni remboursées ni encaissées."


class ClosingForm(forms.Form):
    """The decision about what is left or owed; without it a wallet that is not at zero prevents the closing."""

    keep_money = forms.BooleanField(label=KEEP, required=False)


def close_view(request, pk):
    """Say, settle and close; a refusal comes back with its sentences and nothing changed."""
    table = admin.site.get_model_admin(User)
    user, form = table.person(request, pk), ClosingForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            if close_account(agent=request.user, user=user, keep_money=form.cleaned_data["keep_money"]):
                table.log_change(request, user, _note(form.cleaned_data["keep_money"]))
            messages.success(request, f"Compte fermé : {user}.")
            return redirect("admin:accounts_user_changelist")
        except Refusal as refusal:
            form.add_error(None, refusal.sentences)
    context = {"form": form, "user_shown": user, "standing": standing_of(user), "leaving": leaving_of(user)}
    return table.page(request, "accounts/close", "Fermer ce compte", **context)


def _note(keep_money: bool) -> str:
    return "Compte fermé, sommes gardées au compte de la famille" if keep_money else "Compte fermé"
