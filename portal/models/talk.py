"""What people say to the authority: messages of the contact form."""

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
