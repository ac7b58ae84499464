"""Agents credit wallets on pages of their own, in no transaction but the action's; the ledger is only read."""

from functools import partial

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse

from common.admin import CommunesAdmin, ReadOnly
from common.refusals import told_to_agent
from common.values.money import euros
from common.writing.once import make_key
from families.admin.asked import AskedByFamily
from families.models import Family
from families.reads.search import rows_asked
from wallet.actions import cancel_counter_payment, credit_at_counter, set_floor
from wallet.admin.arrears import ArrearsFilter, booking_state, exemption_view
from wallet.forms.payments import CancelForm, CreditForm
from wallet.forms.purses import PurseForm
from wallet.models import CounterPayment, Operation, Purse, Transfer, Wallet
from wallet.reads.statements import statement

PAGE = 50


class ReadOnlyAdmin(ReadOnly, CommunesAdmin):
    """Shows an agent what concerns their families, and changes nothing."""


@admin.register(Purse)
class PurseAdmin(admin.ModelAdmin):
    form = PurseForm
    list_display = ["name", "code", "is_default", "shown_floor"]
    prepopulated_fields = {"code": ["name"]}

    def save_model(self, request, obj, form, change):
        super().save_model(request, obj, form, change)
        set_floor(obj, obj.floor)

    def has_delete_permission(self, request, obj=None):
        return False

    @admin.display(description="solde minimum", ordering="floor")
    def shown_floor(self, purse):
        return euros(purse.floor)


@admin.register(Wallet)
class WalletAdmin(AskedByFamily, ReadOnlyAdmin):
    list_display = ["family", "reference", "purse", "shown_balance", "booking"]
    list_filter = [ArrearsFilter, "purse"]
    list_select_related = ["family", "purse", "account__balance"]
    fields = ["family", "reference", "purse", "shown_balance", "booking"]
    change_form_template = "admin/wallet/wallet.html"

    def get_urls(self):
        view = self.admin_site.admin_view(partial(exemption_view, self))
        return [path("<id:wallet_id>/reste-du/", view, name="wallet_exemption"), *super().get_urls()]

    def change_view(self, request, object_id, form_url="", extra_context=None):
        wallet = self.get_object(request, object_id)
        lines = Paginator(statement(wallet.account_id), PAGE).get_page(request.GET.get("page"))
        return super().change_view(request, object_id, form_url, {"lines": lines, "wallet": wallet})

    @admin.display(description="solde", ordering="account__balance__cents")
    def shown_balance(self, wallet):
        return euros(wallet.balance)

    @admin.display(description="réservation")
    def booking(self, wallet):
        return booking_state(wallet)

    @admin.display(description="référence", ordering="family")
    def reference(self, wallet):
        return wallet.family.reference


class TransferInline(admin.TabularInline):
    model = Transfer
    fields = ["reference", "label", "source", "target", "amount"]
    readonly_fields = ["amount"]
    extra = 0
    can_delete = False

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("source", "target")

    def has_view_permission(self, request, obj=None):
        return True  # with the operation that they belong to

    def has_add_permission(self, request, obj=None):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    @admin.display(description="montant")
    def amount(self, transfer):
        return euros(transfer.cents)


@admin.register(Operation)
class OperationAdmin(ReadOnlyAdmin):
    list_display = ["at", "kind", "label", "actor"]
    list_filter = ["kind", "at"]
    list_select_related = ["actor"]
    ordering = ["-pk"]
    search_fields = ["label", "transfers__reference"]
    inlines = [TransferInline]


