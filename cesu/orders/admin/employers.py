"""Employers as the issuer's staff knows them: details, contracts, managers, invoices, money; who asks for a space."""

from functools import partial

from django import forms
from django.contrib import admin
from django.core.paginator import Paginator
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.html import format_html

from cesu.models import ActivationRequest, Contract, Employer, Invoice, Manager
from cesu.orders.actions import contracts
from cesu.orders.actions.access import activation, managers
from cesu.orders.actions.payments import credit_employer, crediting
from cesu.orders.forms.issuer import AcceptForm, ContractForm, EmployerForm, OldInvoiceForm, ReasonForm, TransferForm
from cesu.orders.reads.contracts import contract_of
from cesu.rules.people import bare
from cesu.staff import IssuerDecisions, IssuerEdits
from common.admin import ReadOnlyRows
from common.values.money import bare_euros, euros
from wallet.reads.statements import statement as operations_of

PAGE = 50


class ContractRows(ReadOnlyRows):
    model = Contract
    fields = ["starts_on", "fees", "least", "credit", "payment_days"]
    readonly_fields = ["fees", "least", "credit"]

    @admin.display(description="frais de service")
    def fees(self, contract):
        return f"{bare_euros(contract.fee_rate)} %"

    @admin.display(description="frais minimum")
    def least(self, contract):
        return euros(contract.min_fee_cents)

    @admin.display(description="encours accordé")
    def credit(self, contract):
        return euros(contract.credit_cents)


class ManagerRows(ReadOnlyRows):
    model = Manager
    fields = ["name", "identifier", "email", "is_primary", "activated_at", "removed_at", "deeds"]
    readonly_fields = ["name", "identifier", "deeds"]

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("user")

    @admin.display(description="nom")
    def name(self, manager):
        return str(manager)

    @admin.display(description="identifiant")
    def identifier(self, manager):
        return manager.user.identifier

    @admin.display(description="actions")
    def deeds(self, manager):
        if manager.removed_at:
            return ""
        link = reverse("admin:cesu_employer_link", args=[manager.pk])
        retire = reverse("admin:cesu_employer_retire", args=[manager.pk]) if manager.is_primary else ""
        return format_html(
            '<a href="{}">Envoyer un nouveau lien</a>' + ('<br><a href="{}">Retirer</a>' if retire else "{}"),
            link,
            retire,
        )


class InvoiceRows(ReadOnlyRows):
    model = Invoice
    fields = ["number", "issued_on", "amount", "due_on", "credits"]
    readonly_fields = ["amount"]

    @admin.display(description="montant TTC")
    def amount(self, invoice):
        return euros(invoice.cents)


def _no_form(request):
    """The form of a page that only asks for a confirmation."""
    return forms.Form(request.POST if request.method == "POST" else None)


