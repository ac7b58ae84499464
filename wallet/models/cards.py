"""Payments by card: what was asked of Stripe, what Stripe says happened (docs/money.md, « Cards »)."""

import uuid

import pghistory
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from common.values.money import euros
from families.models import Family
from wallet.models.ledger import Account, Operation


class CardPaymentQuerySet(models.QuerySet):
    def of(self, user):
        """The payments a guardian answers for: those of their family, whoever paid."""
        return self.filter(family__guardians__user=user)

    def of_agent(self, agent):
        return self.filter(family__in=Family.objects.of_agent(agent))

    def going(self):
        """Those whose end is not known yet."""
        return self.filter(status__in=CardPayment.GOING)

    def assumed(self):
        """Those that were ended while Stripe was silent: it may yet tell that they were paid."""
        return self.filter(status=CardPayment.Status.EXPIRED).exclude(url="")

    def to_check(self):
        """Those that an agent has to look at."""
        return self.filter(status=CardPayment.Status.TO_CHECK)

    def unsettled(self):
        """Those that ended, but whose purpose has not been served yet."""
        return self.exclude(status__in=CardPayment.GOING).filter(settled_at=None)


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), model_name="CardPaymentEvent")
class CardPayment(models.Model):
    """Paiement par carte: money asked of Stripe for the accounts of its lines. Never from paid back to anything.

    ``url`` is emptied once Stripe itself has told the end. ``purpose`` is opaque here (``topup``, ``topup:/page/``, ``cart:12``): the
    app that named it registered what follows (wallet/purposes.py); ``settled_at`` says that it was done for the end
    that was reached. ``to_check``: what Stripe shows is not what was asked (``mismatch``); no money moved here, what was
    held is free, and an agent looks at it.
    """

    class Status(models.TextChoices):
        CREATED = "created", "En préparation"
        OPEN = "open", "Page de paiement ouverte"
        PAID = "paid", "Payé"
        EXPIRED = "expired", "Abandonné"
        TO_CHECK = "to_check", "À vérifier"

    GOING = (Status.CREATED, Status.OPEN)
    ARROWS = {
        Status.CREATED: {Status.OPEN, Status.PAID, Status.EXPIRED, Status.TO_CHECK},
        Status.OPEN: {Status.PAID, Status.EXPIRED, Status.TO_CHECK},
        Status.EXPIRED: {Status.PAID, Status.TO_CHECK},
        Status.TO_CHECK: {Status.PAID, Status.EXPIRED},
    }

    reference = models.UUIDField("référence", unique=True, default=uuid.uuid4, editable=False)
    purpose = models.CharField("objet", max_length=80)
    family = models.ForeignKey(
        Family, models.PROTECT, null=True, blank=True, related_name="card_payments", verbose_name="famille"
    )
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="par")
    label = models.CharField("libellé", max_length=200)
    cents = models.PositiveIntegerField("montant, en centimes")
    email = models.EmailField("adresse du reçu", blank=True)
    status = models.CharField("état", max_length=8, choices=Status.choices, default=Status.CREATED)
    created_at = models.DateTimeField("demandé le", default=timezone.now)
    expires_at = models.DateTimeField("expire le")
    paid_at = models.DateTimeField("payé le", null=True, blank=True)
    settled_at = models.DateTimeField("suite donnée le", null=True, blank=True)
    session = models.CharField("session de Stripe", max_length=120, blank=True)
    url = models.URLField("page de paiement", max_length=1000, blank=True)
    intent = models.CharField("paiement de Stripe", max_length=120, blank=True)
    mismatch = models.CharField("écart avec Stripe", max_length=300, blank=True)
    checked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="vérifié par"
    )
    checked_note = models.CharField("suite de la vérification", max_length=200, blank=True)
    operation = models.OneToOneField(
        Operation, models.PROTECT, null=True, blank=True, related_name="card_payment", verbose_name="opération"
    )
    objects = CardPaymentQuerySet.as_manager()

    class Meta:
        verbose_name = "paiement par carte"
        verbose_name_plural = "paiements par carte"
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["family"],
                condition=Q(status__in=["created", "open"]),
                name="one_open_card_payment_per_family",
                violation_error_message="Un paiement par carte est déjà en cours.",
            ),
            models.UniqueConstraint(
                fields=["session"], condition=~Q(session=""), name="card_payment_session_is_unique"
            ),
            models.CheckConstraint(
                condition=Q(cents__gte=50),
                name="card_payment_is_not_below_50_cents",
                violation_error_message="Un paiement par carte est d’au moins 0,50 €.",
            ),
            models.CheckConstraint(
                condition=Q(status="paid", paid_at__isnull=False, operation__isnull=False)
                | ~Q(status="paid") & Q(paid_at=None, operation=None),
                name="card_payment_is_paid_with_its_operation",
            ),
            models.CheckConstraint(
                condition=~Q(status="open") | ~Q(session="") & ~Q(url=""), name="card_payment_open_has_its_page"
            ),
            models.CheckConstraint(
                condition=Q(settled_at=None) | Q(status__in=["paid", "expired", "to_check"]),
                name="card_payment_settled_once_ended",
            ),
            models.CheckConstraint(
                condition=~Q(status="to_check") | ~Q(mismatch=""), name="card_payment_to_check_says_why"
            ),
        ]
        indexes = [
            models.Index(
                fields=["expires_at"], name="card_payment_unfinished", condition=~Q(status="paid") & Q(settled_at=None)
            ),
            models.Index(fields=["intent"], name="card_payment_intent", condition=~Q(intent="")),
        ]

    def __str__(self):
        return f"{self.get_status_display()} – {euros(self.cents)}"

    @property
    def is_going(self) -> bool:
        """Whether its end is not known yet."""
        return self.status in self.GOING

    @property
    def is_top_up(self) -> bool:
        """Whether it credits a wallet and nothing follows; what stands after « topup: » is the page to go back to."""
        return self.purpose.partition(":")[0] == "topup"


