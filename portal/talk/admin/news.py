"""The agents' side of what the portal itself says and hears."""

from django.contrib import admin

from common.admin import CommunesAdmin
from portal.models import News
from portal.talk.admin.menus import KitchenAdmin
from portal.talk.admin.messages import ContactMessageAdmin
from portal.talk.admin.reviews import ReviewAdmin

__all__ = ["ContactMessageAdmin", "KitchenAdmin", "NewsAdmin", "ReviewAdmin"]


@admin.register(News)
class NewsAdmin(CommunesAdmin):
    """News of the agent's communes; who manages the portal also writes to all."""

    list_display = ["title", "place", "shown_from", "shown_until"]
    list_filter = [("commune", admin.RelatedOnlyFieldListFilter)]
    list_select_related = ["commune"]
    search_fields = ["title", "text"]
    search_help_text = "Mots du titre ou du texte"
    fields = ["commune", "title", "text", ("shown_from", "shown_until")]

    @admin.display(description="commune", ordering="commune__name")
    def place(self, news):
        return news.commune or "Toutes"

    def formfield_for_foreignkey(self, db_field, request, **kwargs):
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)
        field.required = not request.user.is_superuser
        return field
