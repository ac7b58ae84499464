"""« Changements d’identité »: what families ask, before and after, and the decision of an agent of the service."""

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.shortcuts import get_object_or_404, redirect
from django.urls import path
from django.views.decorators.http import require_http_methods

from common.admin import CommunesAdmin, ReadOnly
from common.refusals import told_to_agent
from common.writing.once import make_key
from families.actions.identity import decide_identity, decision_purpose
from families.admin.asked import AskedByFamily
from families.models import IdentityChange

MAX_REASON = 1000


class DecisionForm(forms.Form):
    """Accepted or not; a refusal is explained."""

    accept = forms.TypedChoiceField(
        label="Décision",
        choices=[("oui", "Accepter ce changement"), ("non", "Refuser ce changement")],
        coerce=lambda word: word == "oui",
        widget=forms.RadioSelect,
    )
    reason = forms.CharField(
        label="Motif du refus, tel que la famille le lira",
        max_length=MAX_REASON,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


@admin.register(IdentityChange)
class IdentityChangeAdmin(AskedByFamily, ReadOnly, CommunesAdmin):
    """Of the people whom a service of the agent let in."""

    list_display = ["before", "after", "family", "asked_at", "status"]
    list_filter = ["status"]
    list_select_related = ["family"]
    ordering = ["-asked_at", "-pk"]
    member_path = "member"
    search_fields = ["old_last_name", "old_first_name", "last_name", "first_name"]
    fields = ["before", "after", "family", "by", "asked_at", "status", "decided_at", "decided_by", "reason"]
    change_form_template = "admin/families/identity_change.html"

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("family", "member", "by", "decided_by")

    def get_urls(self):
        decide = require_http_methods(["GET", "HEAD", "POST"])(self.decision)
        own = path("<id:pk>/decider/", self.admin_site.admin_view(decide), name="families_identitychange_decision")
        return [own, *super().get_urls()]

    @admin.display(description="avant")
    def before(self, change):
        return change.old

    @admin.display(description="demandé")
    def after(self, change):
        return change.new

    def decision(self, request, pk):
        """Accept or refuse; the family is told, and nothing changed before."""
        if not request.user.has_perm("families.change_identitychange"):
            raise PermissionDenied
        change = get_object_or_404(self.get_queryset(request), pk=pk)
        form = DecisionForm(request.POST or None)
        if form.is_valid() and told_to_agent(request, form, decide_identity, change=change, **form.cleaned_data):
            self.log_change(request, change, "Changement d’identité décidé")
            messages.success(request, "C’est décidé, et la famille est prévenue.")
            return redirect("admin:families_identitychange_change", change.pk)
        key = request.POST.get("once_key") or make_key(request.user.owner, decision_purpose(change))
        context = {"form": form, "change": change, "once_key": key}
        return self.page(request, "families/identity_decide", "Décider d’un changement d’identité", **context)