class CardPaymentLine(models.Model):
    """The account that a part of a card payment credits, in cents."""

    payment = models.ForeignKey(CardPayment, models.PROTECT, related_name="lines", verbose_name="paiement")
    account = models.ForeignKey(Account, models.PROTECT, related_name="+", verbose_name="compte")
    cents = models.PositiveIntegerField("montant, en centimes")

    class Meta:
        verbose_name = "compte crédité"
        verbose_name_plural = "comptes crédités"
        ordering = ["account"]
        constraints = [
            models.UniqueConstraint(fields=["payment", "account"], name="one_line_per_payment_and_account"),
            models.CheckConstraint(condition=Q(cents__gt=0), name="card_payment_line_is_positive"),
        ]

    def __str__(self):
        return euros(self.cents)

    @property
    def reference(self) -> str:
        """The reference of the transfer that credits it."""
        return f"topup:{self.payment_id}:{self.account_id}"


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), model_name="CardRefundEvent")
class CardRefund(models.Model):
    """Money given back to the card: asked by an agent here, or made at Stripe (then ``by`` is empty)."""

    class Status(models.TextChoices):
        REQUESTED = "requested", "Demandé à Stripe"
        DONE = "done", "Remboursé"
        FAILED = "failed", "Refusé par Stripe"

    ARROWS = {Status.REQUESTED: {Status.DONE, Status.FAILED}, Status.DONE: {Status.FAILED}}

    reference = models.UUIDField("référence", unique=True, default=uuid.uuid4, editable=False)
    payment = models.ForeignKey(CardPayment, models.PROTECT, related_name="refunds", verbose_name="paiement")
    cents = models.PositiveIntegerField("montant, en centimes")
    reason = models.CharField("motif", max_length=200, blank=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="par"
    )
    status = models.CharField("état", max_length=9, choices=Status.choices, default=Status.REQUESTED)
    stripe = models.CharField("remboursement de Stripe", max_length=120, blank=True)
    created_at = models.DateTimeField("demandé le", default=timezone.now)
    operation = models.OneToOneField(Operation, models.PROTECT, related_name="card_refund", verbose_name="opération")
    undone = models.OneToOneField(
        Operation, models.PROTECT, null=True, blank=True, related_name="undone_card_refund", verbose_name="annulation"
    )

    class Meta:
        verbose_name = "remboursement sur carte"
        verbose_name_plural = "remboursements sur carte"
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["stripe"], condition=~Q(stripe=""), name="card_refund_stripe_is_unique"),
            models.CheckConstraint(
                condition=Q(cents__gt=0),
                name="card_refund_is_positive",
                violation_error_message="Le montant doit être supérieur à zéro.",
            ),
            models.CheckConstraint(
                condition=Q(status="failed", undone__isnull=False) | ~Q(status="failed") & Q(undone=None),
                name="card_refund_failed_is_undone",
            ),
        ]

    def __str__(self):
        return f"{self.get_status_display()} – {euros(self.cents)}"


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), model_name="CardDisputeEvent")
class CardDispute(models.Model):
    """A card holder contests a payment at their bank: Stripe takes the money back until it is won."""

    class Status(models.TextChoices):
        OPEN = "open", "En cours"
        WON = "won", "Gagné"
        LOST = "lost", "Perdu"

    ARROWS = {Status.OPEN: {Status.WON, Status.LOST}}

    payment = models.ForeignKey(CardPayment, models.PROTECT, related_name="disputes", verbose_name="paiement")
    stripe = models.CharField("litige de Stripe", max_length=120, unique=True)
    cents = models.PositiveIntegerField("montant, en centimes")
    status = models.CharField("état", max_length=4, choices=Status.choices, default=Status.OPEN)
    created_at = models.DateTimeField("ouvert le", default=timezone.now)
    operation = models.OneToOneField(Operation, models.PROTECT, related_name="card_dispute", verbose_name="opération")
    undone = models.OneToOneField(
        Operation, models.PROTECT, null=True, blank=True, related_name="undone_card_dispute", verbose_name="annulation"
    )

    class Meta:
        verbose_name = "paiement contesté"
        verbose_name_plural = "paiements contestés"
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(status="won", undone__isnull=False) | ~Q(status="won") & Q(undone=None),
                name="card_dispute_won_is_undone",
            )
        ]

    def __str__(self):
        return f"{self.get_status_display()} – {euros(self.cents)}"


