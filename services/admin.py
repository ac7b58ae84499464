"""The services of the agent's communes and the situations that drive their tariffs."""

from django import forms
from django.contrib import admin
from django.db.models import Count

from portal.lib.admin import CommunesAdmin, RowForm
from services.models import Audience, Service


class AudienceRows(admin.TabularInline):
    model, form, extra = Audience, RowForm, 1


class ServiceForm(forms.ModelForm):
    """A service stays in its commune: once created, that field is only shown."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if self.instance.pk and "commune" in self.fields:
            self.fields["commune"].disabled = True


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
    fields = ["commune", "name", "description", "access", "is_open"]
    inlines = [AudienceRows]

    def get_queryset(self, request):
        return super().get_queryset(request).annotate(number=Count("audiences", distinct=True))

    @admin.display(description="situations", ordering="number")
    def situations(self, service):
        return service.number
