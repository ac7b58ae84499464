"""« Chiffres »: what the night counts for the pages of figures; nobody is named, and all can be counted anew.

The tables are derived: ``actions/figures`` writes them whole for a school year and the one before, nothing else does.
``UnmetDemand`` alone is a trace of its own: what was asked for on a full day and never became a booking.
"""

from django.db import models
from django.utils import timezone

from families.models import Family
from reservations.models.activities import Activity, Session


class DayFigure(models.Model):
    """Places of an activity on a day, for one value of one dimension: ``key`` is empty for the whole day.

    ``booked`` is what was asked for and stands; of it ``present``, ``absent`` and ``justified`` were marked. ``unbooked``
    came without a booking. A child counts once an activity and day: each number is one of people too.
    """

    class Dimension(models.TextChoices):
        ALL = "all", "Tout"
        SCHOOL = "school", "École"
        AGE = "age", "Âge"
        COMMUNE = "commune", "Commune"
        BRACKET = "bracket", "Tranche de quotient"

    activity = models.ForeignKey(Activity, models.CASCADE, related_name="+")
    date = models.DateField()
    dimension = models.CharField(max_length=8, choices=Dimension.choices)
    key = models.CharField(max_length=24, blank=True)
    booked = models.PositiveIntegerField(default=0)
    unbooked = models.PositiveIntegerField(default=0)
    present = models.PositiveIntegerField(default=0)
    absent = models.PositiveIntegerField(default=0)
    justified = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = "chiffres d’une journée"
        verbose_name_plural = "chiffres des journées"
        default_permissions = ()
        permissions = [("view_figures", "Peut lire les chiffres")]
        constraints = [
            models.UniqueConstraint(fields=["date", "activity", "dimension", "key"], name="one_figure_per_day_and_key")
        ]

    def __str__(self):
        return f"{self.date} {self.dimension} {self.key}"


class FamilyMonth(models.Model):
    """On which days of a month a family had a place in an activity: bit 0 of ``days`` is the first of the month."""

    activity = models.ForeignKey(Activity, models.CASCADE, related_name="+")
    month = models.DateField()
    family = models.ForeignKey(Family, models.CASCADE, related_name="+")
    days = models.BigIntegerField()

    class Meta:
        verbose_name = "mois d’une famille"
        verbose_name_plural = "mois des familles"
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["month", "activity", "family"], name="one_month_per_family_and_activity")
        ]

    def __str__(self):
        return f"{self.month} {self.activity_id}"


class MoneyFigure(models.Model):
    """What moved on a day between families and a kind of account, in cents: ``code`` names the service of takings.

    ``nature``: « sold » and « cancelled » for takings, both above zero; the columns of « Récapitulatif mensuel » for means
    of payment. ``people``: of how many wallets at least.
    """

    date = models.DateField()
    kind = models.CharField(max_length=16)
    code = models.CharField(max_length=80, blank=True)
    nature = models.CharField(max_length=10)
    cents = models.BigIntegerField()
    people = models.PositiveIntegerField()

    class Meta:
        verbose_name = "recettes d’une journée"
        verbose_name_plural = "recettes des journées"
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["date", "kind", "code", "nature"], name="one_sum_per_day_and_nature")
        ]

    def __str__(self):
        return f"{self.date} {self.kind} {self.code} {self.nature}"


class WeekForecast(models.Model):
    """A week to come of an activity: what is booked, and 52 weeks before, what was booked that early and in the end."""

    activity = models.ForeignKey(Activity, models.CASCADE, related_name="+")
    monday = models.DateField()
    booked = models.PositiveIntegerField()
    early = models.PositiveIntegerField()
    final = models.PositiveIntegerField()

    class Meta:
        verbose_name = "prévision d’une semaine"
        verbose_name_plural = "prévisions des semaines"
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["monday", "activity"], name="one_forecast_per_week")]

    def __str__(self):
        return f"{self.monday} {self.activity_id}"


class FigureRun(models.Model):
    """When the figures were last counted, and from which day on."""

    at = models.DateTimeField(default=timezone.now)
    since = models.DateField()

    class Meta:
        verbose_name = "comptage des chiffres"
        verbose_name_plural = "comptages des chiffres"
        default_permissions = ()

    def __str__(self):
        return f"{self.at:%Y-%m-%d %H:%M}"


class UnmetDemand(models.Model):
    """Somebody asked for a day that was full, its list too, and got nothing: who is not kept.

    ``asker`` is a keyed digest of the day and the child: asking twice counts once, and no two days can be put together.
    """

    session = models.ForeignKey(Session, models.CASCADE, related_name="unmet", verbose_name="journée")
    asker = models.CharField(max_length=64)
    at = models.DateTimeField("le", default=timezone.now)

    class Meta:
        verbose_name = "demande sans place"
        verbose_name_plural = "demandes sans place"
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["session", "asker"], name="one_unmet_demand_per_day")]

    def __str__(self):
        return f"{self.session_id}"
