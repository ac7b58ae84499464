"""What people say to the authority: messages of the contact form, reviews of services."""

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from services.models import Service


class ContactMessageQuerySet(models.QuerySet):
    def of_agent(self, agent):
        """Those for the agent's services; those for no service are the managers'."""
        return self if agent.is_superuser else self.filter(service__in=Service.objects.of_agent(agent))

    def to_handle(self):
        return self.filter(handled_at=None)


class ContactMessage(models.Model):
    """Message reçu: written on the contact page, by anybody, to a service or to the authority."""

    service = models.ForeignKey(
        Service, models.PROTECT, null=True, blank=True, related_name="contact_messages", verbose_name="service"
    )
    user = models.ForeignKey(
        User, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name="compte de la personne"
    )
    name = models.CharField("nom", max_length=80)
    email = models.EmailField("adresse e-mail")
    subject = models.CharField("objet", max_length=120)
    text = models.TextField("message", max_length=4000)
    sent_at = models.DateTimeField("reçu le", default=timezone.now)
    handled_at = models.DateTimeField("traité le", null=True, blank=True)
    handled_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="traité par"
    )
    objects = ContactMessageQuerySet.as_manager()

    class Meta:
        verbose_name = "message reçu"
        verbose_name_plural = "messages reçus"
        ordering = ["-sent_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(handled_at=None, handled_by=None) | Q(handled_at__isnull=False, handled_by__isnull=False),
                name="message_handling_is_signed",
            )
        ]
        indexes = [models.Index(fields=["sent_at"], name="message_to_handle", condition=Q(handled_at=None))]

    def __str__(self):
        return self.subject


class ReviewQuerySet(models.QuerySet):
    def of(self, user):
        """The person's own."""
        return self.filter(user=user)

    def of_agent(self, agent):
        return self if agent.is_superuser else self.filter(service__in=Service.objects.of_agent(agent))

    def to_decide(self):
        return self.filter(status=Review.Status.PENDING)

    def published(self, service: Service):
        """What families read of a service, the latest first."""
        return (
            self.filter(service=service, status=Review.Status.PUBLISHED).select_related("user").order_by("-at", "-pk")
        )


class Review(models.Model):
    """Avis: what a person who booked a service says of it, once; read by other families once an agent accepted it."""

    class Status(models.TextChoices):
        PENDING = "pending", "En attente de lecture"
        PUBLISHED = "published", "Publié"
        REFUSED = "refused", "Refusé"

    ARROWS = {
        Status.PENDING: {Status.PUBLISHED, Status.REFUSED},
        Status.PUBLISHED: {Status.REFUSED},
        Status.REFUSED: {Status.PUBLISHED},
    }

    service = models.ForeignKey(Service, models.CASCADE, related_name="reviews", verbose_name="service")
    user = models.ForeignKey(User, models.CASCADE, related_name="reviews", verbose_name="personne")
    rating = models.PositiveSmallIntegerField("note")
    text = models.TextField("avis", max_length=1500)
    at = models.DateTimeField("donné le", default=timezone.now)
    status = models.CharField("statut", max_length=9, choices=Status.choices, default=Status.PENDING)
    reason = models.TextField("motif du refus", blank=True)
    decided_at = models.DateTimeField("décidé le", null=True, blank=True)
    decided_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="décidé par"
    )
    objects = ReviewQuerySet.as_manager()

    class Meta:
        verbose_name = "avis"
        verbose_name_plural = "avis"
        ordering = ["-at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["service", "user"],
                name="one_review_per_person_and_service",
                violation_error_message="Vous avez déjà donné votre avis sur ce service.",
            ),
            models.CheckConstraint(condition=Q(rating__gte=1, rating__lte=5), name="review_rating_is_of_five"),
            models.CheckConstraint(
                condition=Q(status="pending", decided_at=None) | ~Q(status="pending") & Q(decided_at__isnull=False),
                name="review_decision_is_dated",
            ),
            models.CheckConstraint(condition=~Q(status="refused") | ~Q(reason=""), name="review_refusal_has_reason"),
        ]
        indexes = [models.Index(fields=["at"], name="review_pending", condition=Q(status="pending"))]

    def __str__(self):
        return f"Avis de {self.user} sur {self.service}"
