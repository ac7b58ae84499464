"""The files of transfers to caregivers, as who hands them to the bank sees them, and what the bank sends back."""

from functools import partial

from django import forms
from django.contrib import admin
from django.db.models import Q
from django.shortcuts import get_object_or_404
from django.urls import reverse

from cesu.aid.actions import bank_reports, transfers
from cesu.aid.reads.access import batches_of
from cesu.models import AidPayment, AidTransferBatch
from cesu.rules.aid import hours
from cesu.staff import IssuerDecisions
from common.values.dates import date_short, moment_short
from common.values.money import euros
from wallet.actions.bank_reports import Preview
from wallet.admin.bank_reports import BankReportPages
from wallet.admin.sepa import attachment
from wallet.forms.sepa import RejectForm
from wallet.rules.sepa import CANCELLED, OF_REFUNDS, told


@admin.register(AidTransferBatch)
class AidTransferBatchAdmin(BankReportPages, IssuerDecisions):
    """A night's file for each bank account that pays."""

    list_display = ["message", "payer", "night", "executed_on", "count", "amount", "handed_over"]
    list_filter = [("handed_over_at", admin.EmptyFieldListFilter), "executed_on"]
    list_select_related = ["funder"]
    list_per_page = 50
    search_fields = ["message", "payments__id"]
    search_help_text = "Référence du fichier ou n° de paiement"
    fields = ["message", "payer", "created_at", "executed_on", "count", "amount", "handed_over", "handed_over_by"]
    change_form_template = "admin/cesu/aid_batch.html"
    change_list_template = "admin/cesu/aid_batches.html"
    pages = {
        "<id:pk>/telecharger/": "download",
        "<id:pk>/remettre/": "hand_over",
    } | BankReportPages.report_pages
    report_permission, report_purpose = "change_aidtransferbatch", bank_reports.PURPOSE
    report_template = "cesu/aid_report"
    report_done = "Virements rejetés : {number}. Les droits sont rendus, les personnes prévenues."

    def get_queryset(self, request):
        return super().get_queryset(request).defer("file")

    def own(self, rows, agent):
        return rows.filter(pk__in=batches_of(agent).values("pk"))

    @admin.display(description="payeur", ordering="funder")
    def payer(self, batch):
        return str(batch.funder or "Émetteur des e-CESU")

    @admin.display(description="montant", ordering="cents")
    def amount(self, batch):
        return euros(batch.cents)

    @admin.display(description="remis à la banque", ordering="handed_over_at")
    def handed_over(self, batch):
        return f"le {moment_short(batch.handed_over_at)}" if batch.handed_over_at else "À remettre"

    def download(self, request, pk):
        """The pain.001, the same to the byte each time."""
        self.require(request, "view_aidtransferbatch")
        batch = get_object_or_404(batches_of(request.user), pk=pk)
        return attachment(bytes(batch.file), f"{batch.message}.xml")

    def hand_over(self, request, pk):
        """Note that the file was given to the bank."""
        self.require(request, "change_aidtransferbatch")
        batch = self.row(request, pk)
        return self.decide(
            request,
            f"Remis à la banque : {batch}",
            forms.Form(request.POST or None),
            partial(transfers.hand_over, batch=batch),
            purpose=transfers.handing_over(batch),
            done="Le fichier est noté comme remis à la banque.",
            back=self.address("change", batch.pk),
            summary=[
                f"{batch.count} virements, {euros(batch.cents)}, à exécuter le {date_short(batch.executed_on)}.",
                "Remettez-le avant l’heure limite de votre banque : les personnes attendent leur salaire ce jour-là.",
            ],
            button="C’est fait",
        )

    def preview_report(self, agent, data: bytes) -> Preview:
        return bank_reports.preview_report(agent, data)

    def apply_report(self, **said) -> int:
        return bank_reports.apply_report(**said)


@admin.register(AidPayment)
class AidPaymentAdmin(IssuerDecisions):
    """What was paid to caregivers."""

    list_display = ["__str__", "created_at", "holder", "caregiver", "time", "amount", "status", "batch"]
    list_filter = ["status", "created_at", ("aid_account__funder", admin.RelatedOnlyFieldListFilter)]
    list_select_related = ["aid_account__holder", "caregiver", "batch"]
    list_per_page = 50
    search_fields = ["=id", "aid_account__holder__last_name", "=aid_account__holder__code", "caregiver__last_name"]
    search_help_text = "N° de paiement, nom ou code CESU du bénéficiaire, nom de l’intervenant"
    fields = [
        "__str__",
        "holder",
        "caregiver",
        "time",
        "amount",
        "complement",
        "by",
        "status",
        "created_at",
        "confirmed_at",
        "credited_by",
        "batch",
        "account_holder",
        "rejected_at",
        "reason",
    ]
    change_form_template = "admin/cesu/aid_payment.html"
    pages = {"<id:pk>/rejeter/": "reject"}

    def get_queryset(self, request):
        return super().get_queryset(request).defer("batch__file")

    def own(self, rows, agent):
        return rows.filter(Q(aid_account__funder__staff=agent) | Q(batch__in=batches_of(agent).values("pk"))).distinct()

    @admin.display(description="bénéficiaire")
    def holder(self, payment):
        return f"{payment.aid_account.holder} ({payment.aid_account.get_kind_display()})"

    @admin.display(description="heures", ordering="minutes")
    def time(self, payment):
        return hours(payment.minutes) if payment.minutes else "–"

    @admin.display(description="montant", ordering="cents")
    def amount(self, payment):
        return euros(payment.cents)

    @admin.display(description="complément par carte")
    def complement(self, payment):
        return (
            f"{euros(payment.complement_cents)} et {euros(payment.fee_cents)} de frais" if payment.card_cents else "–"
        )

    @admin.display(description="motif du rejet")
    def reason(self, payment):
        return told(payment.reject_code) if payment.reject_code else "–"

    def reject(self, request, pk):
        """Put a transfer back that the bank rejected."""
        self.require(request, "change_aidtransferbatch")
        payment = self.row(request, pk)
        return self.decide(
            request,
            f"Virement rejeté : {payment}",
            RejectForm(request.POST or None, codes=[code for code in OF_REFUNDS if code != CANCELLED]),
            partial(transfers.reject_by_hand, payment=payment),
            purpose=transfers.rejecting(payment),
            done="Les droits sont rendus et les personnes prévenues.",
            back=reverse("admin:cesu_aidpayment_change", args=[payment.pk]),
            summary=[
                f"{self.holder(payment)} : {euros(payment.paid_cents)} à {payment.caregiver}.",
                "Les heures reviennent au bénéficiaire, le complément par carte lui est remboursé.",
            ],
            button="Rendre les droits",
        )
