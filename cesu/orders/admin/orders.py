"""Orders as the issuer's staff follows them: waiting for money, made, sent, arrived, cancelled; the titles themselves."""

from django import forms
from django.contrib import admin
from django.db.models import F, Sum
from django.http import HttpResponse, HttpResponseNotAllowed
from django.utils.http import content_disposition_header

from cesu.models import Fabrication, Form, Opposition, Voucher, VoucherOrder
from cesu.orders.actions import dispatch
from cesu.staff import IssuerDecisions
from common.values.dates import date_short
from common.values.money import euros

Status = VoucherOrder.Status
STATES = {
    "a-payer": ("Prises en charge, en attente de paiement", {"status": Status.TAKEN}),
    "en-fabrication": ("En fabrication", {"status": Status.MAKING, "made_at": None}),
    "a-expedier": ("À expédier", {"status": Status.MAKING, "made_at__isnull": False}),
    "expediees": ("Expédiées", {"status": Status.SHIPPED}),
    "livrees": ("Livrées", {"status": Status.DELIVERED}),
    "annulees": ("Annulées", {"status": Status.CANCELLED}),
}


class StateFilter(admin.SimpleListFilter):
    """Where an order stands, its money included: one that is taken in charge waits for it."""

    title, parameter_name = "état", "etat"

    def lookups(self, request, model_admin):
        return [(word, label) for word, (label, _) in STATES.items()]

    def queryset(self, request, queryset):
        return queryset.filter(**STATES[self.value()][1]) if self.value() in STATES else queryset


class ShipForm(forms.Form):
    tracking = forms.CharField(label="N° de suivi du colis", max_length=60, required=False)


class CancelForm(forms.Form):
    reason = forms.CharField(label="Motif, tel que le gestionnaire le lira", max_length=dispatch.MAX_REASON)


@admin.register(VoucherOrder)
class VoucherOrderAdmin(IssuerDecisions):
    """Orders that were placed; drafts are the managers' own."""

    list_display = ["__str__", "employer", "placed_at", "delivery_on", "titles", "total", "state"]
    list_filter = [StateFilter, "means", "delivery_on", ("employer", admin.RelatedOnlyFieldListFilter)]
    list_select_related = ["employer"]
    list_per_page = 50
    search_fields = ["number", "employer__name", "employer__client_reference", "invoice__number", "tracking"]
    search_help_text = "N° de commande, de facture ou de suivi, employeur ou référence client"
    fieldsets = [
        (None, {"fields": ["number", "employer", "placer", "placed_at", "state", "means", "invoice", "terms"]}),
        ("Titres", {"fields": ["asked", "titles"]}),
        ("Montants", {"fields": ["face", "fee", "shipping", "vat", "total"]}),
        (
            "Livraison",
            {"fields": ["transport", "delivery_on", "delivery_chosen_on", "shipped_at", "tracking", "delivered_at"]},
        ),
        ("Fabrication", {"fields": ["making_at", "made_at", "fabrication"]}),
        ("Annulation", {"fields": ["cancelled_at", "canceller", "cancel_reason"]}),
    ]
    change_form_template = "admin/cesu/order.html"
    pages = {"<id:pk>/expedier/": "ship", "<id:pk>/livrer/": "deliver", "<id:pk>/annuler/": "cancel"}

    def get_queryset(self, request):
        count = Sum(F("lines__booklets") * F("lines__vouchers"), default=0)
        return super().get_queryset(request).placed().annotate(asked_titles=count)

    @admin.display(description="nombre de titres", ordering="asked_titles")
    def titles(self, order):
        return order.asked_titles

    @admin.display(description="total TTC", ordering="total_cents")
    def total(self, order):
        return euros(order.total_cents)

    @admin.display(description="valeur des titres")
    def face(self, order):
        return euros(order.face_cents)

    @admin.display(description="frais de service HT")
    def fee(self, order):
        return euros(order.fee_cents)

    @admin.display(description="transport HT")
    def shipping(self, order):
        return euros(order.shipping_cents)

    @admin.display(description="TVA")
    def vat(self, order):
        return euros(order.vat_cents)

    @admin.display(description="état", ordering="status")
    def state(self, order):
        if order.status == Status.TAKEN:
            return "Prise en charge, à payer"
        return (
            "Fabriquée, à expédier" if order.status == Status.MAKING and order.made_at else order.get_status_display()
        )

    @admin.display(description="commandé")
    def asked(self, order):
        groups = (
            order.lines.order_by("form", "face_cents")
            .values("form", "face_cents")
            .annotate(booklets_asked=Sum("booklets"), titles_asked=Sum(F("booklets") * F("vouchers")))
        )
        return " ; ".join(
            f"{Form(each['form']).label}, {euros(each['face_cents'])} : {each['titles_asked']} titres"
            f" en {each['booklets_asked']} carnet{'s' if each['booklets_asked'] > 1 else ''}"
            for each in groups
        )

    @admin.display(description="passée par")
    def placer(self, order):
        return str(order.by)

    @admin.display(description="annulée par")
    def canceller(self, order):
        return str(order.cancelled_by or "")

    def ship(self, request, pk):
        """« Expédier »: the parcel has left."""
        form = ShipForm(request.POST or None)
        done = "La commande est expédiée et le gestionnaire prévenu."
        return self._decide(request, pk, form, dispatch.ship_order, "ship", "Expédier", done)

    def deliver(self, request, pk):
        """« Marquer livrée »."""
        form = forms.Form(request.POST if request.method == "POST" else None)
        return self._decide(request, pk, form, dispatch.deliver_order, "deliver", "Marquer livrée", "Livrée.")

    def cancel(self, request, pk):
        """« Annuler » before it is made, with a credit note."""
        form = CancelForm(request.POST or None)
        done = "La commande est annulée, l’avoir émis et le gestionnaire prévenu."
        return self._decide(request, pk, form, dispatch.cancel_order, "cancel", "Annuler la commande", done)

    def _decide(self, request, pk, form, action, what, word, done):
        self.require(request, "change_voucherorder")
        order = self.row(request, pk)

        def act(**said):
            action(order=order, **said)
            return order

        summary = [f"{order.employer}, {order.asked_titles} titres, {euros(order.total_cents)}. {self.state(order)}."]
        return self.decide(
            request,
            f"{word} : {order}",
            form,
            act,
            purpose=dispatch.deciding(order, what),
            done=done,
            back=self.address("change", order.pk),
            summary=summary,
            button=word,
        )


