"""Employers (financeurs), their contracts and invoices, the managers who order for them."""

import pghistory
from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone

from common.values.dates import date_short
from common.values.money import euros
from wallet.models import Account

OURS = r"^F[0-9]{4}-[0-9]{6}$"  # what ``new_invoice_number`` gives: nobody types such a one


class EmployerQuerySet(models.QuerySet):
    def of(self, user):
        """The employer for which a person orders, while they do."""
        return self.filter(managers__user=user, managers__removed_at=None)

    def locked(self):
        """The same, locked until the transaction ends; what they are joined to is not."""
        return self.select_for_update(of=("self",), no_key=True)


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), model_name="EmployerEvent")
class Employer(models.Model):
    """Financeur: who orders vouchers for their staff. ``account`` is the money it paid in and has not spent."""

    client_reference = models.CharField("référence client", max_length=20, unique=True)
    name = models.CharField("raison sociale", max_length=120)
    siret = models.CharField("SIRET", max_length=14, blank=True)
    address = models.CharField("adresse", max_length=200, blank=True)
    postcode = models.CharField("code postal", max_length=5, blank=True)
    city = models.CharField("ville", max_length=80, blank=True)
    email = models.EmailField("adresse e-mail de facturation", blank=True)
    account = models.OneToOneField(Account, models.PROTECT, related_name="employer", verbose_name="compte")
    created_at = models.DateTimeField("créé le", default=timezone.now)
    objects = EmployerQuerySet.as_manager()

    class Meta:
        verbose_name = "employeur"
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(client_reference=""),
                name="employer_has_a_reference",
                violation_error_message="Un employeur a une référence client.",
            )
        ]

    def __str__(self):
        return self.name


class ContractQuerySet(models.QuerySet):
    def on(self, day):
        """The contracts that have begun on a day, the one in force first."""
        return self.filter(starts_on__lte=day).order_by("-starts_on", "-pk")


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), model_name="ContractEvent")
class Contract(models.Model):
    """Contrat: from a date on, what the service costs an employer and whether it may order before it pays.

    ``fee_rate`` in basis points of the face value (150 = 1,50 %), ``min_fee_cents`` and ``credit_cents`` in cents,
    ``payment_days`` after the invoice.
    """

    employer = models.ForeignKey(Employer, models.PROTECT, related_name="contracts", verbose_name="employeur")
    starts_on = models.DateField("à partir du", default=timezone.localdate)
    fee_rate = models.PositiveSmallIntegerField("frais de service, en points de base", default=0)
    min_fee_cents = models.PositiveIntegerField("frais minimum par commande, en centimes", default=0)
    credit_cents = models.PositiveBigIntegerField(
        "encours accordé, en centimes", default=0, help_text="0 : la fabrication attend le paiement."
    )
    payment_days = models.PositiveSmallIntegerField("délai de paiement, en jours", default=0)
    objects = ContractQuerySet.as_manager()

    class Meta:
        verbose_name = "contrat"
        ordering = ["-starts_on", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["employer", "starts_on"],
                name="one_contract_per_employer_and_day",
                violation_error_message="Cet employeur a déjà un contrat à partir de ce jour.",
            ),
            models.CheckConstraint(
                condition=Q(fee_rate__lte=10000),
                name="contract_fee_rate_is_a_share",
                violation_error_message="Les frais de service sont d’au plus 100 %.",
            ),
        ]

    def __str__(self):
        return f"{self.employer} à partir du {date_short(self.starts_on)}"


