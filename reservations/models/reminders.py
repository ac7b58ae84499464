"""« Pensez à réserver »: which families were told, and who wants to hear nothing."""

from django.db import models
from django.utils import timezone

from accounts.models import User
from common.values.dates import date_short
from families.models import Family
from services.models import Service


class WeekReminder(models.Model):
    """Rappel: a family was told, once, that nothing is booked in a service for the week of this Monday."""

    family = models.ForeignKey(Family, models.CASCADE, related_name="+", verbose_name="famille")
    service = models.ForeignKey(Service, models.CASCADE, related_name="+", verbose_name="service")
    week = models.DateField("semaine du")
    at = models.DateTimeField("le", default=timezone.now)

    class Meta:
        verbose_name = "rappel"
        constraints = [
            models.UniqueConstraint(fields=["family", "service", "week"], name="one_reminder_a_week"),
        ]

    def __str__(self):
        return f"{self.family} – {date_short(self.week)}"


class RemindersOff(models.Model):
    """Rappels arrêtés: a guardian who wants no reminder before the booking deadlines."""

    user = models.OneToOneField(User, models.CASCADE, related_name="reminders_off", verbose_name="responsable")
    since = models.DateTimeField("depuis le", default=timezone.now)

    class Meta:
        verbose_name = "rappels arrêtés"
        verbose_name_plural = "rappels arrêtés"

    def __str__(self):
        return str(self.user)
