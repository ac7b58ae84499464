"""Monthly direct debits and refunds by bank transfer, each with the file given to the bank (docs/money.md, « SEPA »)."""

import pghistory
from django.conf import settings
from django.db import models
from django.db.models import Q, Sum
from django.utils import timezone

from common.values.money import euros
from common.values.sepa import masked
from families.models import Family, SepaMandate
from wallet.models.ledger import Operation, Purse, Wallet


class DirectDebitRun(models.Model):
    """A month's direct debits of a purse, collected on one day; its pain.008 file is kept as it was first made."""

    purse = models.ForeignKey(Purse, models.PROTECT, related_name="debit_runs", verbose_name="porte-monnaie")
    month = models.DateField("mois", help_text="Son premier jour.")
    collected_on = models.DateField("prélevé le")
    message = models.CharField("référence du fichier", max_length=35, unique=True)
    created_at = models.DateTimeField("préparé le", default=timezone.now)
    file = models.BinaryField("fichier pain.008", null=True)

    class Meta:
        verbose_name = "prélèvement mensuel"
        verbose_name_plural = "prélèvements mensuels"
        ordering = ["-month", "purse"]
        constraints = [models.UniqueConstraint(fields=["purse", "month"], name="one_debit_run_per_purse_and_month")]

    def __str__(self):
        return f"{self.purse} {self.month:%m-%Y}"


class DirectDebitQuerySet(models.QuerySet):
    def of(self, user):
        """The direct debits of a guardian's family."""
        return self.filter(wallet__family__guardians__user=user)

    def of_agent(self, agent):
        return self.filter(wallet__family__in=Family.objects.of_agent(agent))

    def pending(self):
        """Announced or at the bank, not credited yet: they reduce what is asked otherwise."""
        return self.filter(status=DirectDebit.Status.PENDING)

    def cents_by_wallet(self, wallets) -> dict[int, int]:
        """Their sums, by pk of the wallets given."""
        rows = self.filter(wallet__in=wallets).order_by().values_list("wallet")
        return dict(rows.annotate(total=Sum("cents")))


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), model_name="DirectDebitEvent")
class DirectDebit(models.Model):
    """Prélèvement: what a family owed, taken by its mandate; credited once, on the day of collection."""

    class Status(models.TextChoices):
        PENDING = "pending", "Annoncé"
        SETTLED = "settled", "Encaissé"
        REJECTED = "rejected", "Rejeté"

    ARROWS = {Status.PENDING: {Status.SETTLED, Status.REJECTED}, Status.SETTLED: {Status.REJECTED}}

    class Sequence(models.TextChoices):
        FIRST = "FRST", "Premier"
        RECURRENT = "RCUR", "Suivant"

    run = models.ForeignKey(DirectDebitRun, models.PROTECT, related_name="debits", verbose_name="prélèvement mensuel")
    wallet = models.ForeignKey(Wallet, models.PROTECT, related_name="direct_debits", verbose_name="porte-monnaie")
    mandate = models.ForeignKey(SepaMandate, models.PROTECT, related_name="direct_debits", verbose_name="mandat")
    sequence = models.CharField("séquence", max_length=4, choices=Sequence.choices)
    cents = models.PositiveIntegerField("montant, en centimes")
    end_to_end = models.CharField("référence de bout en bout", max_length=35, unique=True)
    status = models.CharField("état", max_length=8, choices=Status.choices, default=Status.PENDING)
    operation = models.OneToOneField(
        Operation, models.PROTECT, null=True, blank=True, related_name="direct_debit", verbose_name="encaissement"
    )
    reject_code = models.CharField("code du rejet", max_length=4, blank=True)
    rejected_at = models.DateTimeField("rejeté le", null=True, blank=True)
    rejection = models.OneToOneField(
        Operation, models.PROTECT, null=True, blank=True, related_name="rejected_debit", verbose_name="rejet"
    )
    objects = DirectDebitQuerySet.as_manager()

    class Meta:
        verbose_name = "prélèvement"
        ordering = ["-run__month", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["run", "wallet"], name="one_debit_per_run_and_wallet"),
            models.CheckConstraint(condition=Q(cents__gt=0), name="direct_debit_is_positive"),
            models.CheckConstraint(
                condition=Q(status="pending", operation=None)
                | Q(status="settled", operation__isnull=False)
                | Q(status="rejected", operation=None, rejection=None)
                | Q(status="rejected", operation__isnull=False, rejection__isnull=False),
                name="direct_debit_has_its_operations",
            ),
            models.CheckConstraint(
                condition=Q(status="rejected", rejected_at__isnull=False)
                | ~Q(status="rejected") & Q(rejected_at=None, rejection=None, reject_code=""),
                name="direct_debit_reject_is_dated",
            ),
        ]

    def __str__(self):
        return f"{self.end_to_end} – {euros(self.cents)}"


