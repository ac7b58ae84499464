"""What the municipal back office is told every night, and what it answers; docs/transmission.md."""

from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from accounts.models import User
from families.models import Family
from reservations.models.bookings import Booking
from services.models import Service


class BackOffice(models.Model):
    """Logiciel métier: where the changes of some services are sent, and how."""

    class Delivery(models.TextChoices):
        FOLDER = "folder", "Dossier partagé"
        SFTP = "sftp", "SFTP"
        HTTP = "http", "HTTPS"

    class Format(models.TextChoices):
        CSV = "csv", "CSV"
        JSON = "json", "JSON"

    name = models.CharField("nom", max_length=80, unique=True)
    delivery = models.CharField("remise", max_length=6, choices=Delivery.choices, default=Delivery.FOLDER)
    address = models.CharField(
        "adresse", max_length=300, help_text="Dossier, sftp://compte@serveur/dossier ou adresse https."
    )
    format = models.CharField("format", max_length=4, choices=Format.choices, default=Format.CSV)
    secret_name = models.CharField(
        "nom du secret", max_length=60, blank=True, help_text="La variable d’environnement qui tient la clé."
    )
    is_active = models.BooleanField("en service", default=True)

    class Meta:
        verbose_name = "logiciel métier"
        verbose_name_plural = "logiciels métier"
        ordering = ["name"]

    def __str__(self):
        return self.name


class BackOfficeService(models.Model):
    """A service whose changes are transmitted; the others are validated by the night alone."""

    back_office = models.ForeignKey(BackOffice, models.CASCADE, related_name="links", verbose_name="logiciel métier")
    service = models.OneToOneField(Service, models.CASCADE, related_name="back_office_link", verbose_name="service")

    class Meta:
        verbose_name = "service transmis"
        verbose_name_plural = "services transmis"

    def __str__(self):
        return f"{self.service} → {self.back_office}"


class TransmissionQuerySet(models.QuerySet):
    def to_check(self):
        """Those that could not be handed over or read, or whose answer does not fit, for an agent who has not looked yet."""
        return self.filter(~Q(error="") | ~Q(remarks="") & Q(checked_at=None))


class Transmission(models.Model):
    """A night's numbered batch for a back office. ``file`` is written once, from frozen lines; a resend is the same."""

    class Status(models.TextChoices):
        FROZEN = "frozen", "Prête"
        SENT = "sent", "Transmise"
        ANSWERED = "answered", "Réponse reçue"

    ARROWS = {Status.FROZEN: {Status.SENT, Status.ANSWERED}, Status.SENT: {Status.ANSWERED}}

    back_office = models.ForeignKey(
        BackOffice, models.PROTECT, related_name="transmissions", verbose_name="logiciel métier"
    )
    number = models.PositiveIntegerField("numéro")
    night = models.DateField("nuit du")
    frozen_at = models.DateTimeField("arrêtée le")
    format = models.CharField("format", max_length=4, choices=BackOffice.Format.choices)
    file = models.BinaryField("fichier", null=True)
    digest = models.CharField("empreinte SHA-256", max_length=64, blank=True)
    status = models.CharField("état", max_length=8, choices=Status.choices, default=Status.FROZEN)
    sent_at = models.DateTimeField("transmise le", null=True, blank=True)
    answered_at = models.DateTimeField("réponse le", null=True, blank=True)
    tries = models.PositiveSmallIntegerField("essais", default=0)
    error = models.CharField("dernière erreur", max_length=200, blank=True)
    answer_digest = models.CharField("empreinte de la réponse", max_length=64, blank=True)
    remarks = models.TextField("remarques sur la réponse", blank=True)
    checked_at = models.DateTimeField("remarques vérifiées le", null=True, blank=True)
    objects = TransmissionQuerySet.as_manager()

    class Meta:
        verbose_name = "transmission"
        ordering = ["-frozen_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["back_office", "number"], name="one_number_per_back_office"),
            models.CheckConstraint(
                condition=Q(status="frozen", sent_at=None) | ~Q(status="frozen") & Q(sent_at__isnull=False),
                name="transmission_sent_is_dated",
            ),
        ]

    def __str__(self):
        return f"{self.back_office} n° {self.number}"


