"""Services of the communes and the situations that open them.

For now a service is open to every validated family; access requests with documents take this place next.
"""

from django.db import models

from accounts.models import Commune


class ServiceQuerySet(models.QuerySet):
    def of_agent(self, agent):
        """The services an agent decides for: those of their communes."""
        return self if agent.is_superuser else self.filter(commune__in=agent.communes.all())


class Service(models.Model):
    """A service of a commune, such as « Service cantine » of Saint-Marcel."""

    commune = models.ForeignKey(Commune, models.PROTECT, related_name="services", verbose_name="commune")
    name = models.CharField("nom du service", max_length=100)
    description = models.TextField("présentation", blank=True)
    is_open = models.BooleanField("ouvert aux familles", default=True)
    objects = ServiceQuerySet.as_manager()

    class Meta:
        verbose_name = "service"
        ordering = ["commune__name", "name"]
        constraints = [models.UniqueConstraint(fields=["commune", "name"], name="service_name_per_commune")]

    def __str__(self):
        return f"{self.commune} – {self.name}"


class Audience(models.Model):
    """Situation of a family for a service (résident commune, hors commune…): it drives the tariff."""

    class Residence(models.TextChoices):
        INSIDE = "inside", "Résident de la commune"
        OUTSIDE = "outside", "Hors commune"
        ANY = "any", "Sans condition"

    service = models.ForeignKey(Service, models.CASCADE, related_name="audiences", verbose_name="service")
    name = models.CharField("situation", max_length=80)
    residence = models.CharField("résidence", max_length=8, choices=Residence.choices, default=Residence.ANY)

    class Meta:
        verbose_name = "situation"
        ordering = ["service", "name"]
        constraints = [models.UniqueConstraint(fields=["service", "name"], name="audience_name_per_service")]

    def __str__(self):
        return f"{self.service} / {self.name}"
