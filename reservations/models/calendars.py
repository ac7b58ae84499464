"""What agents know of days that no package publishes: a school calendar entered whole, a single day corrected."""

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q

from accounts.models import Commune, User
from common.values.calendars import PUBLISHED, ZONES, is_published
from common.values.dates import date_short


class SchoolCalendar(models.Model):
    """The holidays of a school calendar from a day to another, as its order publishes them; the other days are term."""

    zone = models.CharField("calendrier", max_length=3, choices=ZONES.items())
    first = models.DateField("du", help_text="Premier jour que l’arrêté fixe. Avant lui, rien n’est connu.")
    last = models.DateField("au", help_text="Dernier jour que l’arrêté fixe, vacances comprises.")
    source = models.CharField("source", max_length=200, help_text="L’arrêté et sa date, ou l’adresse où il est publié.")
    by = models.ForeignKey(User, models.PROTECT, related_name="+", editable=False, verbose_name="saisi par")
    at = models.DateTimeField("saisi le", auto_now=True)

    class Meta:
        verbose_name = "calendrier scolaire"
        verbose_name_plural = "calendriers scolaires"
        ordering = ["zone", "first"]
        constraints = [
            models.CheckConstraint(
                condition=Q(first__lte=F("last")),
                name="school_calendar_ends_after_it_begins",
                violation_error_message="Le dernier jour vient après le premier.",
            )
        ]

    def __str__(self):
        return f"{self.get_zone_display()}, du {date_short(self.first)} au {date_short(self.last)}"

    def clean(self):
        if not (self.zone and self.first and self.last):
            return
        others = SchoolCalendar.objects.filter(zone=self.zone, first__lte=self.last, last__gte=self.first)
        if others.exclude(pk=self.pk).exists():
            raise ValidationError("Un calendrier est déjà saisi pour une partie de ces dates.")
        if self.zone in PUBLISHED and (is_published(self.first, self.zone) or is_published(self.last, self.zone)):
            raise ValidationError("Ces dates sont déjà publiées : corrigez un jour sur la page « Calendrier ».")


class SchoolHoliday(models.Model):
    """Days without school, both ends included."""

    calendar = models.ForeignKey(SchoolCalendar, models.CASCADE, related_name="holidays")
    name = models.CharField("vacances", max_length=60)
    first = models.DateField("premier jour sans classe")
    last = models.DateField("dernier jour sans classe")

    class Meta:
        verbose_name = "vacances"
        verbose_name_plural = "vacances"
        ordering = ["first"]
        constraints = [
            models.CheckConstraint(
                condition=Q(first__lte=F("last")),
                name="school_holiday_ends_after_it_begins",
                violation_error_message="Le dernier jour vient après le premier.",
            )
        ]

    def __str__(self):
        return self.name

    def clean(self):
        calendar = self.calendar
        dates = (self.first, self.last, calendar.first, calendar.last)
        if all(dates) and not (calendar.first <= self.first and self.last <= calendar.last):
            raise ValidationError("Ces vacances sortent des dates du calendrier.")


class CalendarDayQuerySet(models.QuerySet):
    def of_agent(self, agent):
        """The corrections of the agent's communes."""
        return self if agent.is_superuser else self.filter(commune__in=agent.communes.all())


class CalendarDay(models.Model):
    """A day of a commune that is otherwise than published, and why."""

    class Nature(models.TextChoices):
        CLASS = "class", "Jour de classe"
        BREAK = "break", "Vacances scolaires"
        PUBLIC = "public", "Jour férié"
        WORKED = "worked", "Jour ouvré, pas férié"

    commune = models.ForeignKey(Commune, models.PROTECT, related_name="own_days")
    date = models.DateField("jour")
    nature = models.CharField("nature", max_length=6, choices=Nature.choices)
    reason = models.CharField("motif", max_length=120)
    by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="corrigé par")
    at = models.DateTimeField("corrigé le", auto_now=True)
    objects = CalendarDayQuerySet.as_manager()

    class Meta:
        verbose_name = "jour corrigé"
        verbose_name_plural = "jours corrigés"
        ordering = ["date"]
        constraints = [
            models.UniqueConstraint(fields=["commune", "date"], name="one_correction_of_a_day"),
            models.CheckConstraint(condition=~Q(reason=""), name="a_corrected_day_has_a_reason"),
        ]

    def __str__(self):
        return f"{self.commune}, {date_short(self.date)} : {self.get_nature_display()}"
