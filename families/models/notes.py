"""What agents note about a family for each other."""

from datetime import date

import pghistory
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from families.models.households import Family


class FamilyNoteQuerySet(models.QuerySet):
    def of_agent(self, agent):
        return self.filter(family__in=Family.objects.of_agent(agent))

    def current(self, day: date):
        """Those that hold on a day: neither ended nor past their last day."""
        return self.filter(ended_at=None).filter(Q(until=None) | Q(until__gte=day))

    def shown(self, day: date):
        """Those that hold on a day and are read at the desk and on the sheets too."""
        return self.current(day).filter(is_shown=True)


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), model_name="FamilyNoteEvent")
class FamilyNote(models.Model):
    """A dated note about a family, by an agent; ended, never changed. Families may ask to read it (GDPR 15)."""

    family = models.ForeignKey(Family, models.CASCADE, related_name="notes", verbose_name="famille")
    text = models.CharField("note", max_length=500)
    until = models.DateField("valable jusqu’au", null=True, blank=True)
    is_shown = models.BooleanField("à montrer au guichet et sur les feuilles", default=False)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="par")
    at = models.DateTimeField("le", default=timezone.now)
    ended_at = models.DateTimeField("retirée le", null=True, blank=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="retirée par"
    )
    objects = FamilyNoteQuerySet.as_manager()

    class Meta:
        verbose_name = "note sur une famille"
        verbose_name_plural = "notes sur les familles"
        ordering = ["-at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(ended_at=None, ended_by=None) | Q(ended_at__isnull=False, ended_by__isnull=False),
                name="family_note_end_is_whole",
            )
        ]

    def __str__(self):
        return f"{self.family} : {self.text}"
