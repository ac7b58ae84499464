"""The agents' side of cards: what was paid, given back and contested; refunds for those who may."""

from functools import partial

from django import forms
from django.contrib import admin

from portal.lib.admin import ManagersOnly, ReadOnly, ReadOnlyRows
from portal.lib.money import euros
from wallet.actions.card_returns import refund_card, refundable
from wallet.admin_decisions import DecisionAdmin
from wallet.forms import EurosField
from wallet.models import CardDispute, CardPayment, CardPaymentLine, CardRefund, StripeEvent


class CardRefundForm(forms.Form):
    """How much of a payment goes back to its card, and why."""

    cents = EurosField(label="Montant à rembourser", help_text="En euros, comme 50 ou 15,20.")
    reason = forms.CharField(label="Motif lu par la famille", max_length=200)


class AmountRows(ReadOnlyRows):
    extra = 0

    @admin.display(description="montant")
    def amount(self, row):
        return euros(row.cents)


class LineRows(AmountRows):
    model = CardPaymentLine
    fields = readonly_fields = ["account", "amount"]


class RefundRows(AmountRows):
    model = CardRefund
    fields = readonly_fields = ["created_at", "amount", "reason", "status", "by", "stripe"]


class DisputeRows(AmountRows):
    model = CardDispute
    fields = readonly_fields = ["created_at", "amount", "status", "stripe"]


@admin.register(CardPayment)
class CardPaymentAdmin(DecisionAdmin):
    list_display = ["created_at", "family_named", "label", "amount", "status", "paid_at"]
    list_filter = ["status", "created_at"]
    list_select_related = ["family"]
    search_fields = ["family__name", "reference", "session", "intent"]
    search_help_text = "Nom de la famille, référence, ou identifiant de Stripe"
    fields = [
        "reference",
        "family_named",
        "user",
        "label",
        "amount",
        "email",
        "status",
        "created_at",
        "paid_at",
        "session",
        "intent",
    ]
    inlines = [LineRows, RefundRows, DisputeRows]
    change_form_template = "admin/wallet/card_payment.html"
    pages = {"<id:pk>/rembourser/": "refund"}

    def change_view(self, request, object_id, form_url="", extra_context=None):
        payment = self.get_object(request, object_id)
        context = {"may_refund": refundable(payment) > 0 and request.user.has_perm("wallet.add_cardrefund")}
        return super().change_view(request, object_id, form_url, context)

    @admin.display(description="famille", ordering="family__name")
    def family_named(self, payment):
        return f"{payment.family} ({payment.family.reference})" if payment.family else "–"

    @admin.display(description="montant", ordering="cents")
    def amount(self, payment):
        return euros(payment.cents)

    def refund(self, request, pk):
        """Give money back to the card that paid, out of the wallets it credited."""
        self.require(request, "add_cardrefund")
        payment = self.row(request, pk)
        return self.decide(
            request,
            f"Rembourser sur la carte : {self.family_named(payment)}",
            CardRefundForm(request.POST or None),
            partial(refund_card, payment=payment),
            purpose=f"refund:{payment.pk}",
            done="Le remboursement est demandé à Stripe et la famille prévenue. Son état se lit ici.",
            back=self.address("change", payment.pk),
            summary=[
                f"{payment.label} : {euros(payment.cents)}, dont {euros(refundable(payment))} peuvent être remboursés.",
                "La somme quitte le porte-monnaie tout de suite ; la banque la rend en général sous 5 à 10 jours.",
            ],
            button="Rembourser sur la carte",
        )


@admin.register(StripeEvent)
class StripeEventAdmin(ManagersOnly, ReadOnly, admin.ModelAdmin):
    list_display = ["received_at", "type", "target", "handled_at", "tries", "error"]
    list_filter = ["type", "received_at"]
    search_fields = ["id", "target", "intent"]
    has_change_permission = ReadOnly.has_change_permission
