"""Orders of vouchers: a draft that a manager fills, then what the issuer took in charge."""

import pghistory
from django.conf import settings
from django.db import models
from django.db.models import BigIntegerField, ExpressionWrapper, F, Q
from django.db.models.functions import Cast
from django.utils import timezone

from cesu.models.alphabet import alphabetical
from cesu.models.employers import Employer, Invoice
from cesu.models.issuer import Terms, Transport
from cesu.models.people import Beneficiary, Category, Form
from wallet.models import Operation

# What a line costs and the employer's part of it, rounded half up on the line, as the database computes them.
LINE_TITLES = ExpressionWrapper(Cast("booklets", BigIntegerField()) * F("vouchers"), output_field=BigIntegerField())
LINE_CENTS = ExpressionWrapper(LINE_TITLES * F("face_cents"), output_field=BigIntegerField())
SHARE_CENTS = ExpressionWrapper((LINE_CENTS * F("share") + 50) / 100, output_field=BigIntegerField())


class VoucherOrderQuerySet(models.QuerySet):
    def of(self, user):
        """The orders of a manager's employer, whoever placed them; drafts are each manager's own."""
        return self.filter(employer__in=Employer.objects.of(user)).filter(~Q(status="draft") | Q(by=user))

    def draft_of(self, user):
        """The order that a manager is filling, if any."""
        return self.of(user).filter(by=user, status=VoucherOrder.Status.DRAFT)

    def placed(self):
        """Those that are no draft any more."""
        return self.exclude(status=VoucherOrder.Status.DRAFT)

    def counted(self):
        """Those that count for the ceiling and the certificates: placed, not cancelled."""
        return self.placed().exclude(status=VoucherOrder.Status.CANCELLED)

    def locked(self):
        """The same, locked until the transaction ends; what they are joined to is not."""
        return self.select_for_update(of=("self",), no_key=True)


@pghistory.track(
    pghistory.UpdateEvent(condition=pghistory.AnyChange("status")),
    model_name="VoucherOrderEvent",
    fields=["status", "by", "cancelled_by", "total_cents", "delivery_on", "cancel_reason", "tracking"],
)
class VoucherOrder(models.Model):
    """Commande de CESU: all amounts in cents, frozen when it is placed.

    ``operation`` is the debit of the employer's account: fabrication starts with it, in one transaction.
    ``made_at`` dates the end of the fabrication. ``delivery_on`` is the day of delivery as it is announced: the one chosen, or
    a later one when the money came too late for it; ``delivery_chosen_on`` then keeps the day chosen.
    """

    class Status(models.TextChoices):
        DRAFT = "draft", "Brouillon"
        TAKEN = "taken", "Prise en charge"
        MAKING = "making", "En fabrication"
        SHIPPED = "shipped", "Expédiée"
        DELIVERED = "delivered", "Livrée"
        CANCELLED = "cancelled", "Annulée"

    ARROWS = {
        Status.DRAFT: {Status.TAKEN},
        Status.TAKEN: {Status.MAKING, Status.CANCELLED},
        Status.MAKING: {Status.SHIPPED, Status.DELIVERED},
        Status.SHIPPED: {Status.DELIVERED},
    }

    class Means(models.TextChoices):
        TRANSFER = "transfer", "Virement"
        CARD = "card", "Carte bancaire"

    employer = models.ForeignKey(Employer, models.PROTECT, related_name="orders", verbose_name="employeur")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="passée par")
    number = models.CharField("numéro", max_length=20, unique=True, null=True, blank=True)
    status = models.CharField("état", max_length=9, choices=Status.choices, default=Status.DRAFT)
    created_at = models.DateTimeField("commencée le", default=timezone.now)
    transport = models.ForeignKey(
        Transport, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="mode de transport"
    )
    delivery_on = models.DateField("livraison le", null=True, blank=True)
    delivery_chosen_on = models.DateField("livraison d’abord choisie pour le", null=True, blank=True)
    means = models.CharField("mode de paiement", max_length=8, choices=Means.choices, default=Means.TRANSFER)
    terms = models.ForeignKey(
        Terms, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="conditions acceptées"
    )
    face_cents = models.PositiveBigIntegerField("valeur des titres, en centimes", default=0)
    fee_cents = models.PositiveBigIntegerField("frais de service HT, en centimes", default=0)
    shipping_cents = models.PositiveBigIntegerField("transport HT, en centimes", default=0)
    vat_cents = models.PositiveBigIntegerField("TVA, en centimes", default=0)
    total_cents = models.PositiveBigIntegerField("total TTC, en centimes", default=0)
    invoice = models.OneToOneField(
        Invoice, models.PROTECT, null=True, blank=True, related_name="order", verbose_name="facture"
    )
    operation = models.OneToOneField(
        Operation, models.PROTECT, null=True, blank=True, related_name="voucher_order", verbose_name="débit"
    )
    placed_at = models.DateTimeField("prise en charge le", null=True, blank=True)
    making_at = models.DateTimeField("en fabrication depuis le", null=True, blank=True)
    made_at = models.DateTimeField("fabriquée le", null=True, blank=True)
    shipped_at = models.DateTimeField("expédiée le", null=True, blank=True)
    tracking = models.CharField("n° de suivi du colis", max_length=60, blank=True)
    delivered_at = models.DateTimeField("livrée le", null=True, blank=True)
    cancelled_at = models.DateTimeField("annulée le", null=True, blank=True)
    cancelled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="annulée par"
    )
    cancel_reason = models.CharField("motif de l’annulation", max_length=200, blank=True)
    objects = VoucherOrderQuerySet.as_manager()

    class Meta:
        verbose_name = "commande de CESU"
        verbose_name_plural = "commandes de CESU"
        ordering = ["-placed_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["employer", "by"], condition=Q(status="draft"), name="one_draft_per_manager"
            ),
            models.CheckConstraint(
                condition=Q(status="draft", number=None, placed_at=None, invoice=None)
                | ~Q(status="draft")
                & Q(number__isnull=False, placed_at__isnull=False, terms__isnull=False, invoice__isnull=False),
                name="voucher_order_placed_with_its_number",
            ),
            models.CheckConstraint(
                condition=Q(status="draft")
                | Q(
                    total_cents=models.F("face_cents")
                    + models.F("fee_cents")
                    + models.F("shipping_cents")
                    + models.F("vat_cents")
                )
                & Q(face_cents__gt=0),
                name="voucher_order_total_is_the_sum",
            ),
            models.CheckConstraint(
                condition=Q(status__in=["draft", "taken", "cancelled"], making_at=None, operation=None)
                | Q(status__in=["making", "shipped", "delivered"], making_at__isnull=False, operation__isnull=False),
                name="voucher_order_made_once_debited",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=["shipped", "delivered"]) | Q(made_at__isnull=False),
                name="voucher_order_sent_once_made",
            ),
            models.CheckConstraint(
                condition=Q(status="cancelled", cancelled_at__isnull=False) & ~Q(cancel_reason="")
                | ~Q(status="cancelled") & Q(cancelled_at=None, cancel_reason=""),
                name="voucher_order_cancelled_with_reason",
                violation_error_message="Une annulation a toujours un motif.",
            ),
        ]
        indexes = [
            models.Index(
                fields=["placed_at"], name="voucher_order_to_make", condition=Q(status__in=["taken", "making"])
            )
        ]

    def __str__(self):
        return self.number or "brouillon"


