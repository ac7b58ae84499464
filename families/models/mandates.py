"""A family lets the authority debit an account."""

import pghistory
from django.db import models
from django.db.models import Q
from django.utils import timezone

from common.values.sepa import IN_ZONE, masked
from families.models.households import Family


class SepaMandateQuerySet(models.QuerySet):
    def of(self, user):
        """The mandates of a guardian's family."""
        return self.filter(family__guardians__user=user)

    def of_agent(self, agent):
        return self.filter(family__in=Family.objects.of_agent(agent))

    def standing(self):
        """Those that have not ended."""
        return self.filter(ended_at=None)

    def collectable(self):
        """Those a direct debit may use: accounts of other times, outside SEPA, cannot be collected from."""
        return self.standing().filter(iban__regex=IN_ZONE)


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), model_name="SepaMandateEvent")
class SepaMandate(models.Model):
    """Mandat de prélèvement: a family lets the authority debit an account; one stands at a time."""

    family = models.ForeignKey(Family, models.PROTECT, related_name="mandates", verbose_name="famille")
    rum = models.CharField("référence unique du mandat", max_length=35, unique=True)
    iban = models.CharField("IBAN", max_length=34)
    bic = models.CharField("BIC", max_length=11, blank=True)
    holder = models.CharField("titulaire du compte", max_length=70)
    signed_on = models.DateField("signé le")
    created_at = models.DateTimeField("enregistré le", default=timezone.now)
    ended_at = models.DateTimeField("fin", null=True, blank=True)
    end_note = models.CharField("motif de la fin", max_length=140, blank=True)
    objects = SepaMandateQuerySet.as_manager()

    class Meta:
        verbose_name = "mandat SEPA"
        verbose_name_plural = "mandats SEPA"
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["family"],
                condition=Q(ended_at=None),
                name="one_standing_mandate_per_family",
                violation_error_message="Cette famille a déjà un mandat en cours.",
            )
        ]

    def __str__(self):
        return self.rum

    @property
    def masked_iban(self) -> str:
        """« FR14 •••• 3606 »."""
        return masked(self.iban)
