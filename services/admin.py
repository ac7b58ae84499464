"""The services of the agent's communes and the situations that drive their tariffs."""

from django.contrib import admin
from django.db.models import Count

from portal.lib.admin import CommunesAdmin, RowForm
from services.models import Audience, Service


class AudienceRows(admin.TabularInline):
    model, form, extra = Audience, RowForm, 1


@admin.register(Service)
class ServiceAdmin(CommunesAdmin):
    """A service is closed to families, never deleted; it stays in its commune."""

    list_display = ["name", "commune", "situations", "access", "is_open"]
    list_filter = ["is_open", ("commune", admin.RelatedOnlyFieldListFilter)]
    list_select_related = ["commune"]
    search_fields = ["name", "commune__name"]
    search_help_text = "Nom du service ou de la commune"
    fields = ["commune", "name", "description", "access", "is_open"]
    inlines = [AudienceRows]

    def get_queryset(self, request):
        return super().get_queryset(request).annotate(number=Count("audiences", distinct=True))

    def get_readonly_fields(self, request, obj=None):
        return ["commune"] if obj else []

    @admin.display(description="situations", ordering="number")
    def situations(self, service):
        return service.number
