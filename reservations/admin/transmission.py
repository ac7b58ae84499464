"""The agents' side of transmissions: back offices, their batches and files, what they refused."""

from datetime import date
from functools import partial

from django import forms
from django.contrib import admin
from django.db.models import Count, Q
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.http import content_disposition_header

from common.addresses import read_id
from common.admin import ManagersOnly
from common.values.dates import date_long
from families.admin.asked import AskedByFamily, file_link
from reservations.actions.telling.answers import check_remarks, handle_refusal, resend, upload_answer
from reservations.backoffice import files
from reservations.forms.transmission import AnswerForm, BackOfficeForm, NoteForm
from reservations.models import BackOffice, BackOfficeService, Change, Transmission
from wallet.admin.decisions import DecisionAdmin

Verdict = Change.Verdict


class ServiceRows(admin.TabularInline):
    model, extra = BackOfficeService, 0
    verbose_name_plural = "services transmis"


@admin.register(BackOffice)
class BackOfficeAdmin(ManagersOnly, admin.ModelAdmin):
    """Where the changes of which services are sent. One that was sent something stays: it is put out of service."""

    form = BackOfficeForm
    list_display = ["name", "delivery", "address", "format", "is_active"]
    inlines = [ServiceRows]

    def has_delete_permission(self, request, obj=None):
        return False


class BatchFilter(admin.SimpleListFilter):
    """How far a batch is, and those that an agent should look at."""

    title = "état"
    parameter_name = "etat"

    def lookups(self, request, model_admin):
        return [("a-verifier", "À vérifier"), *Transmission.Status.choices]

    def queryset(self, request, queryset):
        if self.value() == "a-verifier":
            return queryset.to_check()
        return queryset.filter(status=self.value()) if self.value() in Transmission.Status.values else queryset


@admin.register(Transmission)
class TransmissionAdmin(DecisionAdmin):
    """The batches, for agents who have the right: a file holds families of all the communes of its back office."""

    list_display = ["name", "night_of", "status", "trouble"]
    list_filter = [BatchFilter, "back_office"]
    list_select_related = ["back_office"]
    list_per_page = 50
    fields = ["name", "night_of", "frozen_at", "lines", "status", "sent_at", "answered_at"]
    fields += ["tries", "error", "remarks", "checked_at", "digest"]
    change_form_template = "admin/reservations/transmission.html"
    pages = {
        "<id:pk>/renvoyer/": "send_again",
        "<id:pk>/telecharger/": "download",
        "<id:pk>/reponse/": "answer",
        "<id:pk>/verifier/": "verify",
    }

    def own(self, rows, agent):
        return rows

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("back_office").defer("file")

    @admin.display(description="transmission", ordering="pk")
    def name(self, batch):
        return str(batch)

    @admin.display(description="nuit du", ordering="night")
    def night_of(self, batch):
        return date_long(batch.night, batch.night)

    @admin.display(description="lignes")
    def lines(self, batch):
        """Counted on the page of one batch only: a list of them would read millions."""
        found = batch.changes.aggregate(
            every=Count("pk"),
            accepted=Count("pk", filter=Q(verdict=Verdict.ACCEPTED)),
            refused=Count("pk", filter=Q(verdict=Verdict.REFUSED)),
        )
        return "{every}, dont acceptées : {accepted}, refusées : {refused}".format(**found)

    @admin.display(description="à vérifier")
    def trouble(self, batch):
        return batch.error or ("" if batch.checked_at else batch.remarks)

    def send_again(self, request, pk):
        """Hand the same file over again."""
        self.require(request, "change_transmission")
        batch = self.row(request, pk)
        return self.decide(
            request,
            f"Renvoyer : {batch}",
            forms.Form(request.POST or None),
            partial(resend, batch=batch),
            purpose=f"resend:{batch.pk}",
            done="Le fichier est renvoyé, identique au premier.",
            back=self.address("change", batch.pk),
            summary=[
                f"Le même fichier, octet pour octet, part de nouveau : {batch.back_office.get_delivery_display()}.",
                "Le logiciel métier ignore les lignes dont il connaît le numéro.",
            ],
            button="Renvoyer le fichier",
        )

    def answer(self, request, pk):
        """Give the answer by hand."""
        self.require(request, "change_transmission")
        batch = self.row(request, pk)
        return self.decide(
            request,
            f"Donner la réponse : {batch}",
            AnswerForm(request.POST or None, request.FILES or None),
            partial(upload_answer, batch=batch),
            purpose=f"upload-answer:{batch.pk}",
            done="La réponse est lue. Les familles concernées seront prévenues.",
            back=self.address("change", batch.pk),
            summary=["Chaque ligne acceptée devient définitive. Une réservation refusée est annulée et recréditée."],
            button="Lire cette réponse",
        )

    def verify(self, request, pk):
        """The remarks on an answer were read."""
        self.require(request, "change_transmission")
        batch = self.row(request, pk)
        return self.decide(
            request,
            f"Remarques vérifiées : {batch}",
            forms.Form(request.POST or None),
            partial(check_remarks, batch=batch),
            purpose=f"check-remarks:{batch.pk}",
            done="Les remarques sont marquées comme vérifiées.",
            back=self.address("change", batch.pk),
            summary=batch.remarks.splitlines(),
            button="J’ai vérifié",
        )

    def download(self, request, pk):
        """The file as it was sent."""
        self.require(request, "view_transmission")
        batch = get_object_or_404(Transmission.objects.select_related("back_office"), pk=pk, file__isnull=False)
        name = files.file_name(batch.number, batch.format)
        return HttpResponse(
            bytes(batch.file),
            content_type=files.content_type(batch.format),
            headers={
                "Content-Disposition": content_disposition_header(True, name),
                "Cache-Control": "private, no-store",
                "X-Content-Type-Options": "nosniff",
            },
        )


