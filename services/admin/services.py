"""The services of the agent's communes and the situations that drive their tariffs."""

from django import forms
from django.contrib import admin
from django.db.models import Count

from accounts.models import Agent
from common.admin import CommunesAdmin, RowForm
from services.admin.pieces import RequiredDocumentRows
from services.models import Audience, Service


class AudienceRows(admin.TabularInline):
    model, form, extra = Audience, RowForm, 1


class ServiceForm(forms.ModelForm):
    """A service stays in its commune: once created, that field is only shown. Its agents are of that commune."""

    class Meta:
        widgets = {"agents": forms.CheckboxSelectMultiple}

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if self.instance.pk and "commune" in self.fields:
            self.fields["commune"].disabled = True
        if "agents" in self.fields:
            of_commune = Agent.objects.filter(is_staff=True, is_active=True, communes=self.instance.commune)
            self.fields["agents"].queryset = of_commune


@admin.register(Service)
class ServiceAdmin(CommunesAdmin):
    """A service is closed to families, never deleted."""

    form = ServiceForm
    list_display = ["name", "commune", "situations", "access", "is_open"]
    list_filter = ["is_open", ("commune", admin.RelatedOnlyFieldListFilter)]
    list_select_related = ["commune"]
    ordering = ["commune__name", "name"]
    search_fields = ["name", "commune__name"]
    search_help_text = "Nom du service ou de la commune"
    fields = ["commune", "name", "description", "email", "access", "credit_to_all", "is_open"]
    inlines = [AudienceRows, RequiredDocumentRows]

    def get_queryset(self, request):
        return super().get_queryset(request).annotate(number=Count("audiences", distinct=True))

    def get_fields(self, request, obj=None):
        """Who decides for a service is the managers' matter, once it has a commune."""
        return [*self.fields, "agents"] if obj and request.user.is_superuser else self.fields

    @admin.display(description="situations", ordering="number")
    def situations(self, service):
        return service.number