class BankRefundBatch(models.Model):
    """Refunds given to the bank in one pain.001 file, kept as it was first made."""

    message = models.CharField("référence du fichier", max_length=35, unique=True)
    executed_on = models.DateField("viré le")
    created_at = models.DateTimeField("préparé le", default=timezone.now)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="par")
    file = models.BinaryField("fichier pain.001", null=True)

    class Meta:
        verbose_name = "fichier de virements"
        verbose_name_plural = "fichiers de virements"
        ordering = ["-created_at", "-pk"]

    def __str__(self):
        return self.message


class BankRefundQuerySet(models.QuerySet):
    def of_agent(self, agent):
        return self.filter(wallet__family__in=Family.objects.of_agent(agent))


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), model_name="BankRefundEvent")
class BankRefund(models.Model):
    """Remboursement par virement: a wallet's money paid back to a family's bank account."""

    class Status(models.TextChoices):
        READY = "ready", "À virer"
        SENT = "sent", "Remis à la banque"
        REJECTED = "rejected", "Rejeté"

    ARROWS = {Status.READY: {Status.SENT, Status.REJECTED}, Status.SENT: {Status.REJECTED}}

    wallet = models.ForeignKey(Wallet, models.PROTECT, related_name="bank_refunds", verbose_name="porte-monnaie")
    batch = models.ForeignKey(
        BankRefundBatch, models.PROTECT, null=True, blank=True, related_name="refunds", verbose_name="fichier"
    )
    cents = models.PositiveIntegerField("montant, en centimes")
    iban = models.CharField("IBAN", max_length=34)
    bic = models.CharField("BIC", max_length=11, blank=True)
    holder = models.CharField("titulaire du compte", max_length=70)
    reason = models.CharField("motif", max_length=140)
    end_to_end = models.CharField("référence de bout en bout", max_length=35, unique=True)
    status = models.CharField("état", max_length=8, choices=Status.choices, default=Status.READY)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="par")
    created_at = models.DateTimeField("demandé le", default=timezone.now)
    operation = models.OneToOneField(Operation, models.PROTECT, related_name="bank_refund", verbose_name="opération")
    rejection = models.OneToOneField(
        Operation, models.PROTECT, null=True, blank=True, related_name="rejected_refund", verbose_name="rejet"
    )
    objects = BankRefundQuerySet.as_manager()

    class Meta:
        verbose_name = "remboursement par virement"
        verbose_name_plural = "remboursements par virement"
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(cents__gt=0), name="bank_refund_is_positive"),
            models.CheckConstraint(
                condition=Q(status="rejected", rejection__isnull=False) | ~Q(status="rejected") & Q(rejection=None),
                name="bank_refund_reject_has_its_operation",
            ),
            models.CheckConstraint(
                condition=~Q(status="sent") | Q(batch__isnull=False), name="bank_refund_sent_in_a_batch"
            ),
        ]

    def __str__(self):
        return f"{self.end_to_end} – {euros(self.cents)}"

    @property
    def masked_iban(self) -> str:
        """« FR14 •••• 3606 »."""
        return masked(self.iban)
