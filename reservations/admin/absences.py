"""« Absences signalées »: what families told past the deadline, its proof, and the decision."""

from functools import partial

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpResponseNotAllowed

from common.documents.kinds import kind_of
from common.documents.serving import document_response
from common.values.dates import date_long
from common.values.money import euros
from families.admin.asked import AskedByFamily
from reservations.actions.days.absences import decide_absence, decision_purpose, read_proof
from reservations.forms.absences import DecisionForm
from reservations.models import Absence
from reservations.reads.days.absences import limit_of
from reservations.rules import spoken_deadline
from wallet.admin.decisions import DecisionAdmin


class StateFilter(admin.SimpleListFilter):
    """What waits for an agent, what was decided."""

    title = "état"
    parameter_name = "etat"

    def lookups(self, request, model_admin):
        return [("a-decider", "À décider"), ("accepted", "Recréditée"), ("refused", "Non recréditée")]

    def queryset(self, request, queryset):
        if self.value() == "a-decider":
            return queryset.to_decide()
        return queryset.filter(status=self.value()) if self.value() else queryset


@admin.register(Absence)
class AbsenceAdmin(AskedByFamily, DecisionAdmin):
    list_display = ["day", "child", "activity", "reason", "has_proof", "status"]
    list_filter = [StateFilter, ("booking__session__activity__service", admin.RelatedOnlyFieldListFilter)]
    list_select_related = ["booking__session__activity__service__commune", "booking__member"]
    family_path, member_path = "booking__family", "booking__member"
    fields = ["day", "child", "activity", "price", "reason", "has_proof", "marked", "by", "created_at", "status"]
    change_form_template = "admin/reservations/absence.html"
    pages = {"<id:pk>/decider/": "decision", "<id:pk>/justificatif/": "proof"}

    @admin.display(description="jour", ordering="booking__session__date")
    def day(self, absence):
        return date_long(absence.booking.session.date, absence.booking.session.date)

    @admin.display(description="enfant", ordering="booking__member__last_name")
    def child(self, absence):
        return absence.booking.member

    @admin.display(description="activité")
    def activity(self, absence):
        return absence.booking.session.activity

    @admin.display(description="prix")
    def price(self, absence):
        return euros(absence.booking.cents)

    @admin.display(description="justificatif", boolean=True)
    def has_proof(self, absence):
        return absence.proof is not None

    @admin.display(description="pointage")
    def marked(self, absence):
        marked = getattr(absence.booking, "attendance", None)
        return marked.get_status_display() if marked else "Pas encore pointé"

    def get_fields(self, request, obj=None):
        decided = obj and obj.status != Absence.Status.PENDING
        return [*self.fields, *(["decided_by", "decided_at", "answer"] if decided else [])]

    def change_view(self, request, object_id, form_url="", extra_context=None):
        absence = self.get_object(request, object_id)
        waits = Absence.objects.to_decide().filter(pk=absence.pk).exists()
        return super().change_view(request, object_id, form_url, {"waits": waits} | (extra_context or {}))

    def decision(self, request, pk):
        """Recredit or not; the family is told."""
        self.require(request, "change_absence")
        absence = self.row(request, pk)
        limit = spoken_deadline(limit_of(absence.booking))
        given = "donné" if absence.proof else "non donné"
        return self.decide(
            request,
            f"Absence : {absence.booking.member}",
            DecisionForm(request.POST or None),
            partial(decide_absence, absence=absence),
            purpose=decision_purpose(absence),
            done="C’est décidé, et la famille est prévenue par e-mail.",
            back=self.address("change", pk),
            summary=[
                f"{self.day(absence)}, {self.activity(absence)}, {self.price(absence)}. Motif : {absence.reason}",
                f"Justificatif : {given}, attendu jusqu’au {limit}. Pointage : {self.marked(absence).lower()}.",
            ],
            button="Enregistrer cette décision",
        )

    def proof(self, request, pk):
        """The proof as a download; by POST, since each reading is written down."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not request.user.has_perm("reservations.view_absence"):
            raise PermissionDenied
        content = read_proof(agent=request.user, absence=self.row(request, pk))
        kind = kind_of(content)
        return document_response(content, f"justificatif.{kind.value}", kind)
