"""Which lists left the portal."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.utils import timezone


class ListExport(models.Model):
    """A list that an agent took out, as filtered, with how many rows. Rows are never changed (GDPR 5.2)."""

    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="par")
    at = models.DateTimeField("le", default=timezone.now)
    table = models.CharField("liste", max_length=80)
    asked = models.CharField("filtre", max_length=500, blank=True)
    rows = models.PositiveIntegerField("lignes")
    form = models.CharField("format", max_length=4)

    class Meta:
        verbose_name = "export d’une liste"
        verbose_name_plural = "exports de listes"
        ordering = ["-at", "-pk"]
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self):
        return f"{self.table}, {self.rows} lignes"
