"""The agents' side of SEPA: direct debits and refunds of their families; files and rejects for those who manage."""

from functools import partial

from django import forms
from django.contrib import admin
from django.db.models import Count, Q, Sum
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.http import content_disposition_header

from common.admin import ManagersOnly, ReadOnly, warn_of_key
from common.values.dates import date_long, date_short, month_title
from common.values.money import euros
from families.admin.asked import AskedByFamily
from wallet.actions import bank_reports
from wallet.actions.bank_refunds import make_refund_file, refund_to_bank, reject_refund
from wallet.actions.debits import make_debit_file, reject_debit
from wallet.admin.bank_reports import BankReportPages
from wallet.admin.decisions import DecisionAdmin
from wallet.forms.sepa import RefundForm, RejectForm
from wallet.models import BankRefund, BankRefundBatch, DirectDebit, DirectDebitRun, Wallet
from wallet.rules.sepa import CANCELLED, OF_REFUNDS, REASONS, earliest_collection, told


class AllOrNothing(ManagersOnly):
    """Files hold the families of all communes: those who manage the portal see them, other agents none."""

    has_change_permission = ReadOnly.has_change_permission

    def own(self, rows, agent):
        return rows.none()


def attachment(data: bytes, name: str) -> HttpResponse:
    """A file for the bank: bank details of families, so it is downloaded and kept by no cache."""
    return HttpResponse(
        data,
        content_type="application/xml",
        headers={
            "Content-Disposition": content_disposition_header(True, name),
            "Cache-Control": "private, no-store",
            "X-Content-Type-Options": "nosniff",
        },
    )


# --- Monthly runs ---------------------------------------------------------------------------------------------------
@admin.register(DirectDebitRun)
class DirectDebitRunAdmin(AllOrNothing, DecisionAdmin):
    list_display = ["month_name", "purse", "collected_on", "number", "amount", "rejected", "state"]
    list_select_related = ["purse"]
    fields = ["month_name", "purse", "collected_on", "message", "created_at", "number", "amount", "rejected", "state"]
    change_form_template = "admin/wallet/debit_run.html"
    pages = {"<id:pk>/fichier/": "file", "<id:pk>/telecharger/": "download"}

    def get_queryset(self, request):
        kept = ~Q(debits__status=DirectDebit.Status.REJECTED)
        return (
            super()
            .get_queryset(request)
            .annotate(
                has_file=Q(file__isnull=False),
                kept=Count("debits", filter=kept),
                cents=Sum("debits__cents", filter=kept, default=0),
                lost=Count("debits", filter=~kept),
            )
            .defer("file")
        )

    @admin.display(description="mois", ordering="month")
    def month_name(self, run):
        return month_title(run.month)

    @admin.display(description="prélèvements")
    def number(self, run):
        return run.kept

    @admin.display(description="total")
    def amount(self, run):
        return euros(run.cents)

    @admin.display(description="rejetés")
    def rejected(self, run):
        return run.lost

    @admin.display(description="fichier")
    def state(self, run):
        return "Prêt pour la banque" if run.has_file else "À préparer"

    def file(self, request, pk):
        """Freeze the file of a month, or say what stands in the way."""
        self.require(request, "change_directdebitrun")
        run = self.row(request, pk)
        summary = [f"{counted(run.kept, 'prélèvement')}, {euros(run.cents)}, le {_long(run.collected_on)}."]
        earliest = earliest_collection(timezone.localdate())
        if run.collected_on < earliest and not run.has_file:
            summary.append(f"La date est trop proche : le prélèvement sera reporté au {_long(earliest)}.")
            summary.append("Les familles seront prévenues du report.")
        summary.append("Ensuite le fichier ne change plus : vous le téléchargez et le remettez à la banque.")
        return self.decide(
            request,
            f"Préparer le fichier : {run}",
            forms.Form(request.POST or None),
            partial(make_debit_file, run=run),
            purpose=f"debit-file:{run.pk}",
            done="Le fichier est prêt : téléchargez-le et remettez-le à la banque.",
            back=self.address("change", run.pk),
            summary=summary,
            button="Préparer le fichier",
        )

    def download(self, request, pk):
        """The pain.008, the same to the byte each time."""
        self.require(request, "view_directdebitrun")
        run = get_object_or_404(DirectDebitRun, pk=pk, file__isnull=False)
        return attachment(bytes(run.file), f"{run.message}.xml")


