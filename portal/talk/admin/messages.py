"""Agents read what the contact page received for their services, and mark it as handled."""

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.shortcuts import redirect

from common.admin import CommunesAdmin
from portal.models import ContactMessage
from portal.talk.actions.messages import handle_message


class HandledFilter(admin.SimpleListFilter):
    title = "état"
    parameter_name = "etat"

    def lookups(self, request, model_admin):
        return [("a-traiter", "À traiter"), ("traite", "Traité")]

    def queryset(self, request, queryset):
        states = {"a-traiter": queryset.filter(handled_at=None), "traite": queryset.exclude(handled_at=None)}
        return states.get(self.value(), queryset)


@admin.register(ContactMessage)
class ContactMessageAdmin(CommunesAdmin):
    """A message is read on its page, answered by email, then marked; nothing of it is changed."""

    actions = None
    list_display = ["subject", "recipient", "name", "sent_at", "state"]
    list_filter = [HandledFilter]
    list_select_related = ["service__commune", "handled_by"]
    search_fields = ["subject", "name", "email"]
    search_help_text = "Objet, nom ou adresse"

    def has_add_permission(self, request):
        return False

    @admin.display(description="pour", ordering="service__name")
    def recipient(self, message):
        return message.service or "La collectivité"

    @admin.display(description="état", ordering="handled_at")
    def state(self, message):
        return f"Traité par {message.handled_by}" if message.handled_at else "À traiter"

    def change_view(self, request, object_id, form_url="", extra_context=None):
        """The message; a POST marks it as handled, once."""
        message = self.get_object(request, object_id)
        if request.method not in ("GET", "HEAD", "POST") or not self.has_change_permission(request, message):
            raise PermissionDenied
        if request.method == "POST":
            if handle_message(agent=request.user, message=message):
                self.log_change(request, message, "Traité.")
            messages.success(request, "Le message est traité.")
            return redirect("admin:portal_contactmessage_changelist")
        return self.page(request, "portal/message", message.subject, message=message)
