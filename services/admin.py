"""The services of the agent's communes and the situations that drive their tariffs."""

from django.contrib import admin
from django.db.models import Count

from portal.lib.admin import CommunesAdmin
from services.models import Audience, Service


class AudienceRows(admin.TabularInline):
    model = Audience
    extra = 1


@admin.register(Service)
class ServiceAdmin(CommunesAdmin):
    """A service is closed to families, never deleted; it stays in its commune."""

    commune_path = "commune"
    list_display = ["name", "commune", "situations", "is_open"]
    list_filter = ["is_open", ("commune", admin.RelatedOnlyFieldListFilter)]
    list_select_related = ["commune"]
    search_fields = ["name", "commune__name"]
    search_help_text = "Nom du service ou de la commune"
    fields = ["commune", "name", "description", "is_open"]
    inlines = [AudienceRows]

    def get_queryset(self, request):
        return super().get_queryset(request).annotate(number=Count("audiences"))

    def get_readonly_fields(self, request, obj=None):
        return ["commune"] if obj else []

    @admin.display(description="situations", ordering="number")
    def situations(self, service):
        return service.number
