"""« Calendriers scolaires »: what no package publishes, entered whole from its order by who manages the portal."""

from django.contrib import admin, messages

from common.admin import ManagersOnly, OwnChoices, RefusableAdmin, RowForm
from reservations.actions.calendars import refresh_zone
from reservations.models import SchoolCalendar, SchoolHoliday


class SchoolHolidayRows(OwnChoices, admin.TabularInline):
    model = SchoolHoliday
    form = RowForm
    extra = 6


@admin.register(SchoolCalendar)
class SchoolCalendarAdmin(ManagersOnly, OwnChoices, RefusableAdmin):
    """Saving brings the days of the activities of its communes up to date; days that are booked stay, which is told."""

    list_display = ["__str__", "source", "by", "at"]
    list_filter = ["zone"]
    inlines = [SchoolHolidayRows]
    has_add_permission = ManagersOnly._is_manager

    def has_delete_permission(self, request, obj=None):
        return False

    def save_model(self, request, obj, form, change):
        obj.by = request.user
        super().save_model(request, obj, form, change)

    def save_related(self, request, form, formsets, change):
        super().save_related(request, form, formsets, change)
        done = refresh_zone(form.instance.zone)
        messages.success(request, f"Journées nouvelles : {done['made']}, retirées : {done['dropped']}.")
        if done["kept"]:
            kept = f"{done['kept']} journée(s) réservée(s) ne sont plus ouvertes par les règles"
            messages.warning(request, f"{kept} : fermez-les pour que les familles soient prévenues.")
