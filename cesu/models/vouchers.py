"""Titles: how an order was made, each voucher with its number, those that were stopped, holders warned of the end."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from cesu.models.employers import Employer
from cesu.models.orders import VoucherLine, VoucherOrder
from cesu.models.people import Beneficiary


class Fabrication(models.Model):
    """Lot de fabrication: how an order is made, line by line; ``file`` is what the printer gets, byte for byte."""

    order = models.OneToOneField(VoucherOrder, models.PROTECT, related_name="fabrication", verbose_name="commande")
    vintage = models.PositiveSmallIntegerField("millésime")
    started_at = models.DateTimeField("commencée le", default=timezone.now)
    finished_at = models.DateTimeField("terminée le", null=True, blank=True)
    vouchers = models.PositiveIntegerField("titres", default=0)
    file = models.BinaryField("fichier de l’imprimeur", null=True)

    class Meta:
        verbose_name = "lot de fabrication"
        verbose_name_plural = "lots de fabrication"
        ordering = ["-started_at", "-pk"]

    def __str__(self):
        return str(self.order)


class Opposition(models.Model):
    """Opposition: titles lost or stolen, from a number to another, both included."""

    class Reason(models.TextChoices):
        LOST = "lost", "Perdus"
        STOLEN = "stolen", "Volés"

    employer = models.ForeignKey(Employer, models.PROTECT, related_name="oppositions", verbose_name="employeur")
    first = models.BigIntegerField("du titre n°")
    last = models.BigIntegerField("au titre n°")
    reason = models.CharField("motif", max_length=6, choices=Reason.choices)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="déclarée par")
    at = models.DateTimeField("déclarée le", default=timezone.now)

    class Meta:
        verbose_name = "opposition"
        ordering = ["-at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(last__gte=F("first")),
                name="opposition_range_is_in_order",
                violation_error_message="Le dernier numéro vient après le premier.",
            )
        ]

    def __str__(self):
        return f"{self.first} – {self.last}"


class Voucher(models.Model):
    """Titre: a paper CESU. Its number begins with the last two digits of its vintage, then ten that no other has."""

    number = models.BigIntegerField("numéro", primary_key=True)
    line = models.ForeignKey(VoucherLine, models.PROTECT, related_name="titles", verbose_name="ligne de commande")
    booklet = models.PositiveSmallIntegerField("carnet")
    opposition = models.ForeignKey(
        Opposition,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="vouchers",
        db_index=False,
        verbose_name="opposition",
    )

    class Meta:
        verbose_name = "titre"
        ordering = ["number"]
        indexes = [models.Index(fields=["opposition"], name="voucher_stopped", condition=Q(opposition__isnull=False))]

    def __str__(self):
        return f"{self.number:012d}"


class ExpiryNotice(models.Model):
    """A holder was told, so many days ahead, that what they have of a vintage ends: once each."""

    beneficiary = models.ForeignKey(Beneficiary, models.CASCADE, related_name="expiry_notices")
    vintage = models.PositiveSmallIntegerField("millésime")
    days = models.PositiveSmallIntegerField("jours avant la fin")
    at = models.DateTimeField("prévenu le", default=timezone.now)

    class Meta:
        verbose_name = "avis de fin de validité"
        verbose_name_plural = "avis de fin de validité"
        constraints = [
            models.UniqueConstraint(fields=["beneficiary", "vintage", "days"], name="one_expiry_notice_each")
        ]

    def __str__(self):
        return f"{self.beneficiary} {self.vintage}"
