"""The issuer's settings, ceilings, transports and terms; what it says to managers: news, documents, answers."""

from functools import partial

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.validators import RegexValidator
from django.http import Http404
from django.shortcuts import redirect

from cesu.models import (
    Ceiling,
    HelpRequest,
    Issuer,
    SpaceNews,
    Terms,
    Transport,
    UsefulDocument,
    VoucherOrder,
    issuer,
)
from cesu.orders.actions.documents import publish_document, publishing, read_useful_document, withdraw_document
from cesu.orders.actions.help import answer_help, answering
from cesu.staff import IssuerAdmin, IssuerDecisions, IssuerEdits
from common.admin import BankAccount
from common.documents.kinds import Kind
from common.documents.labels import clean_label
from common.documents.serving import document_response
from common.values.money import euros
from common.values.sepa import compact

SIREN = RegexValidator(r"^[0-9]{9}$", "Un SIREN compte 9 chiffres.")
VAT_NUMBER = RegexValidator(
    r"^FR[0-9A-Z]{2}[0-9]{9}$", "Un numéro de TVA s’écrit FR, une clé de 2 signes, puis le SIREN."
)


class IssuerForm(forms.ModelForm):
    """What invoices need may stay empty until orders open: the work list says so (``Issuer.missing``)."""

    def clean_siren(self):
        return _checked(SIREN, compact(self.cleaned_data["siren"]))

    def clean_vat_number(self):
        return _checked(VAT_NUMBER, compact(self.cleaned_data["vat_number"]))

    def clean_iban(self):
        return compact(self.cleaned_data["iban"])


def _checked(validate, text: str) -> str:
    if text:
        validate(text)
    return text


@admin.register(Issuer)
class IssuerSettings(BankAccount, IssuerAdmin):
    """One row: « Émetteur des CESU » leads straight to it."""

    form = IssuerForm
    fieldsets = [
        ("Identité", {"fields": ["name", "legal_name", "address", "siren", "vat_number"]}),
        ("Où les employeurs virent", {"fields": ["iban", "bic"]}),
        ("Service Clients", {"fields": ["phone", "phone_price", "phone_hours", "email"]}),
        (
            "Commandes",
            {"fields": ["min_face_cents", "max_face_cents", "max_booklets", "max_vouchers", "vat_rate"]},
        ),
    ]

    def has_add_permission(self, request):
        return False

    def get_object(self, request, object_id, from_field=None):
        """The settings; those that nobody wrote yet are the defaults."""
        if object_id != "1":
            raise Http404
        return Issuer.objects.first() or Issuer(pk=1)

    def changelist_view(self, request, extra_context=None):
        if not self.has_view_permission(request):
            raise PermissionDenied
        return redirect("admin:cesu_issuer_change", issuer().pk)


@admin.register(Ceiling)
class CeilingAdmin(IssuerAdmin):
    list_display = ["year", "amount"]

    @admin.display(description="plafond", ordering="cents")
    def amount(self, ceiling):
        return euros(ceiling.cents)


@admin.register(Transport)
class TransportAdmin(IssuerAdmin):
    """A way that is no longer offered is unticked: orders keep its name and the price of their day."""

    list_display = ["name", "business_days", "price", "is_active"]

    @admin.display(description="prix HT", ordering="cents")
    def price(self, transport):
        return euros(transport.cents)


class TermsForm(forms.ModelForm):
    """A version that an order accepted stays as it was read, even if that order came while the page was open."""

    def clean(self):
        super().clean()
        if self.instance.pk and self.changed_data and _is_accepted(self.instance):
            raise ValidationError("Une commande a accepté cette version : publiez-en une nouvelle.")


def _is_accepted(terms: Terms) -> bool:
    """Whether an order names these terms, which are locked against new ones until the transaction ends."""
    Terms.objects.select_for_update().get(pk=terms.pk)
    return VoucherOrder.objects.filter(terms=terms).exists()


@admin.register(Terms)
class TermsAdmin(IssuerAdmin):
    form = TermsForm
    list_display = ["version", "published_on"]

    def has_change_permission(self, request, obj=None):
        accepted = obj is not None and request.method != "POST" and VoucherOrder.objects.filter(terms=obj).exists()
        return not accepted and super().has_change_permission(request, obj)


@admin.register(SpaceNews)
class SpaceNewsAdmin(IssuerAdmin):
    list_display = ["title", "kind", "published_on", "until"]
    list_filter = ["kind"]


