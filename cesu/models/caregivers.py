"""Caregivers, what they were paid, and the files of transfers."""

import uuid

import pghistory
from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone

from cesu.models.aid import Funder
from cesu.models.people import AidAccount, CesuHolder, MonthlyRight
from common.models import iban
from common.values.money import euros
from wallet.models import CardPayment, Operation


class CaregiverQuerySet(models.QuerySet):
    def known_to(self, holder):
        """Those that somebody has found for a holder by their NAN: all that the holder's people may open."""
        return self.filter(known_by__holder=holder)

    def payable(self):
        """Those who may be paid today."""
        return self.filter(ended_on=None)


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), model_name="CaregiverEvent")
class Caregiver(models.Model):
    """Intervenant affilié: a person or an organisation with a NAN (7 digits, an asterisk, a key) and a bank account.

    ``account_holder`` is the exact name of the account's holder: banks compare it with the IBAN.
    """

    class Kind(models.TextChoices):
        PERSON = "person", "Personne physique"
        ORGANISATION = "organisation", "Personne morale"

    kind = models.CharField("type", max_length=12, choices=Kind.choices)
    nan = models.CharField(
        "code NAN",
        max_length=9,
        unique=True,
        validators=[RegexValidator(r"^[0-9]{7}\*[0-9]$", "Un code NAN s’écrit comme 0012345*1.")],
    )
    last_name = models.CharField("nom ou raison sociale", max_length=120)
    first_name = models.CharField("prénom", max_length=80, blank=True)
    birth_date = models.DateField("date de naissance", null=True, blank=True)
    email = models.EmailField("adresse e-mail", blank=True)
    account_holder = models.CharField("titulaire du compte bancaire", max_length=70)
    iban = models.CharField("IBAN", max_length=34, validators=[iban])
    bic = models.CharField("BIC", max_length=11, blank=True)
    affiliated_on = models.DateField("affilié le", default=timezone.localdate)
    ended_on = models.DateField("affiliation terminée le", null=True, blank=True)
    objects = CaregiverQuerySet.as_manager()

    class Meta:
        verbose_name = "intervenant"
        ordering = ["last_name", "first_name", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind="person", birth_date__isnull=False) & ~Q(first_name="")
                | Q(kind="organisation", birth_date=None, first_name=""),
                name="caregiver_person_has_a_birth_date",
                violation_error_message="Une personne physique a un prénom et une date de naissance, une personne morale non.",
            ),
            models.CheckConstraint(
                condition=Q(nan__regex=r"^[0-9]{7}\*[0-9]$"),
                name="caregiver_nan_shape",
                violation_error_message="Un code NAN s’écrit comme 0012345*1.",
            ),
        ]

    def __str__(self):
        return f"{self.first_name} {self.last_name}".strip()


class KnownCaregiver(models.Model):
    """Intervenant connu: somebody found this caregiver for a holder; who was paid is proposed first."""

    holder = models.ForeignKey(CesuHolder, models.PROTECT, related_name="known_caregivers", verbose_name="porteur")
    caregiver = models.ForeignKey(Caregiver, models.PROTECT, related_name="known_by", verbose_name="intervenant")
    found_at = models.DateTimeField("trouvé le", default=timezone.now)
    hidden_at = models.DateTimeField("retiré de la liste le", null=True, blank=True)

    class Meta:
        verbose_name = "intervenant connu"
        verbose_name_plural = "intervenants connus"
        constraints = [models.UniqueConstraint(fields=["holder", "caregiver"], name="one_known_caregiver_per_holder")]

    def __str__(self):
        return str(self.caregiver)


class AidTransferBatch(models.Model):
    """Fichier de virements: the payments of a night that one bank account pays, frozen; ``file`` is its pain.001."""

    funder = models.ForeignKey(
        Funder, models.PROTECT, null=True, blank=True, related_name="batches", verbose_name="financeur"
    )
    night = models.DateField("nuit du")
    message = models.CharField("référence", max_length=35, unique=True)
    created_at = models.DateTimeField("préparé le", default=timezone.now)
    executed_on = models.DateField("exécuté le")
    count = models.PositiveIntegerField("virements")
    cents = models.PositiveBigIntegerField("montant, en centimes")
    file = models.BinaryField("fichier", null=True, editable=False)
    handed_over_at = models.DateTimeField("remis à la banque le", null=True, blank=True)
    handed_over_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="remis par"
    )
    operation = models.OneToOneField(
        Operation, models.PROTECT, null=True, blank=True, related_name="aid_batch", verbose_name="opération"
    )

    class Meta:
        verbose_name = "fichier de virements"
        verbose_name_plural = "fichiers de virements"
        ordering = ["-created_at", "-pk"]

    def __str__(self):
        return self.message