class StripeEventQuerySet(models.QuerySet):
    def to_check(self):
        """Those that an agent has to look at."""
        return self.filter(is_set_aside=True, handled_at=None)


class StripeEvent(models.Model):
    """An event that Stripe sent and signed, stored once; ``handled_at`` is empty while its work is owed.

    ``is_set_aside``: nothing can be done with it by itself (``error`` says why); an agent looks at it.
    """

    id = models.CharField(primary_key=True, max_length=120)
    type = models.CharField("nature", max_length=80)
    target = models.CharField("objet de Stripe", max_length=120, blank=True)
    intent = models.CharField("paiement de Stripe", max_length=120, blank=True)
    received_at = models.DateTimeField("reçu le", default=timezone.now)
    handled_at = models.DateTimeField("traité le", null=True, blank=True)
    tries = models.PositiveSmallIntegerField("essais", default=0)
    error = models.CharField("erreur", max_length=200, blank=True)
    is_set_aside = models.BooleanField("mis de côté", default=False)
    objects = StripeEventQuerySet.as_manager()

    class Meta:
        verbose_name = "événement de Stripe"
        verbose_name_plural = "événements de Stripe"
        ordering = ["-received_at", "pk"]
        indexes = [models.Index(fields=["received_at"], name="stripe_event_owed", condition=Q(handled_at=None))]

    def __str__(self):
        return f"{self.type} {self.pk}"