@admin.register(Employer)
class EmployerAdmin(IssuerEdits):
    """Created, contracted, invoiced and credited on pages of their own; only the details are edited here."""

    form = EmployerForm
    list_display = ["name", "client_reference", "city", "balance"]
    list_select_related = ["account__balance"]
    list_per_page = 50
    search_fields = ["name", "client_reference", "siret", "city"]
    search_help_text = "Raison sociale, référence client, SIRET ou ville"
    fields = ["client_reference", "name", "siret", "address", "postcode", "city", "email", "balance"]
    readonly_fields = ["client_reference", "balance"]
    inlines = [ContractRows, ManagerRows, InvoiceRows]
    change_form_template = "admin/cesu/employer.html"
    pages = {
        "<id:pk>/contrat/": "contract",
        "<id:pk>/facture/": "invoice",
        "<id:pk>/virement/": "credit",
        "<id:pk>/releve/": "statement",
        "gestionnaires/<id:pk>/lien/": "link",
        "gestionnaires/<id:pk>/retirer/": "retire",
    }

    @admin.display(description="solde", ordering="account__balance__cents")
    def balance(self, employer):
        return euros(employer.account.balance.cents)

    def add_view(self, request, form_url="", extra_context=None):
        """A new employer: its account and a first contract come with it."""
        self.require(request, "add_employer")
        return self.decide(
            request,
            "Créer : employeur",
            EmployerForm(request.POST or None),
            contracts.create_employer,
            purpose=contracts.NEW,
            done="L’employeur est créé. Notez maintenant son contrat et ses dernières factures sur sa page.",
            back=self.address("changelist"),
            summary=["Son compte et un premier contrat, sans encours, sont créés avec lui."],
            button="Créer l’employeur",
        )

    def contract(self, request, pk):
        """« Nouveau contrat », from today on or later."""
        employer = self._employer(request, pk)
        form = ContractForm(request.POST or None, initial=ContractForm.known(contract_of(employer)))
        action = partial(contracts.set_contract, employer=employer)
        summary = ["Les commandes déjà validées gardent leurs frais. L’encours suit le contrat dès son premier jour."]
        words = ("Nouveau contrat", "Le contrat est enregistré.", summary, "Enregistrer ce contrat")
        return self._decide(request, employer, form, action, contracts.contracting(employer), *words)

    def invoice(self, request, pk):
        """An invoice of before the portal, with which the employer signs up."""
        employer, form = self._employer(request, pk), OldInvoiceForm(request.POST or None)
        action = partial(contracts.note_invoice, employer=employer)
        summary = ["Une facture d’avant le portail : l’employeur s’inscrit avec l’une de ses trois dernières."]
        words = ("Noter une facture", "La facture est enregistrée.", summary, "Enregistrer la facture")
        return self._decide(request, employer, form, action, contracts.invoicing(employer), *words)

    def credit(self, request, pk):
        """« Noter un virement reçu »."""
        employer, form = self._employer(request, pk), TransferForm(request.POST or None)
        action = partial(credit_employer, employer=employer)
        summary = [f"Solde : {self.balance(employer)}. Les commandes qui attendent ce paiement partent en fabrication."]
        words = ("Noter un virement reçu", "Le virement est enregistré.", summary, "Enregistrer le virement")
        return self._decide(request, employer, form, action, crediting(employer), *words)

    def statement(self, request, pk):
        """What the employer paid in and what its orders cost."""
        self.require(request, "view_employer")
        employer = self.row(request, pk)
        lines = Paginator(operations_of(employer.account_id), PAGE).get_page(request.GET.get("page"))
        context = {"employer": employer, "lines": lines, "back": self.address("change", pk)}
        return self.page(request, "cesu/statement", f"Relevé : {employer}", **context)

    def link(self, request, pk):
        """« Envoyer un nouveau lien » to a manager."""
        manager = self._manager(request, pk)
        action = partial(managers.send_link, manager=manager)
        summary = [f"{manager.user}, identifiant {manager.user.identifier}, reçoit le lien à {manager.email}."]
        words = ("Envoyer un nouveau lien", "Le lien est parti.", summary, "Envoyer le lien")
        return self._decide(request, manager.employer, _no_form(request), action, managers.resending(manager), *words)

    def retire(self, request, pk):
        """Close the primary manager's account: the next one signs up with the client reference."""
        manager = get_object_or_404(Manager.objects.filter(is_primary=True), pk=self._manager(request, pk).pk)

        def action(**said):
            managers.retire_primary(manager=manager, **said)
            return manager

        summary = [f"{manager.user} ne pourra plus se connecter. Le suivant s’inscrit avec la référence client."]
        words = ("Retirer le gestionnaire principal", "Le gestionnaire est retiré.", summary, "Retirer")
        return self._decide(request, manager.employer, _no_form(request), action, managers.removal(manager), *words)

    def _employer(self, request, pk) -> Employer:
        self.require(request, "change_employer")
        return self.row(request, pk)

    def _manager(self, request, pk) -> Manager:
        self.require(request, "change_employer")
        return get_object_or_404(Manager.objects.select_related("user", "employer"), pk=pk)

    def _decide(self, request, employer, form, action, purpose, title, done, summary, button):
        shown = {"done": done, "summary": summary, "button": button, "back": self.address("change", employer.pk)}
        return self.decide(request, f"{title} : {employer}", form, action, purpose=purpose, **shown)