# --- « Documents utiles » --------------------------------------------------------------------------------------------
class FileForm(forms.Form):
    file = forms.FileField(label="Fichier PDF", error_messages={"required": "Choisissez un fichier."})


@admin.register(UsefulDocument)
class UsefulDocumentAdmin(IssuerEdits):
    """Its words are edited here; its file is published on a page of its own."""

    list_display = ["title", "rank", "is_offered"]
    fields = ["title", "description", "rank"]
    change_form_template = "admin/cesu/document.html"
    pages = {"<id:pk>/publier/": "publish", "<id:pk>/retirer/": "withdraw", "<id:pk>/telecharger/": "download"}

    @admin.display(description="publié", boolean=True)
    def is_offered(self, document):
        return bool(document.key)

    def publish(self, request, pk):
        """Offer a PDF to the managers."""
        self.require(request, "change_usefuldocument")
        document = self.row(request, pk)
        form = FileForm(request.POST, request.FILES) if request.method == "POST" else FileForm()
        summary = ["Les gestionnaires le téléchargent dans « Documents utiles ». Un nouveau fichier remplace l’ancien."]
        return self._decide(request, document, form, publish_document, "Publier", "Le document est publié.", summary)

    def withdraw(self, request, pk):
        """Offer a document no more."""
        self.require(request, "change_usefuldocument")
        document, form = self.row(request, pk), forms.Form(request.POST if request.method == "POST" else None)
        summary = ["Les gestionnaires ne le verront plus."]
        return self._decide(request, document, form, withdraw_document, "Retirer", "Le document est retiré.", summary)

    def _decide(self, request, document, form, action, word, done, summary):
        return self.decide(
            request,
            f"{word} : {document}",
            form,
            partial(action, document=document),
            purpose=publishing(document),
            done=done,
            back=self.address("change", document.pk),
            summary=summary,
            button=word,
        )

    def download(self, request, pk):
        """The PDF, as managers receive it."""
        self.require(request, "view_usefuldocument")
        document = self.row(request, pk)
        if not document.key:
            raise Http404
        return document_response(read_useful_document(document), clean_label(document.title, Kind.PDF), Kind.PDF)


# --- « Besoin d’aide » -----------------------------------------------------------------------------------------------
class AnswerForm(forms.Form):
    answer = forms.CharField(
        label="Votre réponse, telle que le gestionnaire la lira",
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 8, "cols": 60}),
    )


class AnsweredFilter(admin.SimpleListFilter):
    """What waits unless something else is asked."""

    title, parameter_name = "état", "etat"

    def lookups(self, request, model_admin):
        return [("repondues", "Répondues"), ("toutes", "Toutes")]

    def choices(self, changelist):
        first, *others = super().choices(changelist)
        return [first | {"display": "À répondre"}, *others]

    def queryset(self, request, queryset):
        states = {"repondues": queryset.exclude(answered_at=None), "toutes": queryset}
        return states.get(self.value(), queryset.filter(answered_at=None))


@admin.register(HelpRequest)
class HelpRequestAdmin(IssuerDecisions):
    list_display = ["subject", "employer", "by", "asked_at", "answered_at"]
    list_filter = [AnsweredFilter]
    list_select_related = ["employer", "by"]
    search_fields = ["subject", "employer__name", "employer__client_reference"]
    search_help_text = "Objet, employeur ou référence client"
    fields = ["employer", "asker", "phone", "asked_at", "subject", "message", "answer", "answered_at", "answerer"]
    change_form_template = "admin/cesu/help_request.html"
    pages = {"<id:pk>/repondre/": "answer"}

    @admin.display(description="par")
    def asker(self, asked):
        return str(asked.by)

    @admin.display(description="répondu par")
    def answerer(self, asked):
        return str(asked.answered_by or "")

    def answer(self, request, pk):
        """Answer a manager, by email."""
        self.require(request, "change_helprequest")
        asked = self.row(request, pk)
        return self.decide(
            request,
            f"Répondre : {asked}",
            AnswerForm(request.POST or None),
            partial(answer_help, request=asked),
            purpose=answering(asked),
            done="La réponse est partie par e-mail.",
            back=self.address("changelist"),
            summary=[f"{asked.by}, {asked.employer}, demande :", *asked.message.splitlines()],
            button="Envoyer la réponse",
        )
