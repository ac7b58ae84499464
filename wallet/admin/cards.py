"""The agents' side of cards: what was paid, given back and contested; refunds for those who may."""

from functools import partial

from django import forms
from django.contrib import admin

from common.admin import ManagersOnly, ReadOnly, ReadOnlyRows
from common.values.money import euros
from families.admin.asked import AskedByFamily
from wallet.actions.card_events import looked_at, looking
from wallet.actions.card_returns import refund_card, refundable
from wallet.actions.cards import check_again, checking
from wallet.admin.decisions import DecisionAdmin
from wallet.forms.payments import EurosField
from wallet.models import CardDispute, CardPayment, CardPaymentLine, CardRefund, StripeEvent


class CardRefundForm(forms.Form):
    """How much of a payment goes back to its card, and why."""

    cents = EurosField(label="Montant à rembourser", help_text="En euros, comme 50 ou 15,20.")
    reason = forms.CharField(label="Motif lu par la famille", max_length=200)


class CheckForm(forms.Form):
    """What came of a check."""

    note = forms.CharField(label="Ce que vous avez trouvé et fait", max_length=200)


class SetAsideFilter(admin.SimpleListFilter):
    """« À vérifier » only, or all."""

    title, parameter_name = "état", "etat"

    def lookups(self, request, model_admin):
        return [("a-verifier", "À vérifier")]

    def queryset(self, request, queryset):
        return queryset.to_check() if self.value() else queryset


LOOK = "wallet.change_stripeevent"


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
class CardPaymentAdmin(AskedByFamily, DecisionAdmin):
    list_display = ["created_at", "family_named", "label", "amount", "status", "paid_at"]
    list_filter = ["status", "disputes__status", "created_at"]
    list_select_related = ["family"]
    search_fields = ["reference", "session", "intent"]
    search_help_text = "Nom, téléphone, e-mail ou référence de la famille, du paiement, ou identifiant de Stripe"
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
        "mismatch",
        "checked_by",
        "checked_note",
    ]
    inlines = [LineRows, RefundRows, DisputeRows]
    change_form_template = "admin/wallet/card_payment.html"
    pages = {"<id:pk>/rembourser/": "refund", "<id:pk>/verifier/": "verify"}

    def change_view(self, request, object_id, form_url="", extra_context=None):
        payment = self.get_object(request, object_id)
        manages = request.user.has_perm("wallet.add_cardrefund")
        context = {"may_refund": manages and refundable(payment) > 0}
        context["may_check"] = manages and payment.status == CardPayment.Status.TO_CHECK
        return super().change_view(request, object_id, form_url, context)

    @admin.display(description="famille", ordering="family__name")
    def family_named(self, payment):
        return payment.family.named if payment.family else "–"

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

    def verify(self, request, pk):
        """What Stripe shows is not what was asked: look there, then ask Stripe once more and close."""
        self.require(request, "add_cardrefund")
        payment = self.row(request, pk)
        return self.decide(
            request,
            f"Vérifier un paiement : {self.family_named(payment)}",
            CheckForm(request.POST or None),
            partial(check_again, payment=payment),
            purpose=checking(payment),
            done="La vérification est close. L’état du paiement se lit ici.",
            back=self.address("change", payment.pk),
            summary=[
                f"{payment.label} : {euros(payment.cents)} demandés. {payment.mismatch}",
                "Cherchez la session dans Stripe. Si la carte a été débitée, remboursez-la là-bas, ou créditez la famille.",
                "Stripe est interrogé de nouveau : s’il annonce maintenant ce qui était demandé, le paiement est enregistré.",
            ],
            button="Clore la vérification",
        )


@admin.register(StripeEvent)
class StripeEventAdmin(ManagersOnly, DecisionAdmin):
    """Those set aside wait for somebody to look at them."""

    list_display = ["received_at", "type", "target", "handled_at", "tries", "is_set_aside", "error"]
    list_filter = [SetAsideFilter, "type", "received_at"]
    search_fields = ["id", "target", "intent"]
    fields = ["id", "type", "target", "intent", "received_at", "handled_at", "tries", "is_set_aside", "error"]
    change_form_template = "admin/wallet/stripe_event.html"
    pages = {"<slug:pk>/vu/": "look"}
    has_change_permission = ReadOnly.has_change_permission

    def own(self, rows, agent):
        return rows

    def change_view(self, request, object_id, form_url="", extra_context=None):
        event = self.get_object(request, object_id)
        context = {"may_look": event.is_set_aside and not event.handled_at and request.user.has_perm(LOOK)}
        return super().change_view(request, object_id, form_url, context)

    def look(self, request, pk):
        """Note that somebody looked at an event that was set aside."""
        self.require(request, LOOK.partition(".")[2])
        event = self.row(request, pk)
        return self.decide(
            request,
            f"Événement vu : {event}",
            forms.Form(request.POST if request.method == "POST" else None),
            partial(looked_at, event=event),
            purpose=looking(event),
            done="L’événement est noté comme vu.",
            back=self.address("changelist"),
            summary=[
                event.error,
                "Cherchez-le dans Stripe (« Développeurs », « Événements »). Rien n’en a été enregistré ici.",
            ],
            button="C’est vu",
        )