class ManagerQuerySet(models.QuerySet):
    def of(self, user):
        """The managers of a manager's own employer."""
        return self.filter(employer__managers__user=user, employer__managers__removed_at=None)

    def current(self):
        """Those who were not removed."""
        return self.filter(removed_at=None)


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), model_name="ManagerEvent")
class Manager(models.Model):
    """Gestionnaire: a person who orders for an employer, under an identifier of their own.

    The primary one signs in with the client reference and invites the secondary ones. ``email`` receives what concerns
    the space: it may serve another account of the portal too.
    """

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="manager", verbose_name="compte usager"
    )
    employer = models.ForeignKey(Employer, models.PROTECT, related_name="managers", verbose_name="employeur")
    email = models.EmailField("adresse e-mail")
    is_primary = models.BooleanField("gestionnaire principal", default=False)
    created_at = models.DateTimeField("créé le", default=timezone.now)
    activated_at = models.DateTimeField("mot de passe choisi le", null=True, blank=True)
    removed_at = models.DateTimeField("retiré le", null=True, blank=True)
    objects = ManagerQuerySet.as_manager()

    class Meta:
        verbose_name = "gestionnaire"
        ordering = ["-is_primary", "user__last_name", "user__first_name"]
        constraints = [
            models.UniqueConstraint(
                fields=["employer"],
                condition=Q(is_primary=True, removed_at=None),
                name="one_primary_manager_per_employer",
                violation_error_message="Cet employeur a déjà un gestionnaire principal.",
            )
        ]

    def __str__(self):
        return str(self.user)


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), model_name="ActivationRequestEvent")
class ActivationRequest(models.Model):
    """Inscription en ligne: somebody asks for the space of an employer; right data open it, an agent decides the rest.

    What was typed is kept as typed; ``employer`` is who it turned out to be.
    """

    class Status(models.TextChoices):
        PENDING = "pending", "À vérifier"
        ACCEPTED = "accepted", "Acceptée"
        REFUSED = "refused", "Refusée"

    ARROWS = {Status.PENDING: {Status.ACCEPTED, Status.REFUSED}}

    client_reference = models.CharField("référence client", max_length=40)
    invoice_number = models.CharField("n° de facture", max_length=40)
    first_name = models.CharField("prénom", max_length=80)
    last_name = models.CharField("nom", max_length=80)
    email = models.EmailField("adresse e-mail")
    phone = models.CharField("téléphone", max_length=30, blank=True)
    employer = models.ForeignKey(Employer, models.PROTECT, null=True, blank=True, verbose_name="employeur")
    status = models.CharField("état", max_length=8, choices=Status.choices, default=Status.PENDING)
    asked_at = models.DateTimeField("demandée le", default=timezone.now)
    decided_at = models.DateTimeField("décidée le", null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="décidée par",
        help_text="Vide : les données concordaient.",
    )
    reason = models.CharField("motif du refus", max_length=200, blank=True)

    class Meta:
        verbose_name = "inscription en ligne"
        verbose_name_plural = "inscriptions en ligne"
        ordering = ["asked_at", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(status="pending", decided_at=None) | ~Q(status="pending") & Q(decided_at__isnull=False),
                name="activation_request_decision_is_dated",
            ),
            models.CheckConstraint(
                condition=~Q(status="accepted") | Q(employer__isnull=False), name="activation_accepted_for_an_employer"
            ),
            models.CheckConstraint(
                condition=~Q(status="refused") | ~Q(reason=""),
                name="activation_refused_with_reason",
                violation_error_message="Un refus a toujours un motif.",
            ),
        ]

    def __str__(self):
        return f"{self.first_name} {self.last_name}, {self.client_reference}"


class InvoiceQuerySet(models.QuerySet):
    def of(self, user):
        return self.filter(employer__in=Employer.objects.of(user))

    def last_of(self, employer):
        """« l’une de vos trois dernières factures » (S0-10)."""
        return self.filter(employer=employer, credits=None).order_by("-issued_on", "-pk")[:3]


class Invoice(models.Model):
    """Facture: of an order, or of before the portal. Amounts in cents; the face value bears no VAT.

    One that ``credits`` another is its avoir: the same amount, given back.
    """

    number = models.CharField(
        "numéro",
        max_length=40,
        unique=True,
        validators=[
            RegexValidator(OURS, "Les numéros comme F2026-000001 sont donnés par le portail.", inverse_match=True)
        ],
    )
    employer = models.ForeignKey(Employer, models.PROTECT, related_name="invoices", verbose_name="employeur")
    issued_on = models.DateField("date", default=timezone.localdate)
    cents = models.PositiveBigIntegerField("montant TTC, en centimes")
    due_on = models.DateField("à payer avant le", null=True, blank=True)
    credits = models.OneToOneField(
        "self", models.PROTECT, null=True, blank=True, related_name="credit_note", verbose_name="avoir de"
    )
    objects = InvoiceQuerySet.as_manager()

    class Meta:
        verbose_name = "facture"
        ordering = ["-issued_on", "-pk"]
        indexes = [models.Index(fields=["employer", "-issued_on"], name="invoice_latest")]

    def __str__(self):
        return f"{self.number} – {euros(self.cents)}"


class Numbering(models.Model):
    """The last number given, by what is numbered and year: read and moved under its lock, so that none is missing."""

    class Kind(models.TextChoices):
        ORDER = "order", "commandes"
        INVOICE = "invoice", "factures"
        VOUCHER = "voucher", "titres"

    kind = models.CharField(max_length=8, choices=Kind.choices)
    year = models.PositiveSmallIntegerField()
    last = models.BigIntegerField(default=0)

    class Meta:
        verbose_name = "numérotation"
        constraints = [models.UniqueConstraint(fields=["kind", "year"], name="one_numbering_per_kind_and_year")]

    def __str__(self):
        return f"{self.get_kind_display()} {self.year} : {self.last}"


class HelpRequest(models.Model):
    """« Besoin d’aide » (S0-78): what a manager asks of the Service Clients, and its answer by email."""

    employer = models.ForeignKey(Employer, models.PROTECT, related_name="help_requests", verbose_name="employeur")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="par")
    subject = models.CharField("objet", max_length=120)
    message = models.TextField("message")
    phone = models.CharField("téléphone", max_length=30, blank=True)
    asked_at = models.DateTimeField("demandé le", default=timezone.now)
    answer = models.TextField("réponse", blank=True)
    answered_at = models.DateTimeField("répondu le", null=True, blank=True)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="répondu par"
    )

    class Meta:
        verbose_name = "demande d’aide"
        verbose_name_plural = "demandes d’aide"
        ordering = ["asked_at", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(answered_at=None, answer="") | Q(answered_at__isnull=False) & ~Q(answer=""),
                name="help_request_answered_with_words",
                violation_error_message="Une réponse n’est jamais vide.",
            )
        ]

    def __str__(self):
        return self.subject