class AidPaymentQuerySet(models.QuerySet):
    def of(self, user):
        """The payments of every holder whose accounts a person may open."""
        accesses = {"aid_account__holder__accesses__user": user, "aid_account__holder__accesses__revoked_at": None}
        return self.filter(**accesses)

    def of_agent(self, agent):
        """Those of an agent's funders; of every holder for who manages the portal."""
        return self if agent.is_superuser else self.filter(aid_account__funder__staff=agent)

    def locked(self):
        """The same, locked until the transaction ends."""
        return self.select_for_update(of=("self",), no_key=True)


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), model_name="AidPaymentEvent")
class AidPayment(models.Model):
    """Paiement d’un intervenant out of the rights of one aid account; ``minutes`` None for rights in euros.

    ``cents`` out of the rights, ``complement_cents`` by card to the caregiver, ``fee_cents`` by card for the treatment.
    With a complement the rights stand on a hold account (``hold``) until the card has paid.
    """

    class Status(models.TextChoices):
        HELD = "held", "En attente de la carte"
        ABANDONED = "abandoned", "Abandonné"
        CONFIRMED = "confirmed", "Confirmé"
        SENT = "sent", "Virement transmis"
        REJECTED = "rejected", "Virement rejeté"

    ARROWS = {
        Status.HELD: {Status.CONFIRMED, Status.ABANDONED},
        Status.CONFIRMED: {Status.SENT},
        Status.SENT: {Status.REJECTED},
    }

    reference = models.UUIDField("référence", unique=True, default=uuid.uuid4, editable=False)
    aid_account = models.ForeignKey(AidAccount, models.PROTECT, related_name="payments", verbose_name="compte d’aide")
    caregiver = models.ForeignKey(Caregiver, models.PROTECT, related_name="payments", verbose_name="intervenant")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="par")
    status = models.CharField("état", max_length=9, choices=Status.choices)
    minutes = models.PositiveIntegerField("minutes", null=True, blank=True)
    cents = models.PositiveIntegerField("montant des droits, en centimes")
    complement_cents = models.PositiveIntegerField("complément par carte, en centimes", default=0)
    fee_cents = models.PositiveIntegerField("participation aux frais, en centimes", default=0)
    created_at = models.DateTimeField("demandé le", default=timezone.now)
    confirmed_at = models.DateTimeField("confirmé le", null=True, blank=True)
    credited_by = models.DateField("intervenant crédité au plus tard le", null=True, blank=True)
    hold = models.OneToOneField(
        Operation, models.PROTECT, null=True, blank=True, related_name="held_aid_payment", verbose_name="mise de côté"
    )
    operation = models.OneToOneField(
        Operation, models.PROTECT, null=True, blank=True, related_name="aid_payment", verbose_name="opération"
    )
    card_payment = models.OneToOneField(
        CardPayment,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="aid_payment",
        verbose_name="paiement par carte",
    )
    batch = models.ForeignKey(
        AidTransferBatch, models.PROTECT, null=True, blank=True, related_name="payments", verbose_name="fichier"
    )
    account_holder = models.CharField("titulaire du compte crédité", max_length=70, blank=True)
    iban = models.CharField("IBAN crédité", max_length=34, blank=True)
    bic = models.CharField("BIC crédité", max_length=11, blank=True)
    rejected_at = models.DateTimeField("rejeté le", null=True, blank=True)
    reject_code = models.CharField("motif du rejet", max_length=4, blank=True)
    objects = AidPaymentQuerySet.as_manager()

    class Meta:
        verbose_name = "paiement d’un intervenant"
        verbose_name_plural = "paiements des intervenants"
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(minutes=None) | Q(minutes__gt=0), name="aid_payment_minutes_are_positive"
            ),
            models.CheckConstraint(condition=Q(cents__gt=0), name="aid_payment_of_something"),
            models.CheckConstraint(
                condition=Q(complement_cents=0, fee_cents=0, hold=None, card_payment=None)
                | Q(complement_cents__gt=0, hold__isnull=False, card_payment__isnull=False),
                name="aid_payment_complement_is_held",
            ),
            models.CheckConstraint(
                condition=Q(status__in=["held", "abandoned"], confirmed_at=None, operation=None, credited_by=None)
                | ~Q(status__in=["held", "abandoned"])
                & Q(confirmed_at__isnull=False, operation__isnull=False, credited_by__isnull=False),
                name="aid_payment_confirmed_is_posted",
            ),
            models.CheckConstraint(
                condition=Q(status__in=["sent", "rejected"], batch__isnull=False)
                | ~Q(status__in=["sent", "rejected"]) & Q(batch=None),
                name="aid_payment_sent_is_in_a_file",
            ),
            models.CheckConstraint(
                condition=Q(status="rejected", rejected_at__isnull=False) | ~Q(status="rejected") & Q(rejected_at=None),
                name="aid_payment_reject_is_dated",
            ),
        ]
        indexes = [
            models.Index(fields=["aid_account", "-created_at"], name="aid_payment_history"),
            models.Index(fields=["id"], name="aid_payment_to_send", condition=Q(status="confirmed")),
        ]

    def __str__(self):
        return f"Paiement n° {self.pk}"

    @property
    def end_to_end(self) -> str:
        """The reference of its transfer, told to the bank and by the bank."""
        return f"AIDE-{self.pk}"

    @property
    def paid_cents(self) -> int:
        """What the caregiver receives, in cents."""
        return self.cents + self.complement_cents

    @property
    def card_cents(self) -> int:
        """What the card pays, in cents."""
        return self.complement_cents + self.fee_cents


class AidPaymentLine(models.Model):
    """What a payment takes of one month's right."""

    payment = models.ForeignKey(AidPayment, models.PROTECT, related_name="lines", verbose_name="paiement")
    right = models.ForeignKey(MonthlyRight, models.PROTECT, related_name="uses", verbose_name="droit du mois")
    minutes = models.PositiveIntegerField("minutes", null=True, blank=True)
    cents = models.PositiveIntegerField("montant, en centimes")

    class Meta:
        verbose_name = "droit utilisé"
        verbose_name_plural = "droits utilisés"
        ordering = ["right__month", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["payment", "right"], name="one_line_per_aid_payment_and_right"),
            models.CheckConstraint(
                condition=(Q(minutes=None) | Q(minutes__gt=0)) & Q(cents__gt=0), name="aid_payment_line_of_something"
            ),
        ]

    def __str__(self):
        return euros(self.cents)