# --- Debits ---------------------------------------------------------------------------------------------------------
class MonthFilter(admin.SimpleListFilter):
    """The debits of a month."""

    title = "mois"
    parameter_name = "mois"

    def lookups(self, request, model_admin):
        months = DirectDebitRun.objects.order_by("-month").values_list("month", flat=True).distinct()
        return [(f"{month:%Y-%m}", month_title(month)) for month in months]

    def queryset(self, request, queryset):
        known = {value for value, _ in self.lookup_choices}
        return queryset.filter(run__month=f"{self.value()}-01") if self.value() in known else queryset


@admin.register(DirectDebit)
class DirectDebitAdmin(AskedByFamily, BankReportPages, DecisionAdmin):
    list_display = ["end_to_end", "family", "collected_on", "amount", "sequence", "status", "reason"]
    list_filter = ["status", MonthFilter, "run__purse"]
    family_path = "wallet__family"
    search_fields = ["end_to_end", "mandate__rum"]
    search_help_text = "Nom, téléphone, e-mail ou référence de la famille, du prélèvement ou du mandat"
    fields = [
        "end_to_end",
        "family",
        "wallet",
        "amount",
        "collected_on",
        "mandate",
        "account",
        "sequence",
        "status",
        "reason",
        "rejected_at",
    ]
    change_form_template = "admin/wallet/direct_debit.html"
    change_list_template = "admin/wallet/direct_debits.html"
    pages = {"<id:pk>/rejeter/": "reject"} | BankReportPages.report_pages
    report_permission, report_purpose = "change_directdebit", bank_reports.PURPOSE
    report_done = "Paiements rejetés : {number}. Les familles sont prévenues."

    def get_queryset(self, request):
        rows = super().get_queryset(request).annotate(is_given=Q(run__file__isnull=False))
        return rows.select_related("mandate", "run__purse", "wallet__family", "wallet__purse").defer("run__file")

    @admin.display(description="famille", ordering="wallet__family__name")
    def family(self, debit):
        return debit.wallet.family.named

    @admin.display(description="prélevé le", ordering="run__collected_on")
    def collected_on(self, debit):
        return date_short(debit.run.collected_on)

    @admin.display(description="montant", ordering="cents")
    def amount(self, debit):
        return euros(debit.cents)

    @admin.display(description="compte")
    def account(self, debit):
        return debit.mandate.masked_iban

    @admin.display(description="motif du rejet")
    def reason(self, debit):
        return told(debit.reject_code) if debit.reject_code else ""

    def reject(self, request, pk):
        """Send a debit back by hand: withdrawn before the file, or refused by the bank."""
        self.require(request, "change_directdebit")
        debit = self.row(request, pk)
        codes = [code for code in REASONS if not (debit.is_given and code == CANCELLED)]
        return self.decide(
            request,
            f"Rejeter : {debit}",
            RejectForm(request.POST or None, codes=codes if debit.is_given else [CANCELLED]),
            partial(reject_debit, debit=debit),
            purpose=f"reject-debit:{debit.pk}",
            done="Le prélèvement est rejeté et la famille prévenue.",
            back=self.address("change", debit.pk),
            summary=[self.family(debit), _warning(debit)],
            button="Rejeter ce prélèvement",
        )

    def preview_report(self, agent, data: bytes) -> bank_reports.Preview:
        return bank_reports.preview_report(data)

    def apply_report(self, **said) -> int:
        return bank_reports.apply_report(**said)


def _warning(debit: DirectDebit) -> str:
    """What a reject by hand means at this moment."""
    if debit.status == DirectDebit.Status.SETTLED:
        return "Le crédit sera repris, même si la famille l’a dépensé : la somme sera de nouveau due."
    if debit.is_given:
        return "Ce prélèvement est dans le fichier de la banque : ne le rejetez que si elle l’a refusé ou annulé."
    return "Il ne sera pas mis dans le fichier de la banque. La somme reste due."