@admin.register(Fabrication)
class FabricationAdmin(IssuerDecisions):
    list_display = ["order", "employer", "vintage", "started_at", "finished_at", "vouchers"]
    list_filter = ["vintage", "started_at"]
    list_select_related = ["order__employer"]
    search_fields = ["order__number", "order__employer__name"]
    search_help_text = "N° de commande ou employeur"
    fields = ["order", "employer", "vintage", "started_at", "finished_at", "vouchers"]
    change_form_template = "admin/cesu/fabrication.html"
    pages = {"<id:pk>/fichier/": "download"}

    def get_queryset(self, request):
        return super().get_queryset(request).defer("file")

    @admin.display(description="employeur", ordering="order__employer__name")
    def employer(self, batch):
        return batch.order.employer

    def change_view(self, request, object_id, form_url="", extra_context=None):
        has_file = Fabrication.objects.filter(pk=self.get_object(request, object_id).pk, file__isnull=False).exists()
        return super().change_view(request, object_id, form_url, {"has_file": has_file} | (extra_context or {}))

    def download(self, request, pk):
        """The printer's file, the same to the byte each time; by POST, since each download is inscribed."""
        self.require(request, "change_fabrication")
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        batch = self.row(request, pk)
        self.log_change(request, batch, "Fichier de l’imprimeur téléchargé.")
        headers = {
            "Content-Disposition": content_disposition_header(True, f"titres-{batch.order}.csv"),
            "Cache-Control": "private, no-store",
        }
        return HttpResponse(bytes(batch.file or b""), content_type="text/csv; charset=utf-8", headers=headers)


@admin.register(Opposition)
class OppositionAdmin(IssuerDecisions):
    list_display = ["__str__", "employer", "reason", "at", "by", "stopped"]
    list_filter = ["reason", "at"]
    list_select_related = ["employer", "by"]
    search_fields = ["employer__name", "employer__client_reference"]
    search_help_text = "Employeur ou référence client"
    fields = ["employer", "first", "last", "reason", "at", "declarer", "stopped"]

    @admin.display(description="déclarée par")
    def declarer(self, opposition):
        return str(opposition.by)

    @admin.display(description="titres")
    def stopped(self, opposition):
        return opposition.vouchers.count()


@admin.register(Voucher)
class VoucherAdmin(IssuerDecisions):
    """A title is looked up by its number: there are millions, none is listed otherwise."""

    list_display = ["__str__", "order", "holder", "worth", "stopped"]
    list_select_related = ["line__order__employer", "line__beneficiary__holder", "opposition"]
    list_display_links = None
    search_fields = ["number"]
    search_help_text = "Numéro du titre, ses 12 chiffres"
    fields = ["number", "order", "holder", "booklet", "worth", "stopped"]

    def get_search_results(self, request, queryset, search_term):
        number = "".join(search_term.split())
        wanted = int(number) if number.isascii() and number.isdecimal() and len(number) <= 12 else 0
        return queryset.filter(number=wanted), False

    @admin.display(description="commande")
    def order(self, voucher):
        return f"{voucher.line.order}, {voucher.line.order.employer}"

    @admin.display(description="bénéficiaire")
    def holder(self, voucher):
        return voucher.line.beneficiary

    @admin.display(description="valeur faciale")
    def worth(self, voucher):
        return euros(voucher.line.face_cents)

    @admin.display(description="opposition")
    def stopped(self, voucher):
        return (
            f"{voucher.opposition.get_reason_display()}, {date_short(voucher.opposition.at)}"
            if voucher.opposition
            else ""
        )
