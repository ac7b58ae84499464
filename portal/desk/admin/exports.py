"""Which lists left the portal, for those who manage it."""

from django.contrib import admin

from common.admin import ReadOnly
from portal.models import ListExport


@admin.register(ListExport)
class ListExportAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["at", "by", "table", "asked", "rows", "form"]
    list_filter = ["at"]
    list_select_related = ["by"]
    search_fields = ["by__last_name", "table"]

    def has_view_permission(self, request, obj=None):
        return request.user.is_superuser

    def has_module_permission(self, request):
        return request.user.is_superuser
