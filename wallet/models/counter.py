"""Money received at the counter."""

from datetime import date

import pghistory
from django.db import models
from django.db.models import Q

from common.values.dates import date_short
from common.values.money import euros
from families.models import Family
from wallet.models.ledger import AccountKind, Operation, Wallet


class CounterPaymentQuerySet(models.QuerySet):
    def of(self, user):
        """The counter payments of a guardian's family."""
        return self.filter(wallet__family__guardians__user=user)

    def of_agent(self, agent):
        return self.filter(wallet__family__in=Family.objects.of_agent(agent))

    def received_in(self, month: date):
        """Those received in the month of a date."""
        return self.filter(received_on__year=month.year, received_on__month=month.month)

    def standing(self):
        """Those that were not cancelled."""
        return self.filter(cancellation=None)


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), model_name="CounterPaymentEvent")
class CounterPayment(models.Model):
    """Règlement au guichet: money an agent received outside the portal for a wallet (S4-32)."""

    class Means(models.TextChoices):
        CHEQUE = "CH", "Chèque"
        CASH = "ES", "Espèces"
        BANK_TRANSFER = "VI", "Virement"

    # The account the money came in by.
    ACCOUNTS = {
        Means.CHEQUE: AccountKind.CHEQUE,
        Means.CASH: AccountKind.CASH,
        Means.BANK_TRANSFER: AccountKind.BANK_TRANSFER,
    }

    wallet = models.ForeignKey(Wallet, models.PROTECT, related_name="counter_payments", verbose_name="porte-monnaie")
    means = models.CharField("mode de règlement", max_length=2, choices=Means.choices)
    cents = models.PositiveIntegerField("montant, en centimes")
    number = models.CharField("n° de pièce", max_length=40, blank=True)
    payer = models.CharField("nom du payeur", max_length=120, blank=True)
    bank = models.CharField("nom de la banque", max_length=80, blank=True)
    received_on = models.DateField("date reçue")
    operation = models.OneToOneField(
        Operation, models.PROTECT, related_name="counter_payment", verbose_name="opération"
    )
    cancellation = models.OneToOneField(
        Operation, models.PROTECT, null=True, blank=True, related_name="cancelled_payment", verbose_name="annulation"
    )
    cancellation_reason = models.CharField("motif de l’annulation", max_length=200, blank=True)
    objects = CounterPaymentQuerySet.as_manager()

    class Meta:
        verbose_name = "règlement au guichet"
        verbose_name_plural = "règlements au guichet"
        ordering = ["-received_on", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(cents__gt=0),
                name="counter_payment_is_positive",
                violation_error_message="Le montant doit être supérieur à zéro.",
            ),
            models.CheckConstraint(
                condition=~Q(means="CH") | ~Q(number=""),
                name="counter_payment_cheque_has_number",
                violation_error_message="Indiquez le numéro du chèque.",
            ),
            models.CheckConstraint(
                condition=Q(cancellation=None, cancellation_reason="")
                | Q(cancellation__isnull=False) & ~Q(cancellation_reason=""),
                name="counter_payment_cancelled_with_reason",
                violation_error_message="Une annulation a toujours un motif.",
            ),
        ]

    def __str__(self):
        return f"{self.get_means_display()} {euros(self.cents)}"

    @property
    def details(self) -> str:
        """« DUPONT Jean-Paul, LEP, reçu le 15-02-2026 »: what the parent finds on the statement."""
        parts = [self.payer, self.bank, f"reçu le {date_short(self.received_on)}"]
        return ", ".join(part for part in parts if part)[-200:]

    @property
    def label(self) -> str:
        """« Chèque n° 1234567 »."""
        number = f" n°\u00a0{self.number}" if self.number else ""
        return f"{self.get_means_display()}{number}"
