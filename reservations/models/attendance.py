"""The day itself: who came, who did not and says why, how many meals were ordered."""

import pghistory
from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from families.models import Family, Member
from reservations.models.activities import Activity, Session
from reservations.models.bookings import Booking
from services.models import Service


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), model_name="AttendanceEvent")
class Attendance(models.Model):
    """Pointage: whether a member came on a day, as an agent marked it; the last mark counts."""

    class Status(models.TextChoices):
        PRESENT = "present", "Présent"
        ABSENT = "absent", "Absent"
        JUSTIFIED = "justified", "Absent, justifié"

    session = models.ForeignKey(Session, models.PROTECT, related_name="attendances", verbose_name="journée")
    member = models.ForeignKey(Member, models.PROTECT, related_name="attendances", verbose_name="bénéficiaire")
    booking = models.OneToOneField(Booking, models.PROTECT, related_name="attendance", verbose_name="réservation")
    status = models.CharField("présence", max_length=9, choices=Status.choices)
    by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="par")
    at = models.DateTimeField("le", default=timezone.now)

    class Meta:
        verbose_name = "pointage"
        ordering = ["session", "member"]
        constraints = [models.UniqueConstraint(fields=["session", "member"], name="one_attendance_per_day")]

    def __str__(self):
        return f"{self.member} – {self.get_status_display()}"


class AbsenceQuerySet(models.QuerySet):
    def of(self, user):
        """The absences told by a guardian's family."""
        return self.filter(booking__family=user.guardian.family_id)

    def of_agent(self, agent):
        """The absences from the agent's services."""
        return self.filter(booking__session__activity__service__in=Service.objects.of_agent(agent))

    def to_decide(self):
        """Those that wait for an agent; one whose day was closed or cancelled since waits for nobody."""
        return self.filter(status=Absence.Status.PENDING, booking__status=Booking.Status.BOOKED)


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), model_name="AbsenceEvent")
class Absence(models.Model):
    """Absence signalée after the deadline, with its proof; an agent decides whether it is recredited."""

    class Status(models.TextChoices):
        PENDING = "pending", "À décider"
        ACCEPTED = "accepted", "Recréditée"
        REFUSED = "refused", "Non recréditée"

    ARROWS = {Status.PENDING: {Status.ACCEPTED, Status.REFUSED}}

    booking = models.OneToOneField(Booking, models.PROTECT, related_name="absence", verbose_name="réservation")
    by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="signalée par")
    reason = models.CharField("motif", max_length=200)
    proof = models.UUIDField("justificatif", null=True, blank=True, help_text="Sa clé dans le coffre.")
    created_at = models.DateTimeField("signalée le", default=timezone.now)
    status = models.CharField("état", max_length=8, choices=Status.choices, default=Status.PENDING)
    decided_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="décidée par"
    )
    decided_at = models.DateTimeField("décidée le", null=True, blank=True)
    answer = models.CharField("réponse", max_length=200, blank=True)
    objects = AbsenceQuerySet.as_manager()

    class Meta:
        verbose_name = "absence signalée"
        verbose_name_plural = "absences signalées"
        ordering = ["created_at", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(status="pending", decided_at=None) | ~Q(status="pending") & Q(decided_at__isnull=False),
                name="absence_decision_is_dated",
            )
        ]

    def __str__(self):
        return str(self.booking)


class Forgiveness(models.Model):
    """Droit à l’erreur: the one late change of a child and a school year that an activity forgave."""

    activity = models.ForeignKey(Activity, models.PROTECT, related_name="+", verbose_name="activité")
    member = models.ForeignKey(Member, models.PROTECT, related_name="+", verbose_name="bénéficiaire")
    school_year = models.PositiveSmallIntegerField("année scolaire")
    booking = models.OneToOneField(Booking, models.PROTECT, related_name="forgiveness", verbose_name="réservation")
    at = models.DateTimeField("le", default=timezone.now)

    class Meta:
        verbose_name = "droit à l’erreur"
        verbose_name_plural = "droits à l’erreur"
        constraints = [
            models.UniqueConstraint(
                fields=["activity", "member", "school_year"],
                name="one_forgiveness_a_year",
                violation_error_message="Un premier changement tardif a déjà été pardonné cette année.",
            )
        ]

    def __str__(self):
        return str(self.booking)


class Headcount(models.Model):
    """Effectif: what was ordered for a day when its deadline passed; what changed since is shown beside it."""

    session = models.OneToOneField(Session, models.PROTECT, related_name="headcount", verbose_name="journée")
    frozen_at = models.DateTimeField("arrêté le")
    counts = models.JSONField("effectifs")

    class Meta:
        verbose_name = "effectif"
        ordering = ["session"]

    def __str__(self):
        return str(self.session)


class CalendarAddressQuerySet(models.QuerySet):
    def of(self, user):
        return self.filter(family=user.guardian.family_id)

    def served(self):
        """Those of families that may still enter the portal."""
        return self.filter(family__guardians__user__status=User.Status.VALIDATED).distinct()


class CalendarAddress(models.Model):
    """The private iCal address of a family's bookings; a new token makes the old address useless."""

    family = models.OneToOneField(Family, models.CASCADE, related_name="calendar_address")
    token = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(default=timezone.now)
    objects = CalendarAddressQuerySet.as_manager()

    class Meta:
        verbose_name = "adresse d’agenda"

    def __str__(self):
        return str(self.family)