class ChangeQuerySet(models.QuerySet):
    def of_agent(self, agent):
        """Lines of the agent's communes: by the service of a booking, by the family for its details."""
        if agent.is_superuser:
            return self
        own = agent.communes.all()
        return self.filter(
            Q(booking__session__activity__service__commune__in=own) | Q(booking=None, family__commune__in=own)
        )

    def to_handle(self):
        """What a back office refused and only people can put right: cancellations of bookings it took, family details."""
        refused = self.filter(verdict=Change.Verdict.REFUSED, handled_at=None).exclude(kind=Change.Kind.BOOKING)
        made = Change.objects.filter(booking=OuterRef("booking"), kind=Change.Kind.BOOKING)
        return refused.exclude(Exists(made.filter(verdict=Change.Verdict.REFUSED)))


class Change(models.Model):
    """A line of a transmission: a booking, a cancellation or a family's details, with all that is told of it.

    Insert-only but for ``transmission`` (set once, by the night) and the verdict. « Non transmis » is derived from it.
    """

    class Kind(models.TextChoices):
        BOOKING = "booking", "Réservation"
        CANCELLATION = "cancellation", "Annulation"
        FAMILY = "family", "Famille"

    class Verdict(models.TextChoices):
        NONE = "", "En attente"
        ACCEPTED = "accepted", "Acceptée"
        REFUSED = "refused", "Refusée"

    back_office = models.ForeignKey(BackOffice, models.PROTECT, related_name="changes", verbose_name="logiciel métier")
    kind = models.CharField("nature", max_length=12, choices=Kind.choices)
    booking = models.ForeignKey(
        Booking, models.PROTECT, null=True, blank=True, related_name="changes", verbose_name="réservation"
    )
    family = models.ForeignKey(Family, models.PROTECT, related_name="changes", verbose_name="famille")
    payload = models.JSONField("contenu")
    created_at = models.DateTimeField("écrite le", default=timezone.now)
    transmission = models.ForeignKey(
        Transmission, models.PROTECT, null=True, blank=True, related_name="changes", verbose_name="transmission"
    )
    verdict = models.CharField("réponse", max_length=8, choices=Verdict.choices, default="", blank=True)
    reason = models.CharField("motif du refus", max_length=200, blank=True)
    verdict_at = models.DateTimeField("réponse le", null=True, blank=True)
    reported_at = models.DateTimeField("annoncée à la famille le", null=True, blank=True)
    handled_at = models.DateTimeField("réglée le", null=True, blank=True)
    handled_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="réglée par"
    )
    note = models.CharField("comment", max_length=300, blank=True, db_default="")
    objects = ChangeQuerySet.as_manager()

    class Meta:
        verbose_name = "ligne transmise"
        verbose_name_plural = "lignes transmises"
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["booking", "kind"], condition=Q(booking__isnull=False), name="one_change_per_booking_and_kind"
            ),
            models.CheckConstraint(
                condition=Q(kind="family", booking=None) | ~Q(kind="family") & Q(booking__isnull=False),
                name="change_names_its_booking",
            ),
            models.CheckConstraint(
                condition=Q(verdict="", verdict_at=None) | ~Q(verdict="") & Q(verdict_at__isnull=False),
                name="change_verdict_is_dated",
            ),
        ]
        indexes = [
            models.Index(fields=["back_office", "id"], name="change_to_send", condition=Q(transmission=None)),
            models.Index(fields=["family"], name="change_to_report", condition=Q(reported_at=None)),
            models.Index(
                fields=["back_office"],
                name="change_to_handle",
                condition=Q(verdict="refused", handled_at=None) & ~Q(kind="booking"),
            ),
        ]

    def __str__(self):
        return f"{self.get_kind_display()} {self.pk}"
