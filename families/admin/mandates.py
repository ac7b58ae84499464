"""Agents see the SEPA mandates of their families, and end one when a family asks."""

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.shortcuts import get_object_or_404, redirect
from django.urls import path
from django.views.decorators.http import require_http_methods

from common.admin import CommunesAdmin, ReadOnly
from common.refusals import told_to_agent
from common.values.dates import date_short
from common.writing.once import make_key
from families.actions.mandates import end_mandate
from families.admin.asked import AskedByFamily
from families.models import SepaMandate


class StateFilter(admin.SimpleListFilter):
    """Mandates that stand, or that have ended."""

    title = "état"
    parameter_name = "etat"

    def lookups(self, request, model_admin):
        return [("en-cours", "En cours"), ("fini", "Terminé")]

    def queryset(self, request, queryset):
        chosen = {"en-cours": queryset.standing(), "fini": queryset.exclude(ended_at=None)}
        return chosen.get(self.value(), queryset)


class EndForm(forms.Form):
    """Why a mandate ends."""

    note = forms.CharField(label="Motif", max_length=140, initial="À la demande de la famille")


@admin.register(SepaMandate)
class SepaMandateAdmin(AskedByFamily, ReadOnly, CommunesAdmin):
    """A mandate opens when its signed paper is validated, not here."""

    list_display = ["rum", "family", "account", "holder", "signed_on", "state"]
    list_filter = [StateFilter]
    list_select_related = ["family"]
    search_fields = ["rum", "holder"]
    search_help_text = "Nom, téléphone, e-mail ou référence de la famille, du mandat, ou titulaire du compte"
    fields = ["rum", "family", "account", "holder", "signed_on", "created_at", "state", "end_note"]
    change_form_template = "admin/families/mandate.html"

    def get_urls(self):
        end = require_http_methods(["GET", "HEAD", "POST"])(self.end_view)
        own = path("<id:pk>/arreter/", self.admin_site.admin_view(end), name="families_sepamandate_arreter")
        return [own, *super().get_urls()]

    @admin.display(description="compte")
    def account(self, mandate):
        return mandate.masked_iban

    @admin.display(description="état", ordering="ended_at")
    def state(self, mandate):
        return f"Terminé le {date_short(mandate.ended_at)}" if mandate.ended_at else "En cours"

    def end_view(self, request, pk):
        """End a mandate; the family is told."""
        if not request.user.has_perm("families.change_sepamandate"):
            raise PermissionDenied
        mandate = get_object_or_404(self.get_queryset(request), pk=pk)
        form = EndForm(request.POST or None)
        if form.is_valid() and told_to_agent(request, form, end_mandate, mandate=mandate, **form.cleaned_data):
            self.log_change(request, mandate, "Mandat arrêté")
            messages.success(request, "Le mandat est arrêté et la famille prévenue.")
            return redirect("admin:families_sepamandate_change", mandate.pk)
        key = make_key(request.user.owner, f"end-mandate:{mandate.pk}")
        title = f"Arrêter le mandat {mandate}"
        return self.page(request, "families/end_mandate", title, form=form, mandate=mandate, once_key=key)