@admin.register(CounterPayment)
class CounterPaymentAdmin(AskedByFamily, ReadOnlyAdmin):
    list_display = ["received_on", "family", "means", "number", "payer", "bank", "amount", "state"]
    list_filter = ["means", "received_on", "wallet__purse"]
    list_select_related = ["wallet__family", "wallet__purse"]
    family_path = "wallet__family"
    search_fields = ["number", "payer"]
    search_help_text = "Nom, téléphone, e-mail ou référence de la famille, numéro du chèque ou émetteur"
    fields = ["family", "wallet", "means", "amount", "number", "payer", "bank", "received_on", "operation", "state"]
    change_form_template = "admin/wallet/counter_payment.html"

    def has_add_permission(self, request, obj=None):
        return request.user.has_perm("wallet.add_counterpayment")

    def get_urls(self):
        view = self.admin_site.admin_view
        return [
            path("add/<id:family_id>/", view(partial(credit_view, self)), name="wallet_credit"),
            path("<id:payment_id>/annuler/", view(partial(cancel_view, self)), name="wallet_cancel_credit"),
            *super().get_urls(),
        ]

    def add_view(self, request, form_url="", extra_context=None):
        """« Ajouter » first asks which family pays."""
        return family_view(self, request)

    def change_view(self, request, object_id, form_url="", extra_context=None):
        context = {"may_cancel": may_cancel(request)}
        return super().change_view(request, object_id, form_url, context)

    @admin.display(description="famille", ordering="wallet__family__name")
    def family(self, payment):
        return payment.wallet.family.named

    @admin.display(description="montant", ordering="cents")
    def amount(self, payment):
        return euros(payment.cents)

    @admin.display(description="état")
    def state(self, payment):
        return f"Annulé : {payment.cancellation_reason}" if payment.cancellation_id else "Crédité"


def may_cancel(request) -> bool:
    return request.user.has_perm("wallet.change_counterpayment")


def page(model_admin, request, template, title, **context):
    """An admin page of ours, with the site's frame around it."""
    context = {**model_admin.admin_site.each_context(request), "opts": model_admin.opts, "title": title, **context}
    return TemplateResponse(request, f"admin/wallet/{template}.html", context)


def family_view(model_admin, request):
    """Find the family that pays, by name or by reference."""
    if not model_admin.has_add_permission(request):
        raise PermissionDenied
    term = request.GET.get("q", "").strip()
    families = rows_asked(Family.objects.of_agent(request.user).select_related("commune"), term, "pk")
    found = families.order_by("name", "pk")[:PAGE] if term else []
    return page(model_admin, request, "find_family", "Créditer un porte-monnaie", term=term, families=found)


def credit_view(model_admin, request, family_id):
    """Record a payment received at the counter for a family."""
    if not model_admin.has_add_permission(request):
        raise PermissionDenied
    family = get_object_or_404(Family.objects.of_agent(request.user), pk=family_id)
    form = CreditForm(request.POST or None)
    if form.is_valid():
        payment = told_to_agent(request, form, credit_at_counter, family=family, **form.cleaned_data)
        if payment:
            messages.success(request, f"{family} : {euros(payment.cents)} crédités ({payment.label}).")
            return redirect("admin:wallet_counterpayment_changelist")
    wallets = Wallet.objects.filter(family=family).with_balance()
    key = make_key(request.user.owner, f"credit:{family.pk}")
    title = f"Créditer : {family.named}"
    return page(model_admin, request, "credit", title, form=form, wallets=wallets, once_key=key)


def cancel_view(model_admin, request, payment_id):
    """Take back a credit, with the reason that the family will read."""
    if not may_cancel(request):
        raise PermissionDenied
    payment = get_object_or_404(model_admin.get_queryset(request), pk=payment_id)
    form = CancelForm(request.POST or None)
    if form.is_valid() and told_to_agent(request, form, cancel_counter_payment, payment=payment, **form.cleaned_data):
        messages.success(request, "Le règlement est annulé et la famille prévenue.")
        return redirect("admin:wallet_counterpayment_change", payment.pk)
    key = make_key(request.user.owner, f"cancel-credit:{payment.pk}")
    back = reverse("admin:wallet_counterpayment_change", args=[payment.pk])
    return page(
        model_admin, request, "cancel", f"Annuler : {payment}", form=form, payment=payment, once_key=key, back=back
    )
