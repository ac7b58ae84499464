"""Agents look up the children of their services: health, contacts and consents; each reading is written down first."""

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from accounts.models import User
from common.admin import CommunesAdmin, ReadOnly
from common.values.dates import date_short
from families.actions.alerts import alerts, content_of
from families.actions.health import log_reading
from families.admin.asked import AskedByFamily
from families.models import HealthFile, HealthSheet, MemberConsent, Membership


@admin.register(HealthFile)
class HealthFileAdmin(AskedByFamily, ReadOnly, CommunesAdmin):
    """A list of names only; nothing of health is listed or searched. An export has diets and alerts: a reading of each."""

    extra_columns = ["Santé et régimes"]

    list_display = ["last_name", "first_name", "born"]
    list_display_links = ["last_name", "first_name"]
    list_per_page = 50
    family_path, member_path = "memberships__family", "pk"

    def extra_cells(self, request, rows):
        words = alerts(rows, by=request.user, purpose="export de la liste « Santé et contacts »")
        return {pk: [", ".join(each)] for pk, each in words.items()}

    def has_view_permission(self, request, obj=None):
        return request.user.has_perm("families.view_healthfile")

    def get_queryset(self, request):
        """All children of the agent's services for who runs them; for who only looks after children, those of the day."""
        rows = super().get_queryset(request)
        if request.user.has_perm("reservations.change_activity"):
            return rows
        today = {"bookings__status": "booked", "bookings__session__date": timezone.localdate()}
        return rows.filter(**today).distinct()

    def has_module_permission(self, request):
        return self.has_view_permission(request)

    @admin.display(description="date de naissance", ordering="birth_date")
    def born(self, child):
        return date_short(child.birth_date)

    def change_view(self, request, object_id, form_url="", extra_context=None):
        """Contacts and consents; the health sheet too once the agent asks for it with a button, which is written down."""
        child = self.get_object(request, object_id)
        if request.method not in ("GET", "HEAD", "POST") or not self.has_view_permission(request, child):
            raise PermissionDenied
        answers = MemberConsent.objects.filter(member=child.pk).standing().select_related("by")
        standing = {row.kind: row for row in answers}
        context = {
            "child": child,
            "contacts": child.contacts.all(),
            "consents": [(kind, standing.get(kind)) for kind in MemberConsent.Kind],
            "parents": _parents(child),
            "is_read": request.method == "POST",
        }
        if context["is_read"]:
            context |= _read(request.user, child)
        return self.page(request, "families/health", f"Santé et contacts de {child}", **context)


def _read(agent: User, child: HealthFile) -> dict:
    log_reading(agent, [child.pk], "fiche santé")
    sheet = HealthSheet.objects.filter(member=child.pk).select_related("updated_by").first()
    return {"sheet": sheet, "content": content_of(sheet)}


def _parents(child: HealthFile) -> list:
    """The adults of the child's families, to be called first."""
    families = Membership.objects.filter(member=child.pk, withdrawn_at=None).prefetch_related("family__guardians__user")
    return [guardian.user for each in families for guardian in each.family.guardians.all()]