# --- « Inscriptions en ligne » -----------------------------------------------------------------------------------------
class RequestFilter(admin.SimpleListFilter):
    """What waits unless something else is asked."""

    title, parameter_name = "état", "etat"

    def lookups(self, request, model_admin):
        return [*ActivationRequest.Status.choices[1:], ("toutes", "Toutes")]

    def choices(self, changelist):
        first, *others = super().choices(changelist)
        return [first | {"display": "À vérifier"}, *others]

    def queryset(self, request, queryset):
        if self.value() == "toutes":
            return queryset
        return queryset.filter(status=self.value() or ActivationRequest.Status.PENDING)


@admin.register(ActivationRequest)
class ActivationRequestAdmin(IssuerDecisions):
    """Who asked for a space with data that were not all right, the oldest first."""

    list_display = ["__str__", "invoice_number", "email", "asked_at", "status"]
    list_filter = [RequestFilter]
    search_fields = ["client_reference", "last_name", "email", "invoice_number"]
    search_help_text = "Référence client, nom, adresse e-mail ou n° de facture"
    readonly_fields = ["known", "decider"]
    fields = [
        "client_reference",
        "known",
        "invoice_number",
        ("first_name", "last_name"),
        ("email", "phone"),
        "asked_at",
        "status",
        ("decided_at", "decider"),
        "employer",
        "reason",
    ]
    change_form_template = "admin/cesu/activation_request.html"
    pages = {"<id:pk>/accepter/": "accept", "<id:pk>/refuser/": "refuse"}

    @admin.display(description="décidée par")
    def decider(self, asked):
        return str(asked.decided_by or "")

    @admin.display(description="employeur de cette référence")
    def known(self, asked):
        """Who has this reference and its last invoices, to compare with what was typed."""
        employer = Employer.objects.filter(client_reference__iexact=bare(asked.client_reference)).first()
        if employer is None:
            return "Aucun employeur n’a cette référence."
        numbers = ", ".join(each.number for each in Invoice.objects.last_of(employer)) or "aucune"
        return f"{employer} – dernières factures : {numbers}"

    def accept(self, request, pk):
        """Open the space of an employer to who asked."""
        asked = self._asked(request, pk)
        form = AcceptForm(request.POST or None, initial={"client_reference": asked.client_reference})
        done = "L’espace est ouvert : la personne reçoit un lien pour choisir son mot de passe."
        return self._decide(request, asked, form, activation.accept_activation, "Accepter", done)

    def refuse(self, request, pk):
        """Refuse, with a reason."""
        asked, form = self._asked(request, pk), ReasonForm(request.POST or None)
        done = "L’inscription est refusée et la personne prévenue."
        return self._decide(request, asked, form, activation.refuse_activation, "Refuser", done)

    def _asked(self, request, pk) -> ActivationRequest:
        self.require(request, "change_activationrequest")
        return self.row(request, pk)

    def _decide(self, request, asked, form, action, word, done):
        def act(**said):
            action(request=asked, **said)
            return asked

        summary = [
            f"{asked.first_name} {asked.last_name}, {asked.email}, a écrit : référence client {asked.client_reference}, "
            f"facture {asked.invoice_number}.",
            f"{self.known(asked)}.",
        ]
        return self.decide(
            request,
            f"{word} : {asked}",
            form,
            act,
            purpose=activation.decision(asked),
            done=done,
            back=self.address("changelist"),
            summary=summary,
            button=f"{word} l’inscription",
        )
