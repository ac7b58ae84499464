"""What the portal itself says to people: news."""

from datetime import date

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from accounts.models import Commune


class NewsQuerySet(models.QuerySet):
    def of_agent(self, agent):
        """Those of the agent's communes; what is said to all is the managers'."""
        return self if agent.is_superuser else self.filter(commune__in=agent.communes.all())

    def shown(self, today: date, commune: int | None = None):
        """What stands on the home page on a day, the latest first; for one commune, or for everybody."""
        rows = self.filter(Q(shown_until=None) | Q(shown_until__gte=today), shown_from__lte=today)
        rows = rows.filter(Q(commune=None) | Q(commune=commune)) if commune else rows
        return rows.select_related("commune").order_by("-shown_from", "-pk")


class News(models.Model):
    """Actualité: a text on the home page from a day to another (included), for a commune or for all."""

    commune = models.ForeignKey(
        Commune,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="news",
        verbose_name="commune",
        help_text="Vide : toutes les communes.",
    )
    title = models.CharField("titre", max_length=120)
    text = models.TextField(
        "texte", max_length=3000, help_text="Du texte simple : une ligne vide sépare les paragraphes."
    )
    shown_from = models.DateField("affichée du", default=timezone.localdate)
    shown_until = models.DateField("affichée jusqu’au", null=True, blank=True, help_text="Inclus. Vide : sans fin.")
    objects = NewsQuerySet.as_manager()

    class Meta:
        verbose_name = "actualité"
        ordering = ["-shown_from", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(shown_until=None) | Q(shown_until__gte=F("shown_from")),
                name="news_dates",
                violation_error_message="L’actualité finit avant de commencer.",
            )
        ]

    def __str__(self):
        return self.title
