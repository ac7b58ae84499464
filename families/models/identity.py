"""Changements d’identité: what a family asks to change of a person whom a service let in."""

import pghistory
from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from common.values.dates import date_short
from families import hooks
from families.models.households import Family, Member


class IdentityChangeQuerySet(models.QuerySet):
    def of(self, user):
        """Those that a guardian's family asked for."""
        return self.filter(family__guardians__user=user)

    def of_agent(self, agent):
        """Those of people whom a service of the agent let in: see ``hooks.let_in_by``."""
        if agent.is_superuser:
            return self
        allowed = Q(pk__in=[])
        for members in hooks.let_in_by(agent=agent):
            allowed |= Q(member__in=members)
        return self.filter(allowed)

    def to_decide(self):
        return self.filter(status=IdentityChange.Status.PENDING)


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), model_name="IdentityChangeEvent")
class IdentityChange(models.Model):
    """A new name or birth date, asked for: access, prices and bookings hang on it, so that a service's agent decides.

    Nothing changes before; ``first_name``, ``last_name`` and ``birth_date`` are what is asked, ``old_…`` what it was.
    """

    class Status(models.TextChoices):
        PENDING = "pending", "À décider"
        ACCEPTED = "accepted", "Accepté"
        REFUSED = "refused", "Refusé"

    ARROWS = {Status.PENDING: {Status.ACCEPTED, Status.REFUSED}}

    member = models.ForeignKey(Member, models.CASCADE, related_name="identity_changes", verbose_name="bénéficiaire")
    family = models.ForeignKey(Family, models.PROTECT, related_name="identity_changes", verbose_name="famille")
    by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="demandé par")
    asked_at = models.DateTimeField("demandé le", default=timezone.now)
    old_first_name = models.CharField("ancien prénom", max_length=80)
    old_last_name = models.CharField("ancien nom", max_length=80)
    old_birth_date = models.DateField("ancienne date de naissance")
    first_name = models.CharField("nouveau prénom", max_length=80)
    last_name = models.CharField("nouveau nom", max_length=80)
    birth_date = models.DateField("nouvelle date de naissance")
    status = models.CharField("statut", max_length=10, choices=Status.choices, default=Status.PENDING)
    decided_at = models.DateTimeField("décidé le", null=True, blank=True)
    decided_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="par")
    reason = models.TextField("motif du refus", blank=True)
    objects = IdentityChangeQuerySet.as_manager()

    class Meta:
        verbose_name = "changement d’identité"
        verbose_name_plural = "changements d’identité"
        ordering = ["asked_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["member"],
                condition=Q(status="pending"),
                name="one_identity_change_to_decide",
                violation_error_message="Un changement est déjà demandé pour cette personne.",
            ),
            models.CheckConstraint(
                condition=Q(status="pending", decided_at=None) | ~Q(status="pending") & Q(decided_at__isnull=False),
                name="identity_change_decision_is_dated",
            ),
            models.CheckConstraint(
                condition=~Q(status="refused") | ~Q(reason=""),
                name="identity_change_refusal_has_reason",
                violation_error_message="Un refus a toujours un motif.",
            ),
        ]

    def __str__(self):
        return f"{self.old} → {self.new}"

    @property
    def tone(self) -> str:
        """The colour of its badge."""
        return {self.Status.PENDING: "info", self.Status.ACCEPTED: "ok"}.get(self.status, "danger")

    @property
    def old(self) -> str:
        """« Louane Dupont, 10-05-2018 », as it was when asked."""
        return f"{self.old_first_name} {self.old_last_name}, {date_short(self.old_birth_date)}"

    @property
    def new(self) -> str:
        """The same, as it is asked to be."""
        return f"{self.first_name} {self.last_name}, {date_short(self.birth_date)}"