class VoucherLineQuerySet(models.QuerySet):
    def current(self):
        """Those of people for whom one may still order."""
        return self.filter(beneficiary__archived_at=None)

    def asked(self):
        """Those that order something."""
        return self.filter(booklets__gt=0)

    def alphabetical(self):
        """By name, each with the beneficiary and its holder."""
        order = alphabetical("beneficiary__holder__")
        return self.select_related("beneficiary__holder").order_by(*order, "beneficiary", "rank")


class VoucherLine(models.Model):
    """A line of an order: ``booklets`` booklets of ``vouchers`` titles of ``face_cents`` for a beneficiary.

    ``share`` is the employer share in percent. A draft has a line for everyone, with 0 booklets until some are asked.
    """

    order = models.ForeignKey(VoucherOrder, models.CASCADE, related_name="lines", verbose_name="commande")
    beneficiary = models.ForeignKey(Beneficiary, models.PROTECT, related_name="lines", verbose_name="bénéficiaire")
    rank = models.PositiveSmallIntegerField("rang", default=1)
    category = models.CharField("catégorie d’utilisation", max_length=10, choices=Category.choices)
    form = models.CharField("type de CESU", max_length=5, choices=Form.choices)
    booklets = models.PositiveSmallIntegerField("nombre de carnets", default=0)
    vouchers = models.PositiveSmallIntegerField("nombre de titres par carnet")
    face_cents = models.PositiveIntegerField("valeur faciale, en centimes")
    share = models.PositiveSmallIntegerField("part patronale, en %")
    made_at = models.DateTimeField("fabriquée le", null=True, blank=True)
    objects = VoucherLineQuerySet.as_manager()

    class Meta:
        verbose_name = "ligne de commande"
        verbose_name_plural = "lignes de commande"
        ordering = ["beneficiary__holder__last_name", "beneficiary__holder__first_name", "beneficiary", "rank"]
        constraints = [
            models.UniqueConstraint(fields=["order", "beneficiary", "rank"], name="one_line_per_rank"),
            models.CheckConstraint(condition=Q(share__gte=1, share__lte=100), name="line_share_is_a_share"),
            models.CheckConstraint(condition=Q(vouchers__gte=1, face_cents__gte=1), name="line_vouchers_are_worth"),
        ]
        indexes = [models.Index(fields=["order"], name="line_to_make", condition=Q(made_at=None))]

    def __str__(self):
        return f"{self.booklets} × {self.vouchers}"

    @property
    def count(self) -> int:
        """How many titles the line is."""
        return self.booklets * self.vouchers

    @property
    def cents(self) -> int:
        """What the line costs (S0-34), in cents."""
        return self.count * self.face_cents

    @property
    def employer_cents(self) -> int:
        """The employer share of the line, in cents, half a cent upwards; ``SHARE_CENTS`` says the same in SQL."""
        return (self.cents * self.share + 50) // 100