# --- Refunds --------------------------------------------------------------------------------------------------------
@admin.register(BankRefund)
class BankRefundAdmin(AskedByFamily, DecisionAdmin):
    list_display = ["created_at", "family", "amount", "account", "reason", "status"]
    list_filter = ["status", "created_at", "wallet__purse"]
    list_select_related = ["wallet__family"]
    family_path = "wallet__family"
    search_fields = ["end_to_end", "holder"]
    search_help_text = "Nom, téléphone, e-mail ou référence de la famille, du virement, ou titulaire du compte"
    fields = ["end_to_end", "family", "wallet", "amount", "holder", "account", "reason", "status", "by", "created_at"]
    change_form_template = "admin/wallet/bank_refund.html"
    change_list_template = "admin/wallet/bank_refunds.html"
    pages = {"virer/<id:pk>/": "pay", "<id:pk>/rejeter/": "reject"}

    @admin.display(description="famille", ordering="wallet__family__name")
    def family(self, refund):
        return refund.wallet.family.named

    @admin.display(description="montant", ordering="cents")
    def amount(self, refund):
        return euros(refund.cents)

    @admin.display(description="compte")
    def account(self, refund):
        return refund.masked_iban

    def pay(self, request, pk):
        """Pay a wallet's money back to the family's bank account."""
        self.require(request, "add_bankrefund")
        wallets = Wallet.objects.of_agent(request.user).with_balance().select_related("family")
        wallet = get_object_or_404(wallets, pk=pk)
        form = RefundForm(request.POST or None, initial=RefundForm.known(wallet))
        return self.decide(
            request,
            f"Rembourser par virement : {wallet.family.named}",
            form,
            partial(self._refund, request, wallet),
            purpose=f"bank-refund:{wallet.pk}",
            done="Le remboursement est enregistré et la famille prévenue. Il partira avec le prochain fichier.",
            back=reverse("admin:wallet_bankrefund_changelist"),
            summary=[
                f"{wallet.purse} : {euros(wallet.balance)}.",
                "La somme quitte le porte-monnaie tout de suite ; le virement part avec le prochain fichier.",
            ],
            button="Rembourser",
        )

    @staticmethod
    def _refund(request, wallet, **typed):
        """The refund waits for its file: what looks wrong of its account is told while it can still be withdrawn."""
        refund = refund_to_bank(wallet=wallet, **typed)
        warn_of_key(request, refund.iban)
        return refund

    def reject(self, request, pk):
        """Put a refund back into its wallet: withdrawn before the file, or sent back by the bank."""
        self.require(request, "change_bankrefund")
        refund = self.row(request, pk)
        given = refund.status == BankRefund.Status.SENT
        codes = [code for code in OF_REFUNDS if code != CANCELLED] if given else [CANCELLED]
        return self.decide(
            request,
            f"Rejeter : {refund}",
            RejectForm(request.POST or None, codes=codes),
            partial(reject_refund, refund=refund),
            purpose=f"reject-refund:{refund.pk}",
            done="La somme est revenue dans le porte-monnaie et la famille est prévenue.",
            back=self.address("change", refund.pk),
            summary=[self.family(refund), "La somme revient dans le porte-monnaie."],
            button="Rejeter ce remboursement",
        )


@admin.register(BankRefundBatch)
class BankRefundBatchAdmin(AllOrNothing, DecisionAdmin):
    list_display = ["message", "created_at", "executed_on", "number", "amount", "by"]
    list_select_related = ["by"]
    fields = ["message", "created_at", "executed_on", "number", "amount", "by"]
    change_form_template = "admin/wallet/refund_batch.html"
    change_list_template = "admin/wallet/refund_batches.html"
    pages = {"preparer/": "make", "<id:pk>/telecharger/": "download"}

    def get_queryset(self, request):
        rows = super().get_queryset(request).annotate(kept=Count("refunds"), cents=Sum("refunds__cents", default=0))
        return rows.defer("file")

    @admin.display(description="virements")
    def number(self, batch):
        return batch.kept

    @admin.display(description="total")
    def amount(self, batch):
        return euros(batch.cents)

    def make(self, request):
        """Put all the refunds that wait into one file."""
        self.require(request, "add_bankrefundbatch")
        ready = BankRefund.objects.filter(status=BankRefund.Status.READY)
        total = ready.aggregate(number=Count("pk"), cents=Sum("cents", default=0))
        day = _long(earliest_collection(timezone.localdate()))
        return self.decide(
            request,
            "Préparer le fichier de virements",
            forms.Form(request.POST or None),
            make_refund_file,
            purpose="refund-file",
            done="Le fichier est prêt : téléchargez-le et remettez-le à la banque.",
            back=self.address("changelist"),
            summary=[f"{counted(total['number'], 'remboursement')} à virer, {euros(total['cents'])}, le {day}."],
            button="Préparer le fichier",
        )

    def download(self, request, pk):
        """The pain.001, the same to the byte each time."""
        self.require(request, "view_bankrefundbatch")
        batch = get_object_or_404(BankRefundBatch, pk=pk, file__isnull=False)
        return attachment(bytes(batch.file), f"{batch.message}.xml")


def counted(number: int, name: str) -> str:
    """« 1 prélèvement », « 3 prélèvements », « Aucun prélèvement »."""
    return f"{number or 'Aucun'} {name}{'s' if number > 1 else ''}"


def _long(day) -> str:
    return date_long(day, timezone.localdate())