class LineFilter(admin.SimpleListFilter):
    """Refusals that wait for an agent, unless others are asked for."""

    title = "réponse"
    parameter_name = "etat"

    def lookups(self, request, model_admin):
        return [
            ("refusees", "Refusées"),
            ("reglees", "Refus réglés"),
            ("attente", "Sans réponse"),
            ("toutes", "Toutes"),
        ]

    def choices(self, changelist):
        first, *others = super().choices(changelist)
        return [first | {"display": "Refus à régler"}, *others]

    def queryset(self, request, queryset):
        shown = {
            "refusees": Q(verdict=Verdict.REFUSED),
            "reglees": Q(handled_at__isnull=False),
            "attente": Q(verdict=""),
            "toutes": Q(),
        }
        return queryset.filter(shown[self.value()]) if self.value() in shown else queryset.to_handle()


@admin.register(Change)
class LineAdmin(AskedByFamily, DecisionAdmin):
    """What was told of the agent's communes; refused cancellations and details wait to be put right."""

    list_display = ["what", "shown_family", "state", "reason"]
    list_filter = [LineFilter, "kind", "back_office"]
    list_per_page = 50
    fields = ["what", "shown_family", "transmission", "created_at", "state", "reason", "verdict_at", "handled_at"]
    fields += ["handled_by", "note"]
    change_form_template = "admin/reservations/line.html"
    pages = {"<id:pk>/regler/": "handle"}

    def get_queryset(self, request):
        rows = super().get_queryset(request)
        return rows.select_related("family", "transmission__back_office").defer("transmission__file")

    @admin.display(description="ligne", ordering="kind")
    def what(self, line):
        told = line.payload
        if line.kind == Change.Kind.FAMILY:
            return "Coordonnées de la famille"
        return f"{line.get_kind_display()} : {told['first_name']}, {told['activity_name']}, {_day(told['date'])}"

    @admin.display(description="famille", ordering="family__name")
    def shown_family(self, line):
        return file_link(line.family)

    @admin.display(description="état", ordering="verdict")
    def state(self, line):
        if line.handled_at:
            return "Refusée, réglée"
        if line.verdict:
            return line.get_verdict_display()
        return line.transmission.get_status_display() if line.transmission else "Non transmis"

    def change_view(self, request, object_id, form_url="", extra_context=None):
        waits = Change.objects.to_handle().filter(pk=read_id(object_id)).exists()
        return super().change_view(request, object_id, form_url, {"waits": waits} | (extra_context or {}))

    def handle(self, request, pk):
        """Say how a refusal was put right; the family of a cancellation reads it."""
        self.require(request, "change_change")
        line = self.row(request, pk)
        if line.kind == Change.Kind.BOOKING or line.verdict != Verdict.REFUSED:
            raise Http404
        read = (
            "La famille lit ce que vous écrivez."
            if line.kind == Change.Kind.CANCELLATION
            else "La famille n’est pas prévenue."
        )
        return self.decide(
            request,
            f"Régler : {self.what(line)}",
            NoteForm(request.POST or None),
            partial(handle_refusal, line=line),
            purpose=f"handle-refusal:{line.pk}",
            done="Ce refus est réglé.",
            back=self.address("change", line.pk),
            summary=[f"{self.shown_family(line)}. Motif du logiciel métier : {line.reason or 'aucun'}.", read],
            button="C’est réglé",
        )


def _day(iso: str) -> str:
    day = date.fromisoformat(iso)
    return date_long(day, day)
